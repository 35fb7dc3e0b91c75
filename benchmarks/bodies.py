"""Every case of a disease on the bones of a folder, with pictures: `python -m benchmarks.bodies FOLDER --out RUNS`.

Bones are surfaces whose axes point as "ALS": `remus_visible_human` in metres, `clouthier_mean_L2-L5` in millimetres.
The built-in L3 comes first. Runs stay in their folder; pictures of the bones of others are not for committing.
"""

from __future__ import annotations

import argparse
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cementflow as cf

CASES = ("l3-healthy", "l3-veins", "l3-metastatic", "l3-haemangioma", "l3-cleft")
SURFACES = (
    *((f"remus_visible_human/{level}_body.obj", "m") for level in ("L2", "L3", "L4")),
    *((f"clouthier_mean_L2-L5/{level}_mean.ply", "mm") for level in ("L2", "L3", "L4")),
)


def main() -> int:
    """Run each case on each bone that is there, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bodies", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the shared data sets")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--edge", default="2 mm", help="mean edge length of the meshes")
    parser.add_argument("--case", action="append", choices=CASES, help="which; all by default")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    options = parser.parse_args()
    bones: dict[str, dict[str, Any]] = {"built-in L3": {"geometry.edge_length": options.edge}}
    for name, unit in SURFACES:
        if (options.data / name).is_file():
            path = str((options.data / name).absolute())
            stated = {"surface": path, "units": unit, "axes": "ALS", "edge_length": options.edge}
            bones[Path(name).stem] = {"geometry": stated}
    todo = [(case, bone, changes) for case in options.case or CASES for bone, changes in bones.items()]
    with get_context("spawn").Pool(options.jobs) as pool:
        for line in pool.imap(partial(_line, options.out), todo):
            print(line, flush=True)
    return 0


def _line(out: Path, job: tuple[str, str, dict[str, Any]]) -> str:
    case, bone, changes = job
    folder = out / f"{case}-{bone.replace(' ', '-')}"
    try:
        summary = cf.run(cf.preset(case).replace({**changes, "output.field_times": []}), folder).summary
    except cf.CementflowError as error:
        return f"{case:16} {bone:12} {error}"
    by_type = ", ".join(f"{kind} {v:.3f}" for kind, v in summary["leaked_by_type_ml"].items())
    return (
        f"{case:16} {bone:12} {summary['status']}, {summary['injected_ml']:.2f} mL, leaked "
        f"{summary['leaked_ml']['total']:.3f} mL ({by_type}), balance {summary['balance_error']:.0e}, "
        f"{summary['pressure_solves']} systems, {summary['rejected_steps']} rejected, "
        f"{summary['mesh']['vertices']} vertices, {summary['wall_s']['total']:.0f} s"
    )


if __name__ == "__main__":
    raise SystemExit(main())
