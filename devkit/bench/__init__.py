"""Measures, on the machine at hand: `python -m devkit.bench NAME`, or `make bench ARGS=NAME`.

Each benchmark is a module with a function `run(options) -> Result`, named in `__main__.py`. What it found
goes to a JSON file and, as a table, to the terminal; `docs/measurements.md` keeps what was found when.
Contenders are compared within one run, since a machine is never twice the same, by the CPU time of their
processes, since wall time is everybody's; and only after their results were found equal.

Nothing here is a test: a number that must hold on every machine would hold on none.
"""
