"""What is wrong or doubtful about a series before it is run."""

from __future__ import annotations

from cementflow.check import Finding, check
from cementflow.series.read import Series

ORDER = ("error", "warning", "note")


def check_series(series: Series) -> list[Finding]:
    """Findings about each level, and about what-ifs where they are others than those of the level; the worst first."""
    found = []
    for i, level in enumerate(series.levels):
        own = check(level.case)
        known = {f.text for f in own}
        found += [Finding(f.level, f"{level.name}: {f.text}") for f in own]
        for what_if in series.what_ifs:
            others = [f for f in check(what_if.cases[i]) if f.level != "note" and f.text not in known]
            found += [Finding(f.level, f"{what_if.name}, {level.name}: {f.text}") for f in others]
    return sorted(found, key=lambda f: ORDER.index(f.level))
