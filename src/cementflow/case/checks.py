"""What rules of sections are made of."""

from __future__ import annotations

from cementflow.case.sections import Section


def exactly_one(s: Section, *names: str) -> None:
    """One of the entries is stated, and only one."""
    given = [n for n in names if n in s.explicit]
    if len(given) > 1:
        s.problem(given[0], f"and {' and '.join(s.path(n) for n in given[1:])} exclude each other; state one")
    elif not given:
        s.reading.problems.append(f"{s.key or 'the case'} needs one of {', '.join(names)}")


def needed(s: Section, names: tuple[str, ...], hint: str) -> None:
    """Each of the entries is there."""
    for name in names:
        if s.lacks(name):
            s.problem(name, f"is missing: {hint}")


def meaningless(s: Section, names: tuple[str, ...], why: str) -> None:
    """None of the entries was stated; what a preset or a default says is dropped."""
    for name in names:
        if name in s.explicit:
            s.problem(name, why)
        s.values[name] = None


def ordered(s: Section, low: str, high: str) -> None:
    """The first entry is not above the second."""
    a, b = s.get(low), s.get(high)
    if a is not None and b is not None and a > b:
        s.problem(low, f"must not be above {high}")
