"""How far a study is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

LINE_EVERY = 10.0  # s


class StudyProgress:
    """Runs done and failed, their rate and the time to go.

    Parameters
    ----------
    title
        Of the study.
    total
        Runs to do.
    stream
        Where to write.
    """

    def __init__(self, title: str, total: int, stream: TextIO | None = None) -> None:
        from tqdm import tqdm

        self._stream = stream or sys.stderr
        self._total, self._done, self._failed = total, 0, 0
        self._started = time.monotonic()
        self._next = self._started + LINE_EVERY
        self._live = self._stream.isatty()
        print(f"{title or 'study'}: {total} runs to do", file=self._stream, flush=True)
        self._bar: Any = tqdm(
            total=total,
            file=self._stream,
            disable=not self._live,
            unit="run",
            smoothing=0.1,
            dynamic_ncols=True,
        )

    def advance(self, failed: bool = False) -> None:
        """One more run is over."""
        self._done += 1
        self._failed += failed
        if self._failed and self._live:
            self._bar.set_postfix_str(f"{self._failed} failed", refresh=False)
        self._bar.update()
        now = time.monotonic()
        if not self._live and (now >= self._next or self._done == self._total):
            self._next = now + LINE_EVERY
            rate = self._done / max(now - self._started, 1e-9)
            left = (self._total - self._done) / rate
            print(
                f"{self._done} of {self._total} runs, {self._failed} failed, {rate * 60:.3g} runs/min, "
                f"{_duration(left)} to go",
                file=self._stream,
                flush=True,
            )

    def close(self) -> None:
        """Leave the bar."""
        self._bar.close()


def _duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
