"""The facts of a profile that a policy names: time zone, cohort, distance to a store. Nothing is kept yet."""
