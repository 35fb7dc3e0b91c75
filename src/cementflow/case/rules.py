"""What holds between the entries of a section: alternatives, contradictions, and what follows from them."""

from __future__ import annotations

from cementflow.case.kinds import INVALID
from cementflow.case.positions import PLACES
from cementflow.case.sections import Section

# Inner diameters in metres. Recalled from manufacturers' figures, which differ by 0.1 to 0.2 mm: assumed.
GAUGE_DIAMETERS = {8: 3.4e-3, 10: 2.7e-3, 11: 2.4e-3, 13: 1.6e-3}

# Parameters of each viscosity law and what they are if not stated; those with None have to be stated.
_PLATEAUX: dict[str, float | None] = {
    "viscosity_zero": None,
    "viscosity_infinity": 0.0,
    "relaxation_time": None,
    "n": None,
}
_PASTE: dict[str, float | None] = {"K": None, "n": None, "yield_stress": None, "regularisation_time": 100.0}
LAW_PARAMETERS: dict[str, dict[str, float | None]] = {
    "newtonian": {"viscosity": None},
    "power": {"K": None, "n": None},
    "carreau": _PLATEAUX,
    "carreau-yasuda": {**_PLATEAUX, "a": None},
    "cross": _PLATEAUX,
    "herschel-bulkley": _PASTE,
}
ALL_LAW_PARAMETERS = tuple(dict.fromkeys(p for law in LAW_PARAMETERS.values() for p in law))

EVERYWHERE = PLACES[-1]


def geometry(s: Section) -> None:
    """One origin of the mesh, and only entries that mean something for it."""
    _exactly_one(s, "preset", "mesh", "surface")
    preset = s.get("preset")
    from_file = "mesh" in s.explicit or "surface" in s.explicit
    if from_file and preset is None:
        s.values["units"] = s.values["units"] or "mm"
        s.values["axes"] = s.values["axes"] or "RAS"
    else:
        _meaningless(s, ("units", "axes", "body"), "is for a mesh or surface file")
    _only_for_preset(s, "size", "box")
    _only_for_preset(s, "radius", "ball")
    if "mesh" in s.explicit and "surface" not in s.explicit and preset is None:
        _meaningless(s, ("edge_length",), "cannot be chosen for a mesh, which has its own edges")
    elif s.lacks("edge_length"):
        s.values["edge_length"] = 1.2e-3
    _edges_fit(s)


def _only_for_preset(s: Section, name: str, preset: str) -> None:
    if s.values["preset"] is INVALID:
        return
    if s.get("preset") == preset:
        if s.lacks(name):
            s.problem(name, f'is missing: preset = "{preset}" needs it, such as {name} = "30 mm"')
    elif name in s.explicit:
        s.problem(name, f'belongs to preset = "{preset}"')


def _edges_fit(s: Section) -> None:
    size = s.get("size") or ((2 * s.values["radius"],) if s.get("radius") else ())
    edge = s.get("edge_length")
    if edge and size and 4 * edge > min(size) * (1 + 1e-9):
        s.problem("edge_length", "is too long: the body is less than four edges wide")


def body(s: Section) -> None:
    """The corners of the box enclose a volume."""
    low, high = s.get("low"), s.get("high")
    if low and high and any(a >= b for a, b in zip(low, high, strict=True)):
        s.problem("low", "must be below high in every coordinate")


def bone(s: Section) -> None:
    """Porosity and permeability are known; the residual saturations leave room to move."""
    _needed(s, ("porosity", "permeability"), "state it or name a preset")
    residual = (s.get("residual_cement") or 0.0) + (s.get("residual_marrow") or 0.0)
    if residual >= 0.95:
        s.problem("residual_marrow", "and residual_cement leave less than 5 % of the pores to flow in")


def region(s: Section) -> None:
    """A shape with its measures, or a tag; and something that differs from the bone around."""
    _exactly_one(s, "shape", "tag")
    measures = ("center", "radius", "radii")
    if "tag" in s.explicit:
        _meaningless(s, measures, "is for a shape; a tag needs no measures")
    elif "shape" in s.explicit:
        _needed(s, ("center",), "a shape needs it")
        _exactly_one(s, "radius", "radii")
    if s.get("radius"):
        # One home for the measure: from here on only radii counts.
        s.values["radii"], s.values["radius"] = (s.values["radius"],) * 3, None
    radii = s.get("radii")
    if s.get("shape") == "ball" and radii and len(set(radii)) > 1:
        s.problem("radii", 'differ, which makes an "ellipsoid", not a "ball"')
    if s.lacks("porosity") and s.lacks("permeability"):
        s.problem("porosity", "or permeability must be stated, or the region changes nothing")


def marrow(s: Section) -> None:
    """The viscosity is known."""
    _needed(s, ("viscosity",), "state it or name a preset")


def cement(s: Section) -> None:
    """The law has its parameters and no others; the stated viscosity holds at some age."""
    _needed(s, ("law",), "state it or name a preset")
    law = s.get("law")
    if law is not None:
        _law_parameters(s, law)
    if s.lacks("reference_age"):
        s.values["reference_age"] = s.values["age"]
    _ordered(s, "viscosity_infinity", "viscosity_zero")
    for name in ("viscosity", "viscosity_zero"):
        _ordered(s, name, "maximum_viscosity")
    _ordered(s, "shear_rate_min", "shear_rate_max")
    if s.lacks("shear_factor"):
        packed_bed = s.get("shear_rule") == "christopher-middleman"
        s.values["shear_factor"] = (12.0 / 150.0**0.5) if packed_bed else 2.0**0.5


