"""An ablation as a case states it, and what it leaves behind for the cement."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.ablation.course import Control, Treated, Watch, treat
from cementflow.ablation.electrode import Electrode, heating, place_electrode
from cementflow.ablation.lesion import Lesion, above, lesion
from cementflow.ablation.network import Network, build_network, tissue_kinds
from cementflow.bone import BoneFields
from cementflow.case import AblationSpec, Case, InjectionSpec
from cementflow.errors import CaseError, RunFailed
from cementflow.fem.control_volumes import ControlVolumes
from cementflow.flow.heat import HeatStalled, HeatVolumes
from cementflow.laws.harm import BONE_DAMAGE, BONE_DOSE
from cementflow.laws.thermal import ZERO_CELSIUS
from cementflow.materials import tissue
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.mesh.geometry import Geometry
from cementflow.mesh.zones import SurfaceZones, surface_zones
from cementflow.sites.locate import locate
from cementflow.sites.needle_line import needle_lines
from cementflow.sites.veins import VeinTree

Floats = NDArray[np.float64]
ISOTHERMS = (50.0, 60.0)  # degC
CANAL_DEPTH = 2e-3  # m behind the posterior wall: where the temperature of the canal is told; assumed
NO_DOSE = 1e-6  # min: as good as none
CANAL = 1  # number of its tissue


@dataclass(frozen=True, eq=False)
class Ablation:
    """An ablation and what it did.

    Parameters
    ----------
    spec
        As stated.
    body
        Temperature of the body [K].
    zones, electrode, network, treated
        Where and in what it was, and how it went.
    """

    spec: AblationSpec
    body: float
    zones: SurfaceZones
    electrode: Electrode
    network: Network
    treated: Treated

    @property
    def excess(self) -> Floats:
        """Temperature of the vertices above that of the body when the injection begins [K]."""
        return self.treated.excess[: self.network.n]

    @property
    def vessels(self) -> Floats:
        """Share of the vessels at the vertices that are still open [-]: of the cells that live."""
        return np.exp(-np.minimum(self.treated.harm.damage[: self.network.n], 700.0))

    @cached_property
    def lesions(self) -> dict[str, Lesion]:
        """Lesion in the bone by each measure."""
        n, harm = self.network.n, self.treated.harm
        fields = {f"{level:g} degC": (harm.peak, level + ZERO_CELSIUS) for level in ISOTHERMS}
        fields |= {"damage of 1": (np.log(harm.damage + 1e-30), np.log(BONE_DAMAGE))}
        fields |= {"dose of 240 min": (np.log(harm.dose + 1e-30), np.log(BONE_DOSE))}
        mesh, axis = self.zones.mesh, self.electrode.axis
        return {name: lesion(mesh, values[:n], level, axis) for name, (values, level) in fields.items()}

    @cached_property
    def beyond(self) -> float:
        """Volume of tissue outside the bone that was above the lower isotherm [m3]."""
        volume = self.network.shell.volume.ravel()
        surface = self.treated.harm.peak[self.network.shell.vertices]
        peak = np.concatenate([surface, self.treated.harm.peak[self.network.n :]])
        return float(volume[peak > ISOTHERMS[0] + ZERO_CELSIUS].sum())

    @cached_property
    def behind(self) -> tuple[float, float]:
        """Highest temperature [K] and dose [min] in the canal, `CANAL_DEPTH` behind the wall; NaN without a canal."""
        shell, harm = self.network.shell, self.treated.harm
        columns = np.flatnonzero(tissue_kinds(self.zones) == CANAL)
        if not len(columns):
            return np.nan, np.nan
        layer = int(np.searchsorted(shell.depth, CANAL_DEPTH))
        part = (CANAL_DEPTH - shell.depth[layer - 1]) / (shell.depth[layer] - shell.depth[layer - 1])
        low, high = (self._of_layer(number)[columns] for number in (layer - 1, layer))
        peak = (1.0 - part) * harm.peak[low] + part * harm.peak[high]
        # A dose falls by powers of two with the temperature: in between it is even in its logarithm.
        doses = (np.log(np.maximum(harm.dose[at], NO_DOSE)) for at in (low, high))
        dose = np.exp(sum(w * x for w, x in zip((1.0 - part, part), doses, strict=True))) - NO_DOSE
        return float(peak.max()), max(float(dose.max()), 0.0)

    def after(self, bone: BoneFields, marrow: float) -> BoneFields:
        """The bone with coagulated marrow, where that of the case has a viscosity [Pa s]."""
        share = self.coagulated
        coagulum = np.log(self.spec.marrow_viscosity / marrow)
        return replace(bone, marrow=np.exp((1.0 - share) * np.log(bone.marrow) + share * coagulum))

    def closed(self, tree: VeinTree) -> tuple[VeinTree, dict[str, float]]:
        """The tree without its links to coagulated bone, and which share of the exchange of each vein that was."""
        shut = self.treated.harm.peak[tree.link_vertex] > self.spec.coagulated_at
        shares = {}
        for number, name in enumerate(tree.names):
            own = tree.link_vein == number
            whole = float(tree.link_index[own].sum())
            shares[name] = float(tree.link_index[own & shut].sum()) / whole if whole > 0.0 else 0.0
        links = (field.name for field in fields(tree) if field.name.startswith("link_"))
        return replace(tree, **{key: getattr(tree, key)[~shut] for key in links}), shares

    @cached_property
    def coagulated(self) -> Floats:
        """Share of each tetrahedron whose marrow has coagulated [-]."""
        return above(self.zones.mesh, self.treated.harm.peak[: self.network.n], self.spec.coagulated_at)

    def _of_layer(self, number: int) -> NDArray[np.int64]:
        """Nodes of a layer; 0 is the surface."""
        shell = self.network.shell
        if number == 0:
            return shell.vertices
        nodes = self.network.layer(number)
        return np.arange(nodes.start, nodes.stop)


def ablate(case: Case, geometry: Geometry, volumes: ControlVolumes) -> Ablation:
    """Do what a case with `[ablation]` asks for.

    Raises
    ------
    CaseError
        If the electrode misses the bone.
    RunFailed
        If a field is not found.
    """
    spec = case.ablation
    assert spec is not None
    electrode = electrode_of(spec, case.injection, geometry)
    zones, body = surface_zones(geometry.mesh, geometry.frame), case.surroundings.temperature
    of = HeatVolumes.build(volumes, tissue(case))
    network = build_network(of, zones, spec)
    conductivity = of.tissue.conductivity(of.porosity, np.zeros(volumes.n))
    control = Control(
        duration=spec.duration,
        wait=spec.wait,
        target=spec.temperature - body,
        max_power=spec.max_power,
        at_tip=spec.control == "tip",
    )
    watch = Watch(
        levels=tuple(level + ZERO_CELSIUS - body for level in ISOTHERMS),
        groups=(zones.inside("posterior wall"),),
    )
    try:
        treated = treat(network, heating(electrode, network, conductivity), control, body, watch)
    except HeatStalled:
        raise RunFailed("potential or temperatures of the ablation were not found", 0.0, "") from None
    return Ablation(spec, body, zones, electrode, network, treated)


def electrode_of(spec: AblationSpec, injection: InjectionSpec, geometry: Geometry) -> Electrode:
    """The electrode on the mesh.

    Raises
    ------
    CaseError
        If it misses the bone.
    """
    start, tip = electrode_ends(spec, injection, geometry.frame)
    electrode = place_electrode(geometry.mesh, start, tip, 0.5 * spec.applicator.diameter)
    if not electrode.pieces:
        raise CaseError("ablation.applicator: no part of the electrode lies in the bone")
    return electrode


def electrode_ends(
    spec: AblationSpec, injection: InjectionSpec, frame: AnatomicalFrame
) -> tuple[Floats, Floats]:
    """Begin and tip of the bare part [m]."""
    probe = spec.applicator
    middle, direction = needle_lines(injection, frame)[0]
    end = middle if probe.tip is None else locate(probe.tip, frame)
    way = direction if probe.through is None else end - locate(probe.through, frame)
    length = float(np.linalg.norm(way))
    if length <= 0.0:
        raise CaseError("ablation.applicator.through is where the tip is: no direction")
    along = way / length
    tip = middle + 0.5 * probe.active_length * along if probe.tip is None else end
    return tip - probe.active_length * along, tip
