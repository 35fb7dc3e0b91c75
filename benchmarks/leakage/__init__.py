"""Why thicker cement leaks less, mechanism by mechanism: `python -m benchmarks.leakage`.

Runs the embedded L3 with a tree of veins for cements of 5 to 500 Pa s, with each mechanism alone, with all of them,
with all but one, and a row of uneven bones with thin and thick cement. It writes the tables of `docs/leakage.md`
between their marks and its figure to `docs/images`.
"""
