"""Calls the command line as a user does, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cementflow as package

# The package that the tests see, wherever they were started from.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(package.__file__).parents[1])}
COMMAND = (sys.executable, "-m", "cementflow")
# One mL into a coarse L3: a run of a second or two.
COARSE = {"geometry.edge_length": "3 mm", "injection.volume": "1 mL", "output.figures": False}


def settings(changes: dict[str, object]) -> list[str]:
    """Changes as --set options."""
    words = []
    for key, value in changes.items():
        words += ["--set", f"{key}={str(value).lower() if isinstance(value, bool) else value}"]
    return words


def cementflow(*words: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one command in a folder and wait for its end."""
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=cwd,
        env=ENVIRONMENT | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )


def refused(done: subprocess.CompletedProcess[str], *fragments: str) -> None:
    """Assert that a command refused its input as promised: status 2, one message that says what, no traceback."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    messages = [line for line in done.stderr.splitlines() if line.startswith("cementflow: ")]
    assert len([m for m in messages if not m.startswith("cementflow: warning: ")]) == 1, done.stderr
    for fragment in fragments:
        assert fragment in done.stderr
