"""What each mechanism of the cement does in the embedded L3: `python -m benchmarks.mechanisms`.

Runs every law, each mechanism switched off in turn, cement of several ages, and large volumes that get hot, and writes
the tables of `docs/cement.md` between their marks and its figures to `docs/images`.
"""
