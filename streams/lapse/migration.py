"""R10, N9: a stop on one surface that a start or a rise on another explains (mission.md 5, ``migration``).

Nothing is explained here yet: ``silence`` opens every surface's stop.
"""
