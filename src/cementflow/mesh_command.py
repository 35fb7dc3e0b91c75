"""The command that only makes a mesh."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cementflow.errors import InputError


def add_verb(verbs: Any) -> None:
    """Add `mesh` to the verbs of the command line."""
    verb = verbs.add_parser("mesh", help="mesh a closed surface or a label image", description=mesh.__doc__)
    verb.add_argument(
        "shape",
        metavar="FILE",
        help="closed triangle surface (OBJ, PLY, STL, VTP) or label image (NIfTI: .nii, .nii.gz)",
    )
    verb.add_argument(
        "--label",
        type=_numbers,
        metavar="N[,N...]",
        help="number of the voxels that are the bone, such as 29 or 1,2",
    )
    verb.add_argument("-o", "--out", required=True, metavar="OUT.vtu", help="mesh to write")
    verb.add_argument("--edge-length", default="1.2 mm", help='mean edge length (default "1.2 mm")')
    verb.add_argument("--units", choices=("mm", "m", "cm", "um"), help="unit of a surface (default mm)")
    verb.add_argument("--axes", help="where +x, +y, +z of a surface point (default RAS)")
    verb.add_argument("--force", action="store_true", help="replace OUT.vtu")
    verb.set_defaults(command=mesh)


def mesh(options: argparse.Namespace) -> int:
    """Mesh a closed surface, or a label of an image, with tetrahedra."""
    from cementflow.case.fields import entries
    from cementflow.case.geometry import GeometrySpec
    from cementflow.case.read import read_option
    from cementflow.mesh.geometry import build_geometry
    from cementflow.mesh.images import is_image
    from cementflow.mesh.read import write_mesh
    from cementflow.summary_text import mesh_text

    out = Path(options.out)
    if out.exists() and not options.force:
        raise InputError("there is such a file already; --force replaces it", str(out))
    shape = str(Path(options.shape).absolute())
    kind = entries(GeometrySpec)["edge_length"].kind
    edge = read_option("--edge-length", options.edge_length, kind)
    if is_image(shape):
        if options.units is not None or options.axes is not None:
            raise InputError(
                "--units and --axes are for a surface; an image says where its voxels are", shape
            )
        spec = GeometrySpec(labels=shape, label=options.label, edge_length=edge)
    elif options.label is not None:
        raise InputError("--label is for a label image (.nii, .nii.gz)", shape)
    else:
        units, axes = options.units or "mm", options.axes or "RAS"
        spec = GeometrySpec(surface=shape, units=units, axes=axes, edge_length=edge)
    geometry = build_geometry(spec)
    write_mesh(geometry.mesh, out)
    print(mesh_text(geometry, out), end="")
    return 0


def _numbers(text: str) -> tuple[int, ...]:
    """Whole numbers between commas."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no whole number, nor several with commas") from None
