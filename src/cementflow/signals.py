"""Ctrl-C and SIGTERM as a question, so that what is at work ends where it can go on from."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any


class Signals:
    """Turns Ctrl-C and SIGTERM into a question that the run asks between its steps; a second Ctrl-C ends at once.

    Parameters
    ----------
    answer
        What to say to the user then.
    """

    def __init__(self, answer: str = "stopping after this step; Ctrl-C once more stops at once") -> None:
        self._answer = answer
        self._asked = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        return self._asked

    def __enter__(self) -> Callable[[], bool]:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _: object) -> None:
        if self._asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._asked = True
        # Not print: a signal may arrive in the middle of one, and buffered streams cannot be entered twice.
        os.write(2, f"\ncementflow: {self._answer}\n".encode())
