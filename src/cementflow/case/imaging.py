"""How the injection is watched: pictures on the screen during it, a radiograph and a tomography after it."""

from __future__ import annotations

from dataclasses import dataclass

from cementflow.case.fields import entry
from cementflow.case.kinds import Number, Quantity

_COUNTED = "times 3e4 photons in mm2 and uGy (RQA5 of IEC 62220-1, recalled) and 0.6 of them counted"


@dataclass(frozen=True, kw_only=True)
class ImagingSpec:
    """Whether cement outside the bone would be seen, from in front (AP) and from the side (lateral).

    Stated, also empty, it makes a run follow when each leak can be seen on the fluoroscopy. Without it only the end is
    judged, by the defaults.
    """

    fluoroscopy_photons: float = entry(
        Number(1.0, 1e9),
        "photons that fluoroscopy counts in a mm2 behind soft tissue, over the time in which the eye adds up",
        1000.0,
        source=f"assumed: 0.3 uGy/s over 0.2 s, {_COUNTED}",
    )
    radiograph_photons: float = entry(
        Number(1.0, 1e9),
        "photons that a radiograph counts in a mm2 behind soft tissue",
        45_000.0,
        source=f"assumed: 2.5 uGy of a system of speed 400, {_COUNTED}",
    )
    scatter: float = entry(
        Number(0.0, 20.0),
        "scattered photons for each other one behind soft tissue",
        1.0,
        source="assumed: of the order of one behind an anti-scatter grid",
    )
    bone_texture: float = entry(
        Number(0.0, 1.0),
        "unevenness of the bone in the beam, as a share of its optical depth",
        0.05,
        source="assumed; no measurement found",
    )
    cloud_texture: float = entry(
        Number(0.0, 1.0),
        "unevenness of the cement inside the bone, as a share of its optical depth",
        0.13,
        source="assumed: two surfaces that each stray by 1.53 mm (between real and computed ones in nine bodies, "
        "Widmer Soyka et al. 2013) on a cloud of some 17 mm",
    )
    grain: float = entry(
        Quantity("length", "0.1 mm", "50 mm"),
        "size of that unevenness in the picture",
        "5 mm",
        source="assumed: of the order of leaks, so that it looks like one",
    )
    threshold: float = entry(
        Number(0.1, 100.0),
        "ratio of signal to noise from which something is seen",
        5.0,
        source="assumed: Rose's criterion",
    )
    ct_voxel: float = entry(
        Quantity("length", "0.05 mm", "10 mm"),
        "side of a voxel of the tomography",
        "1 mm",
        source="assumed: 0.5 mm in the slice, slices of 2 to 3 mm",
    )
    ct_noise: float = entry(
        Number(0.1, 1000.0),
        "noise of the tomography in even tissue [HU]",
        20.0,
        source="assumed: of the order of 10 to 30 HU",
    )
    delay: float = entry(
        Quantity("time", "0 s", "10 min"),
        "from when something could be seen to when the operator stops: detector, screen and reaction",
        "1.5 s",
        source="assumed: some 0.5 s of detector and screen and 1 s of reaction",
    )
