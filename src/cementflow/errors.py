"""Every error a user can meet; the command line turns them into one message and an exit status."""

from __future__ import annotations

from collections.abc import Iterable


class CementflowError(Exception):
    """Base of all errors raised on purpose; `exit_status` is what the command line returns."""

    exit_status = 3


class InputError(CementflowError):
    """Something the user stated cannot be used.

    Parameters
    ----------
    problems
        One sentence each; all of them are shown at once.
    source
        The file (or other origin) that the problems are in.
    """

    exit_status = 2

    def __init__(self, problems: str | Iterable[str], source: str | None = None) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        self.source = source
        head = f"{source}: " if source else ""
        if len(self.problems) == 1:
            text = head + self.problems[0]
        else:
            text = f"{head}{len(self.problems)} problems\n" + "\n".join(f"  - {p}" for p in self.problems)
        super().__init__(text)


class CaseError(InputError):
    """A case file or a value in it is wrong."""


class MeshError(InputError):
    """A mesh or surface cannot be read or is not usable."""


class RunFailed(CementflowError):
    """The simulation could not go on; everything accepted so far has been kept.

    Parameters
    ----------
    what
        What happened.
    time
        Simulated time [s].
    hint
        What the user can try.
    """

    def __init__(self, what: str, time: float, hint: str = "") -> None:
        self.what, self.time, self.hint = what, time, hint
        super().__init__(f"run failed at t = {time:.4g} s: {what}" + (f"\n  hint: {hint}" if hint else ""))
