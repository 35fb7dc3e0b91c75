"""Effects on leakage that were published, and their sign and size here: `python -m benchmarks.effects`.

Runs rows of uneven L3 with and without a lost wall, a cleft, a tumour that closes its veins, and with larger volumes;
it writes the tables of `docs/leakage.md` between their marks.
"""
