"""What holds between the veins of a tree."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from cementflow.case.kinds import INVALID
from cementflow.case.sections import Section
from cementflow.units import close_match

if TYPE_CHECKING:
    from cementflow.case.veins import VeinSpec


def veins(s: Section) -> None:
    """There are veins, they lead somewhere, and nowhere in a circle."""
    tree: tuple[VeinSpec, ...] = s.get("vein") or ()
    if not tree and s.values["vein"] is not INVALID and s.values["preset"] is not INVALID:
        s.problem("vein", "is missing: state [[veins.vein]] or name a preset")
    times = [p.time for p in s.get("pressure_times") or ()]
    if any(a >= b for a, b in pairwise(times)):
        s.problem("pressure_times", "must be in the order of their times")
    if _all_known(s, tree):
        _no_circle(s, tree)
    for vein in tree:
        if vein.into and vein.pressure is not None:
            s.problem(f"vein.{vein.name}.pressure", "is for an end; this vein flows into another one")


def _all_known(s: Section, tree: tuple[VeinSpec, ...]) -> bool:
    names, good = [v.name for v in tree], True
    for vein in tree:
        for other in vein.into:
            if other not in names:
                hint = close_match(other, names) or f"; there are: {', '.join(names)}"
                s.problem(f"vein.{vein.name}.into", f'names "{other}", which is no vein{hint}')
                good = False
    return good


def _no_circle(s: Section, tree: tuple[VeinSpec, ...]) -> None:
    """Veins that begin where one ends begin at one place; from no place does a way lead back to it."""
    place = {v.name: v.name for v in tree}
    for vein in tree:
        joined = {place[other] for other in vein.into}
        place = {name: vein.into[0] if at in joined else at for name, at in place.items()}
    leads_on = {v.name: v for v in tree if v.into}
    while True:
        begun = {place[n] for n in leads_on}
        reached = {place[v.into[0]] for v in leads_on.values()}
        kept = {n: v for n, v in leads_on.items() if place[n] in reached and place[v.into[0]] in begun}
        if len(kept) == len(leads_on):
            break
        leads_on = kept
    if leads_on:
        s.problem("vein", f"flow in a circle: {', '.join(leads_on)}")
