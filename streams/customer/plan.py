"""The paid plan of a customer, for D11, R21 and R22. Nothing is kept yet."""
