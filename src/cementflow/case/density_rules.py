"""What holds between the entries of a density map, and between it and the rest of a case."""

from __future__ import annotations

import dataclasses

from cementflow.case.checks import meaningless, needed
from cementflow.case.sections import Section

# Mineral in a volume of solid bone [kg/m3], assumed: as peripheral tomography takes it (Laib et al. 1998, recalled).
SOLID_BONE = 1200.0
# Trabeculae as Kozeny and Carman's law takes them; assumed, as the entries say.
TRABECULAE = {"trabecular_thickness": 0.15e-3, "trabeculae": "rods", "largest_permeability": 5e-8}
# Permeability along ap and lr relative to si: Baroud et al. 2004, lr assumed alike.
ACROSS = 0.78


def density_map(s: Section) -> None:
    """Each calibration and each law has its own numbers, and no others."""
    calibration, law = s.get("calibration"), s.get("law")
    if calibration == "mg/cm3":
        s.values["tissue_density"] = SOLID_BONE if s.lacks("tissue_density") else s.values["tissue_density"]
    elif calibration is not None:
        meaningless(s, ("tissue_density",), 'is for calibration = "mg/cm3"')
    if calibration == "linear":
        needed(s, ("slope", "offset"), 'calibration = "linear" needs both')
    elif calibration is not None:
        meaningless(s, ("slope", "offset"), 'is for calibration = "linear"')
    if law == "kozeny-carman":
        for name, value in TRABECULAE.items():
            s.values[name] = value if s.lacks(name) else s.values[name]
    elif law is not None:
        meaningless(s, tuple(TRABECULAE), 'is for law = "kozeny-carman"')


def bone(s: Section) -> None:
    """Porosity and permeability are stated, or they come from the image; of a stated permeability the ratios stay."""
    if s.lacks("density_map"):
        needed(s, ("porosity", "permeability"), "state it or name a preset")
        return
    meaningless(
        s, ("porosity",), "and bone.density_map exclude each other: the image says how dense the bone is"
    )
    found, stated = s.get("density_map"), s.get("permeability")
    if found is not None and found.anisotropy is not None and "permeability" in s.explicit:
        s.problem(
            "permeability",
            "and bone.density_map.anisotropy state the same, the ratios of the axes; state one",
        )
    elif found is not None and found.anisotropy is None:
        from cementflow.case.density import AnisotropySpec  # whose rules are in this module

        ratios = (stated.ap / stated.si, stated.lr / stated.si) if stated is not None else (ACROSS, ACROSS)
        across = AnisotropySpec(ap=ratios[0], lr=ratios[1])
        s.values["density_map"] = dataclasses.replace(found, anisotropy=across)
    s.values["permeability"] = None


def image_there(s: Section) -> None:
    """A density map has an image to read."""
    geometry, found = s.get("geometry"), s.get("bone")
    if (
        geometry is not None
        and found is not None
        and found.density_map is not None
        and geometry.image is None
    ):
        s.problem("geometry.image", "is missing: bone.density_map reads the density from it")
