"""N10: normal, dialled back (R7), sunset (R12, R25), let go (R27), per channel and over all.

Nothing presses yet: ``reach`` knows consent and caps alone.
"""
