"""What holds between the entries of a section: alternatives, contradictions, and what follows from them."""

from __future__ import annotations

from itertools import pairwise

from cementflow.case import density_rules, stage_rules
from cementflow.case.checks import exactly_one, meaningless, needed, ordered
from cementflow.case.imaging import ImagingSpec
from cementflow.case.kinds import INVALID
from cementflow.case.positions import PLACES
from cementflow.case.sections import Section
from cementflow.case.wall_rules import walls

# Inner diameters in metres. Recalled from manufacturers' figures, which differ by 0.1 to 0.2 mm: assumed.
GAUGE_DIAMETERS = {8: 3.4e-3, 10: 2.7e-3, 11: 2.4e-3, 13: 1.6e-3}

EVERYWHERE = PLACES[-1]


def bone(s: Section) -> None:
    """Porosity and permeability are known, or an image says them; the residual saturations leave room to move."""
    density_rules.bone(s)
    residual = (s.get("residual_cement") or 0.0) + (s.get("residual_marrow") or 0.0)
    if residual >= 0.95:
        s.problem("residual_marrow", "and residual_cement leave less than 5 % of the pores to flow in")


def region(s: Section) -> None:
    """A shape with its measures, a tag or a label; and something that differs from the bone around."""
    exactly_one(s, "shape", "tag", "labels")
    measures = ("center", "radius", "radii", "points", "rim")
    if "tag" in s.explicit:
        meaningless(s, measures, "is for a shape; a tag needs no measures")
    elif "labels" in s.explicit:
        meaningless(s, measures, "is for a shape; a label needs no measures")
        needed(s, ("label",), "say which voxels of the image are the region")
    elif "shape" in s.explicit:
        _measures(s)
    if s.lacks("labels"):
        meaningless(s, ("label",), "is for an image; name it in labels")
    if s.get("radius"):
        # One home for the measure: from here on only radii counts.
        s.values["radii"], s.values["radius"] = (s.values["radius"],) * 3, None
    radii, shape = s.get("radii"), s.get("shape")
    if shape in ("ball", "capsule", "tract") and radii and len(set(radii)) > 1:
        s.problem("radii", f'differ, which a "{shape}" cannot have')
    if s.lacks("rim"):
        meaningless(s, ("rim_porosity", "rim_permeability"), "is for a rim")
    else:
        s.values["rim_porosity"] = 0.6 if s.lacks("rim_porosity") else s.values["rim_porosity"]
        s.values["rim_permeability"] = 1e-10 if s.lacks("rim_permeability") else s.values["rim_permeability"]
    changes = ("porosity", "permeability", "marrow_viscosity", "rim")
    if all(s.lacks(name) for name in changes) and not s.get("closes_veins"):
        s.problem("porosity", "or permeability must be stated, or the region changes nothing")


def _measures(s: Section) -> None:
    shape = s.get("shape")
    if shape in ("capsule", "slab"):
        meaningless(s, ("center",), f"is not for a {shape}, which has points")
        needed(s, ("points",), f"a {shape} needs two")
    elif shape == "tract":
        meaningless(s, ("center", "points"), "is not for a tract, which lies along the needle")
    else:
        meaningless(s, ("points",), "is for a capsule or a slab")
        if shape not in ("ball", "ellipsoid"):
            needed(
                s, ("center",), "a shape needs it, but for a ball or an ellipsoid at the tip of the needle"
            )
    if shape == "slab":
        meaningless(s, ("radius", "radii"), "is not for a slab")
    else:
        exactly_one(s, "radius", "radii")


def marrow(s: Section) -> None:
    """The viscosity is known; a marrow that thins under shear has all that Carreau's law needs."""
    needed(s, ("viscosity",), "state it or name a preset")
    thins = any(not s.lacks(name) for name in ("n", "relaxation_time"))
    if thins:
        needed(s, ("n", "relaxation_time"), "marrow that thins under shear needs both")
        if s.lacks("viscosity_infinity"):
            s.values["viscosity_infinity"] = 0.0
    else:
        meaningless(s, ("viscosity_infinity",), "needs n and relaxation_time, without which nothing thins")
    ordered(s, "viscosity_infinity", "viscosity")
    ordered(s, "viscosity", "maximum_viscosity")


def injection(s: Section) -> None:
    """Something drives; cement enters by a cannula, needles or from a ball; batches come before the volume is in."""
    exactly_one(s, "cannula", "needle", "source")
    stage_rules.protocol(s)
    drives = ("flow_rate", "max_pressure", "max_tip_pressure", "plunger")
    if all(s.lacks(name) for name in drives) and not stage_rules.all_driven(s):
        s.problem(
            "flow_rate",
            "is missing: state it, or what drives without it: max_pressure, max_tip_pressure or plunger",
        )
    _batches(s)


def _batches(s: Section) -> None:
    """They come in their order, before the volume is in, and are mixed by then; only a stage waits for its batch."""
    batches, rate = s.get("batch") or (), s.get("flow_rate")
    starts = [b.after for b in batches]
    if any(a >= b for a, b in pairwise(starts)):
        s.problem("batch", "must be in the order in which they are injected, by rising after")
    if starts and s.get("volume") and max(starts) >= s.values["volume"]:
        s.problem("batch", "begins when the whole volume is in: after must be below injection.volume")
    for i, batch in enumerate(() if s.get("stage") else batches):
        soonest = batch.after / rate if rate else 0.0
        if batch.mixed > soonest * (1.0 + 1e-9):
            when = (
                f"{soonest:.4g} s after the start"
                if rate
                else "at a time that is not known without flow_rate"
            )
            s.problem(
                f"batch.{i}.mixed",
                f"is too late: the syringe is changed {when}; a stage with a batch waits until that is mixed",
            )