def _law_parameters(s: Section, law: str) -> None:
    wanted = LAW_PARAMETERS[law]
    for name in ALL_LAW_PARAMETERS:
        if name not in wanted:
            if name in s.explicit:
                s.problem(name, f'has no meaning with law = "{law}", which takes {", ".join(wanted)}')
            s.values[name] = None
        elif s.lacks(name):
            s.values[name] = wanted[name]
            if wanted[name] is None:
                s.problem(name, f'is missing: law = "{law}" needs it')
    if law == "cross" and (s.get("n") or 0.0) >= 1.0:
        s.problem("n", 'must be below 1 with law = "cross", whose thinning has the power 1 - n')


def injection(s: Section) -> None:
    """Cement enters by a cannula or from a ball."""
    _exactly_one(s, "cannula", "source")


def cannula(s: Section) -> None:
    """Gauge and inner diameter say the same."""
    gauge, diameter = s.get("gauge"), s.get("inner_diameter")
    if s.lacks("gauge") and s.lacks("inner_diameter"):
        s.problem("gauge", "or inner_diameter must be stated")
    elif s.lacks("inner_diameter"):
        s.values["inner_diameter"] = INVALID if gauge is None else GAUGE_DIAMETERS[gauge]
    elif gauge and diameter and abs(diameter - GAUGE_DIAMETERS[gauge]) > 1e-6 * diameter:
        inside = f"{1e3 * GAUGE_DIAMETERS[gauge]:g} mm"
        s.problem("inner_diameter", f"contradicts gauge = {gauge}, which stands for {inside}; state only one")


def outlet(s: Section) -> None:
    """An open patch, a tube, or the whole surface."""
    shape = ("radius", "diameter", "length")
    if s.get("at") == EVERYWHERE:
        _meaningless(s, (*shape, "viscosity", "permeability"), 'has no meaning for at = "all faces"')
        s.values["type"] = s.values["type"] or "C"
    else:
        _patch_or_tube(s)
        _needed(s, ("type",), 'say which kind of leak this is: "B", "S", "C" or "D"')
    if s.lacks("name"):
        place = s.get("at")
        s.values["name"] = place if isinstance(place, str) else INVALID
        if place is not None and not isinstance(place, str):
            s.problem("name", "is missing: an outlet at a position needs a name")


def _patch_or_tube(s: Section) -> None:
    tube = "diameter" in s.stated or "length" in s.stated
    if "radius" in s.stated and tube:
        s.problem("radius", "(an open patch) and diameter with length (a tube) exclude each other")
    elif not tube:
        _needed(s, ("radius",), "state the radius of an open patch, or diameter and length of a tube")
        _meaningless(s, ("viscosity",), "is for the fluid that stands in a tube; this is an open patch")
    else:
        _needed(s, ("diameter", "length"), "a tube needs diameter and length")
        if s.lacks("viscosity"):
            s.values["viscosity"] = 0.0035


def numerics(s: Section) -> None:
    """The steps have room."""
    _ordered(s, "min_step", "max_step")


def case(s: Section) -> None:
    """What only the whole can show."""
    outlets = s.get("outlet")
    if outlets == () and s.lacks("cortex"):
        s.problem(
            "outlet", "is missing: with a sealed wall nothing can be injected; add [[outlet]] or [cortex]"
        )
    if outlets and s.get("cortex") and any(o.at == EVERYWHERE for o in outlets):
        s.problem("cortex", 'and an outlet with at = "all faces" exclude each other')
    _pressure_can_drive(s)


def _pressure_can_drive(s: Section) -> None:
    outside = [o.pressure for o in s.get("outlet") or ()]
    outside += [s.values["cortex"].pressure] if s.get("cortex") else []
    for name in ("max_pressure", "max_tip_pressure"):
        limit = getattr(s.get("injection"), name, None)
        if limit is not None and outside and limit <= min(outside):
            s.problem(f"injection.{name}", "is not above the pressure at any outlet, so nothing would flow")


def _exactly_one(s: Section, *names: str) -> None:
    given = [n for n in names if n in s.explicit]
    if len(given) > 1:
        s.problem(given[0], f"and {' and '.join(s.path(n) for n in given[1:])} exclude each other; state one")
    elif not given:
        s.reading.problems.append(f"{s.key or 'the case'} needs one of {', '.join(names)}")


def _needed(s: Section, names: tuple[str, ...], hint: str) -> None:
    for name in names:
        if s.lacks(name):
            s.problem(name, f"is missing: {hint}")


def _meaningless(s: Section, names: tuple[str, ...], why: str) -> None:
    for name in names:
        if name in s.explicit:
            s.problem(name, why)
        s.values[name] = None


def _ordered(s: Section, low: str, high: str) -> None:
    a, b = s.get(low), s.get(high)
    if a is not None and b is not None and a > b:
        s.problem(low, f"must not be above {high}")
