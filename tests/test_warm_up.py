"""Kernels are compiled once: one signature each, in two processes where there is something to compile."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cementflow import compile_ahead

MANY_SIGNATURES = """
import sys
for name, module in list(sys.modules.items()):
    for kernel in vars(module).values() if name.startswith("cementflow.") else ():
        if len(getattr(kernel, "signatures", ())) > 1:
            print(kernel.py_func.__name__, *kernel.signatures, sep="\\n  ")
"""
EXAMPLES = "from cementflow.flow.example import pressure_example, transport_example; pressure_example()\n"
RUN = "transport_example(); from cementflow.warm_up import warm_up; warm_up({heat}, {veins})\n"
STARTED = """
from cementflow import compile_ahead
started = []
compile_ahead._CODE = ""
start = compile_ahead._start
compile_ahead._start = lambda: started.append(start()) or started[-1]
for _ in range(2):
    with compile_ahead.second_process():
        pass
print(len(started))
"""

ONE_EDGE = """
import numpy as np
from cementflow.fem import updates
none, one, edge = np.zeros(0, np.uint32), np.ones(2), np.array([[0, 1]], np.uint32)
empty = np.zeros((0, 6))
print(updates.edge_conductances(
    np.zeros(1, np.uint32), none, empty.astype(np.uint32), edge, np.ones(1), np.zeros((0, 4), np.uint32), empty, none,
    one, 0 * one, one, one,
)[0], sum(updates.edge_conductances.stats.cache_misses.values()))
"""


def _python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(("heat", "veins"), [(False, False), (True, True)])
def test_examples_and_runs_ask_for_the_same_signatures(heat: bool, veins: bool) -> None:
    """Else the second process would compile what nobody asks for."""
    assert _python(EXAMPLES + RUN.format(heat=heat, veins=veins) + MANY_SIGNATURES) == ""


def test_what_kernels_call_is_compiled_once(tmp_path: Path) -> None:
    """With nothing in the cache, as what is found there does not ask for what it calls."""
    assert _python(EXAMPLES + MANY_SIGNATURES, NUMBA_CACHE_DIR=str(tmp_path)) == ""


def test_a_second_process_is_started_once_and_only_where_there_is_something_to_compile(
    tmp_path: Path,
) -> None:
    empty = str(tmp_path / "kernels")
    assert _python(STARTED, NUMBA_CACHE_DIR=empty) == "1"
    assert _python(STARTED, NUMBA_CACHE_DIR=empty) == "0"
    assert _python(STARTED, NUMBA_CACHE_DIR=str(tmp_path / "none"), NUMBA_DISABLE_JIT="1") == "0"


def test_the_second_process_ends_with_the_first_task(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = compile_ahead._start

    def remembered() -> subprocess.Popen[bytes]:
        started.append(start())
        return started[-1]

    monkeypatch.setattr(compile_ahead, "_something_to_compile", lambda: True)
    monkeypatch.setattr(compile_ahead, "_CODE", "import time; time.sleep(60)")
    monkeypatch.setattr(compile_ahead, "_start", remembered)
    with pytest.raises(KeyboardInterrupt), compile_ahead.second_process() as there:
        assert there and started[0].poll() is None
        raise KeyboardInterrupt
    assert started[0].poll() is not None


def test_a_second_process_that_does_not_start_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compile_ahead, "_something_to_compile", lambda: True)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with compile_ahead.second_process() as there:
        assert not there


def test_a_kernel_is_compiled_anew_when_one_that_it_calls_changes(tmp_path: Path) -> None:
    """Numba alone looks at the file of each kernel only, and goes on with what it has compiled into it."""
    copied = tmp_path / "cementflow"
    shutil.copytree(
        Path(compile_ahead.__file__).parent, copied, ignore=shutil.ignore_patterns("__pycache__", "*.nb?")
    )

    def run() -> list[str]:
        return _python(ONE_EDGE, PYTHONPATH=str(tmp_path), NUMBA_CACHE_DIR=str(tmp_path / "cache")).split()

    assert run() == ["1.0", "1"]
    called = copied / "fem/kernels.py"
    text = called.read_text(encoding="utf-8")
    called.write_text(text.replace("2.0 * cement /", "6.0 * cement /"), encoding="utf-8")
    assert run() == ["3.0", "1"]
    assert run() == ["3.0", "0"]