def cannula(s: Section) -> None:
    """Gauge and inner diameter say the same; a part next to the syringe fits; the opening has its direction."""
    _opening(s)
    proximal = [name for name in ("proximal_diameter", "proximal_length") if not s.lacks(name)]
    if proximal:
        needed(s, ("proximal_diameter", "proximal_length"), "the part next to the syringe needs both")
    length, part = s.get("length"), s.get("proximal_length")
    if length and part and part >= length:
        s.problem("proximal_length", "must be below the length of the whole needle")
    gauge, diameter = s.get("gauge"), s.get("inner_diameter")
    if s.lacks("gauge") and s.lacks("inner_diameter"):
        s.problem("gauge", "or inner_diameter must be stated")
    elif s.lacks("inner_diameter"):
        s.values["inner_diameter"] = INVALID if gauge is None else GAUGE_DIAMETERS[gauge]
    elif gauge and diameter and abs(diameter - GAUGE_DIAMETERS[gauge]) > 1e-6 * diameter:
        inside = f"{1e3 * GAUGE_DIAMETERS[gauge]:g} mm"
        s.problem("inner_diameter", f"contradicts gauge = {gauge}, which stands for {inside}; state only one")


def _opening(s: Section) -> None:
    """The ball around the tip needs no direction, a side opening cannot do without."""
    opening = s.get("opening")
    if opening == "around":
        meaningless(s, ("direction",), 'has no meaning with opening = "around"; state "front" or "side"')
    elif opening == "side":
        needed(s, ("direction",), "say where the window of the side opening looks")


def plunger(s: Section) -> None:
    """The force is more than the friction."""
    force, friction = s.get("force"), s.get("friction")
    if force is not None and friction is not None and force <= friction:
        s.problem("force", "does not overcome the friction, so nothing would flow")


def outlet(s: Section) -> None:
    """An open patch, a tube, or the whole surface."""
    shape = ("radius", "diameter", "length")
    if s.get("at") == EVERYWHERE:
        meaningless(s, (*shape, "viscosity", "permeability"), 'has no meaning for at = "all faces"')
        s.values["type"] = s.values["type"] or "C"
    else:
        _patch_or_tube(s)
        needed(s, ("type",), 'say which kind of leak this is: "B", "S", "C" or "D"')
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
        needed(s, ("radius",), "state the radius of an open patch, or diameter and length of a tube")
        meaningless(s, ("viscosity",), "is for the fluid that stands in a tube; this is an open patch")
    else:
        needed(s, ("diameter", "length"), "a tube needs diameter and length")
        if s.lacks("viscosity"):
            s.values["viscosity"] = 0.0035


def numerics(s: Section) -> None:
    """The steps have room."""
    ordered(s, "min_step", "max_step")


def case(s: Section) -> None:
    """What only the whole can show."""
    outlets = s.get("outlet")
    if outlets == () and s.get("defect") == () and s.lacks("cortex") and s.lacks("veins"):
        s.problem(
            "outlet",
            "is missing: with a sealed wall nothing can be injected; add [[outlet]], [veins] or [cortex]",
        )
    for name in ("cortex", "defect"):
        if outlets and s.get(name) and any(o.at == EVERYWHERE for o in outlets):
            s.problem(name, 'and an outlet with at = "all faces" exclude each other')
    veins, taken = s.get("veins"), {o.name for o in (*(outlets or ()), *(s.get("defect") or ()))}
    for name in sorted({v.name for v in veins.vein} & taken if veins else ()):
        s.problem(f"veins.vein.{name}", "has the name of an outlet")
    walls(s)
    density_rules.image_there(s)
    _leak_can_be_seen(s)
    _pressure_can_drive(s)
    _cement_can_set(s)
    stage_rules.leaks(s)


def _leak_can_be_seen(s: Section) -> None:
    """Who stops at what they see has to look."""
    stop = s.get("stop")
    if ((stop and stop.seen is not None) or stage_rules.looks(s)) and s.lacks("imaging"):
        s.values["imaging"] = ImagingSpec()


def _cement_can_set(s: Section) -> None:
    stop, cement, around = s.get("stop"), s.get("cement"), s.get("surroundings")
    if stop and cement and around and stop.until in ("set", "cool"):
        cure, warmest = cement.cure, max(cement.temperature, around.temperature)
        if cure.limit_offset + cure.limit_slope * warmest <= cure.set_at:
            s.problem("stop.until", "is never reached: cement.cure.set_at is above the limit of the cure")


def _pressure_can_drive(s: Section) -> None:
    outside = [o.pressure for o in s.get("outlet") or ()]
    outside += [s.values[name].pressure for name in ("cortex", "veins") if s.get(name)]
    usual = min([1e3, *(c.pressure for c in s.get("compartment") or ())])
    outside += [usual if d.pressure is None else d.pressure for d in s.get("defect") or ()]
    stated = s.get("injection")
    driven = {f"stage.{g.name}.": g for g in stated.stage} if stated else {}
    limits = {
        f"{key}{name}": getattr(one, name, None)
        for key, one in {"": stated, **driven}.items()
        for name in ("max_pressure", "max_tip_pressure")
    }
    hand = getattr(stated, "plunger", None)
    if hand is not None:
        limits["plunger.force"] = hand.pressure
    for name, limit in limits.items():
        if limit is not None and outside and limit <= min(outside):
            s.problem(f"injection.{name}", "is not above the pressure at any outlet, so nothing would flow")
