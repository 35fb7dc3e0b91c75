"""Kernels are compiled once: one signature each, in two processes where there is something to compile."""

from __future__ import annotations

import os
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
