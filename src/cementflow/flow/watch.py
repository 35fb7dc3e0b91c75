"""What the operator would see of the cement outside the bone, at any accepted step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cementflow.case import CementSpec, ImagingSpec
from cementflow.flow.problem import Problem
from cementflow.flow.state import State
from cementflow.laws.imaging import RADIOGRAPHY, Picture
from cementflow.mesh.frame import AnatomicalFrame
from cementflow.mesh.shadow import Shadow, build_shadow, control_centers
from cementflow.mesh.tetmesh import around_vertices
from cementflow.sites.arch import arch_lengths
from cementflow.sites.outside import Outside, Pieces

Floats = NDArray[np.float64]
VIEWS = ("AP", "lateral")
CLOSE_ENOUGH = 1e-3  # of the threshold: how far above it a leak may be where a step ends on its being seen


@dataclass(frozen=True, eq=False)
class View:
    """What does not change in a view: the shadow of the mesh and that of the bone.

    Parameters
    ----------
    shadow
        Along the beam.
    bone, marrow
        Optical depth above soft tissue of the solid of the bone, and of its pores full of marrow; of the shape of the
        picture.
    """

    shadow: Shadow
    bone: Floats
    marrow: Floats


@dataclass(frozen=True, eq=False)
class Sight:
    """Cement outside the bone in each view.

    Parameters
    ----------
    ratio
        Signal to noise of what came out of each outlet, shape (outlets, views).
    thickness
        Mean length of it in the beam [m], of the same shape.
    volume
        Of what is still near the bone [m3], shape (outlets,).
    """

    ratio: Floats
    thickness: Floats
    volume: Floats

    def margin(self, threshold: float, least: float) -> float:
        """How far this is from showing enough: below 0 before, from 0 on after; continuous in time.

        Parameters
        ----------
        threshold
            Signal to noise from which something is seen.
        least
            Volume that has to be seen [m3]; 0: anything.
        """
        best = self.ratio.max(axis=1) / threshold - 1.0
        if least <= 0.0:
            return float(best.max())
        # From the most visible site on: as soon as one of them is seen, so are those before it.
        order = np.argsort(-best, kind="stable")
        return float(np.minimum(best[order], np.cumsum(self.volume[order]) / least - 1.0).max())

    def seen_volume(self, threshold: float) -> float:
        """Cement of the outlets that are seen [m3]."""
        return float(self.volume[(self.ratio >= threshold).any(axis=1)].sum())


@dataclass(frozen=True, eq=False)
class Watch:
    """Looks at a state of a run.

    Parameters
    ----------
    outside
        Where the cement outside lies.
    frame
        Anatomical axes: the AP view is along the first, the lateral view along the second.
    vertebra
        Whether there is an arch behind the body.
    pores
        Pore volume of each vertex [m3].
    fluoroscopy, radiograph
        How pictures are taken.
    cement
        Linear attenuation of cement [1/m].
    delay
        From when something could be seen to when the operator stops [s].
    """

    outside: Outside
    frame: AnatomicalFrame
    vertebra: bool
    pores: Floats
    fluoroscopy: Picture
    radiograph: Picture
    cement: float
    delay: float

    def pieces(self, state: State) -> Pieces:
        """Cement outside the bone."""
        return self.outside.pieces(state.leaked, state.held, state.veins.cement, state.saturation)

    def sight(self, state: State, picture: Picture | None = None) -> Sight:
        """What a picture shows; that of the fluoroscopy unless another is named."""
        picture = self.fluoroscopy if picture is None else picture
        pieces, count = self.pieces(state), len(self.outside.outlets)
        ratio, thickness = np.zeros((count, len(VIEWS))), np.zeros((count, len(VIEWS)))
        if len(pieces.site):
            for i, view in enumerate(self.views):
                self._look(view, picture, pieces, state, ratio[:, i], thickness[:, i])
        return Sight(ratio, thickness, _summed(pieces.volume, pieces.site, count))

    @cached_property
    def views(self) -> tuple[View, ...]:
        """From in front and from the side; made when there is something to look for."""
        mesh = self.outside.mesh
        volumes = 0.25 * around_vertices(mesh.tets, mesh.volumes, len(mesh.points))
        points, views = control_centers(mesh), []
        for beam in range(len(VIEWS)):
            across = self.frame.axes[[axis for axis in range(3) if axis != beam]]
            shadow = build_shadow(points, volumes, self.frame.axes[beam], across)
            solid = shadow.lengths(volumes - self.pores)
            if self.vertebra:
                solid += arch_lengths(mesh.points, self.frame, beam, shadow)
            bone = (RADIOGRAPHY.bone - RADIOGRAPHY.soft) * solid
            marrow = (RADIOGRAPHY.marrow - RADIOGRAPHY.soft) * shadow.lengths(self.pores)
            views.append(View(shadow, bone, marrow))
        return tuple(views)

    def make_views(self) -> None:
        """Make what is needed to look at anything, which takes as long as a step, before it is asked for."""
        _ = self.views

    def _look(
        self, view: View, picture: Picture, pieces: Pieces, state: State, ratio: Floats, thickness: Floats
    ) -> None:
        """Put the ratio and the thickness of each outlet in a view into two arrays."""
        cloud = (self.cement - RADIOGRAPHY.marrow) * view.shadow.lengths(self.pores * state.saturation)
        at = view.shadow.pixels(pieces.center)
        area = pieces.area(view.shadow.toward)
        length = pieces.volume / area
        whole = _summed(area, pieces.site, len(ratio))
        beam = (np.where(at >= 0, part.ravel()[at], 0.0) for part in (view.bone, cloud, view.marrow))
        squares = (
            picture.ratio(area, (self.cement - RADIOGRAPHY.soft) * length, whole[pieces.site], *beam) ** 2
        )
        ratio[:] = np.sqrt(_summed(squares, pieces.site, len(ratio)))
        volume = _summed(pieces.volume, pieces.site, len(ratio))
        thickness[:] = volume / np.where(whole > 0.0, whole, 1.0)


def build_watch(
    spec: ImagingSpec, cement: CementSpec, frame: AnatomicalFrame, problem: Problem, vertebra: bool = True
) -> Watch:
    """From the settings of a case.

    Parameters
    ----------
    spec, cement
        As stated.
    frame, vertebra
        See `Watch`.
    problem
        The run.
    """
    rest = spec.scatter, spec.bone_texture, spec.cloud_texture, spec.grain, spec.threshold
    return Watch(
        outside=Outside(problem.outlets, problem.veins, problem.volumes.mesh),
        frame=frame,
        vertebra=vertebra,
        pores=problem.volumes.pore_volume,
        fluoroscopy=Picture(1e6 * spec.fluoroscopy_photons, *rest),
        radiograph=Picture(1e6 * spec.radiograph_photons, *rest),
        cement=RADIOGRAPHY.cement(cement.radiopacifier.material, cement.radiopacifier.share),
        delay=spec.delay,
    )


def _summed(values: Floats, site: NDArray[np.intp], count: int) -> Floats:
    """Sum over what belongs to each site."""
    return np.bincount(site, values, minlength=count).astype(np.float64)
