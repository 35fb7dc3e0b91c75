"""Make the ready meshes L1.vtu to L5.vtu in this folder from the parametric vertebral bodies."""

from __future__ import annotations

from pathlib import Path

from cementflow.mesh.lumbar import SIZES, SLOPE, lumbar_body
from cementflow.mesh.read import write_mesh
from cementflow.mesh.stuffing import stuff

EDGE_LENGTH = 2.0e-3


def main() -> None:
    """Write one file for each body."""
    for name in SIZES:
        body = lumbar_body(name)
        mesh = stuff(body.level, body.low, body.high, EDGE_LENGTH, SLOPE).mesh
        path = Path(__file__).parent / f"{name}.vtu"
        write_mesh(mesh, path)
        print(
            f"{path.name}: {len(mesh.points)} vertices, {len(mesh.tets)} tetrahedra, "
            f"{1e6 * mesh.volumes.sum():.1f} ml, {path.stat().st_size / 1e3:.0f} kB"
        )


if __name__ == "__main__":
    main()
