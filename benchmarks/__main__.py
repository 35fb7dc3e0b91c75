"""`python -m benchmarks` is `cementflow bench`, for a checkout with the package installed."""

from __future__ import annotations

import sys

from cementflow.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["bench", *sys.argv[1:]]))
