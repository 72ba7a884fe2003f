"""R14, R16, R17, R20: whether the customer may be asked to opt in (again). No gate is built yet."""
