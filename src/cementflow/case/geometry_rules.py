"""What holds between the entries of the geometry."""

from __future__ import annotations

from cementflow.case.checks import exactly_one, meaningless, needed
from cementflow.case.kinds import INVALID
from cementflow.case.sections import Section


def geometry(s: Section) -> None:
    """One origin of the mesh, and only entries that mean something for it."""
    origins = ("preset", "mesh", "surface", "labels")
    exactly_one(s, *origins)
    preset = s.get("preset")
    if preset is not None or not any(n in s.explicit for n in origins[1:]):
        meaningless(s, ("units", "axes", "body"), "is for a mesh, a surface or a label image")
        if preset is not None:
            meaningless(s, ("image",), "is for a body from a file; a built-in one has no place in an image")
    elif "labels" in s.explicit:
        meaningless(s, ("units", "axes"), "comes from the image; do not state it")
        needed(s, ("label",), "say which voxels of the image are the bone")
    else:
        s.values["units"] = s.values["units"] or "mm"
        s.values["axes"] = s.values["axes"] or "RAS"
    if s.lacks("labels"):
        meaningless(s, ("label",), "is for a label image; name it in labels")
    _only_for_preset(s, "size", "box")
    _only_for_preset(s, "radius", "ball")
    if "mesh" in s.explicit and not any(n in s.explicit for n in ("preset", "surface", "labels")):
        meaningless(s, ("edge_length",), "cannot be chosen for a mesh, which has its own edges")
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
