"""`python -m benchmarks.effects`, from the top of a checkout with the package installed."""

from __future__ import annotations

from benchmarks.effects import tables, variants
from benchmarks.leakage.run import DOCUMENT, options, outcomes
from cementflow.bench.section import put_tables

ALL_IN = "volume injected"  # reason of a run that took all of its cement
MARK = "<!-- begin: python -m benchmarks.effects -->"


def main() -> int:
    """Run all bodies and write the tables."""
    chosen = options("python -m benchmarks.effects", __doc__, ())
    found = outcomes({"effects": variants.rows()}, chosen.jobs, chosen.keep)["effects"]
    short = sorted({o.name for row in found.values() for o in row if o.reason != ALL_IN})
    if short:
        raise SystemExit(f"not all of the cement went into {', '.join(short)}; nothing was written")
    sections = [tables.effects(found), tables.bodies(found)]
    print("\n".join(s.text() for s in sections))
    put_tables(DOCUMENT, "\n".join(s.markdown() for s in sections), begin=MARK)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
