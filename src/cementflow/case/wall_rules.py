"""What holds between the entries of defects and compartments."""

from __future__ import annotations

from cementflow.case.checks import meaningless, needed
from cementflow.case.sections import Section
from cementflow.units import close_match

# Compartments that every case has, and the walls that each lies behind.
BEHIND = {
    "canal": ("posterior wall",),
    "disc": ("inferior endplate", "superior endplate"),
    "paravertebral": ("anterior wall", "left wall", "right wall", "arch"),
}
# What each shape needs and what it may have besides.
NEEDS = {
    "disc": ("at", "radius"),
    "ellipse": ("at", "radii"),
    "polygon": ("points",),
    "zone": ("zone",),
    "crack": ("points", "width"),
    "breach": ("at",),
    "track": ("width", "length"),
}
MAY = {
    "disc": ("thickness", "permeability"),
    "ellipse": ("toward", "thickness", "permeability"),
    "polygon": ("thickness", "permeability"),
    "zone": ("within", "thickness", "permeability"),
    "crack": ("thickness",),
    "breach": ("diameter",),
    "track": ("diameter",),
}
CENTERED = ("ball", "ellipsoid", "box", "cylinder")  # shapes of regions that a wall may be lost within
CORNERS = {"polygon": 3, "crack": 2}
# Outer diameters of needles [m], recalled from the gauge of hypodermic tubes; makers differ by 0.1 mm: assumed.
OUTER_DIAMETERS = {8: 4.2e-3, 10: 3.4e-3, 11: 3.0e-3, 13: 2.4e-3}


def defect(s: Section) -> None:
    """A shape has its measures and no others."""
    shape = s.get("shape")
    if shape is None:
        return
    needed(s, NEEDS[shape], f'shape = "{shape}" needs it')
    measures = {name for names in (*NEEDS.values(), *MAY.values()) for name in names}
    other = sorted(measures - {*NEEDS[shape], *MAY[shape]})
    meaningless(s, tuple(other), f'has no meaning for shape = "{shape}"')
    points, least = s.get("points"), CORNERS.get(shape, 0)
    if points is not None and len(points) < least:
        s.problem("points", f"of a {shape} must be at least {least}")


def compartment(s: Section) -> None:
    """A compartment has a name, and lies behind the walls that the name stands for where none are stated."""
    if s.lacks("name"):
        s.values["name"] = s.get("preset")
        if s.lacks("preset"):
            s.problem("name", "is missing: name the compartment or a preset")
    if s.lacks("zones"):
        s.values["zones"] = BEHIND.get(s.get("name") or "", ())


def walls(s: Section) -> None:
    """What defects and compartments of the whole case have to do with each other."""
    compartments, defects = s.get("compartment") or (), s.get("defect") or ()
    taken: dict[str, str] = {}
    for c in compartments:
        for zone in c.zones:
            if zone in taken:
                s.problem(
                    "compartment", f"{c.name} and {taken[zone]} both lie behind the {zone}; state their zones"
                )
            taken[zone] = c.name
    known = {*BEHIND, *(c.name for c in compartments)}
    for d in defects:
        if d.behind is not None and d.behind not in known:
            s.problem(
                "defect", f'{d.name} opens into "{d.behind}", which is none of {", ".join(sorted(known))}'
            )
    _names_differ(s)
    _needle_is_known(s)
    _regions_are_known(s)


def _names_differ(s: Section) -> None:
    outlets = {o.name for o in s.get("outlet") or ()}
    for d in s.get("defect") or ():
        if d.name in outlets:
            s.problem("defect", f'and outlet both have an entry with the name "{d.name}"')


def _regions_are_known(s: Section) -> None:
    """A wall that is lost within a region names one that is a shape around a centre."""
    bone = s.get("bone")
    regions = {r.name: r for r in bone.region if r.name} if bone is not None else {}
    for d in s.get("defect") or ():
        if bone is None or d.within is None:
            continue
        if d.within not in regions:
            hint = close_match(d.within, tuple(regions)) or f"; there are: {', '.join(regions) or 'none'}"
            s.problem("defect", f'{d.name} is within "{d.within}", which is no region of the bone{hint}')
        elif regions[d.within].shape not in CENTERED:
            s.problem("defect", f'{d.name} is within "{d.within}", which is no {", ".join(CENTERED)}')


def _needle_is_known(s: Section) -> None:
    injection = s.get("injection")
    used = (injection.needle or (injection.cannula,))[0] if injection is not None else None
    gauge = used.gauge if used is not None else None
    for d in s.get("defect") or ():
        if d.shape in ("breach", "track") and d.diameter is None and injection is not None and gauge is None:
            s.problem(
                "defect",
                f"{d.name} needs the diameter of the needle: state it, or a needle by gauge",
            )
