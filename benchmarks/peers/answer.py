"""Prints what a script in Python found, as `cementflow bench --peers` reads it. Needs nothing but Python."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def answer(benchmark: Callable[[int], dict[str, Any]]) -> None:
    """Run a benchmark with the number of cells on the command line and print one line of JSON."""
    cells = int(sys.argv[1])
    try:
        print(json.dumps(benchmark(cells)))
    except ImportError as error:
        print(json.dumps({"missing": str(error)}))
