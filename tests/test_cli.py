"""Every verb of the command line: what it prints, what it returns, and how it refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import meshio
import numpy as np
import pytest

from cementflow.case import preset, to_toml
from cementflow.mesh.box import box_mesh
from command import COARSE, COMMAND, ENVIRONMENT, cementflow, refused, settings

# Costly to import, and needed only once something is simulated, read or drawn.
HEAVY = ("numba", "scipy", "pyvista", "vtkmodules", "meshio", "matplotlib", "pyamg", "tqdm")

MESH_CASE = """
[geometry]
mesh = "{mesh}"
[bone]
preset = "osteoporotic"
[cement]
preset = "medium"
[injection]
volume = "1 mL"
flow_rate = "4 mL/min"
source = {{center = {{ap = 0.5, lr = 0.5, si = 0.5}}, radius = "6 mm"}}
[[outlet]]
at = "all faces"
pressure = "0 Pa"
[output]
figures = false
"""


@pytest.fixture
def case_file(tmp_path: Path) -> Path:
    """A coarse case as a file."""
    path = tmp_path / "l3.toml"
    path.write_text(to_toml(preset("l3-osteoporotic").replace(COARSE)))
    return path


def write_box(path: Path, scale: float = 1e3, nan: bool = False, inverted: bool = False) -> None:
    """A cube of 30 mm as a mesh file in mm, spoiled as asked."""
    box = box_mesh([0.03, 0.03, 0.03], 5e-3)
    points = box.points * scale
    if nan:
        points[5, 1] = np.nan
    if inverted:
        # An inner vertex far outside turns its tetrahedra inside out.
        inner = np.setdiff1d(np.arange(len(points)), box.boundary)[0]
        points[inner] += [40.0, 0.0, 0.0]
    meshio.write(path, meshio.Mesh(points, [("tetra", box.tets)]))


def mesh_case(folder: Path, mesh: str) -> Path:
    path = folder / "case.toml"
    path.write_text(MESH_CASE.format(mesh=mesh))
    return path


def listing(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


# --- help, version, imports


def test_help_names_every_verb(tmp_path: Path) -> None:
    done = cementflow("--help", cwd=tmp_path)
    assert done.returncode == 0
    for verb in ("run", "check", "mesh", "presets", "view"):
        assert re.search(rf"^    {verb}  ", done.stdout, re.MULTILINE)
        assert cementflow(verb, "--help", cwd=tmp_path).returncode == 0


def test_version(tmp_path: Path) -> None:
    done = cementflow("--version", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("cementflow ")


@pytest.mark.parametrize("words", [(), ("rum",), ("run", "--quick"), ("mesh", "a.obj"), ("view",)])
def test_wrong_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    done = cementflow(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: cementflow")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "code",
    ["import cementflow", "from cementflow.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"],
)
def test_light_start(code: str) -> None:
    """Import and --help stay quick because nothing heavy is loaded."""
    report = f"{code}\nimport sys\nprint('LOADED', [m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", report], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "LOADED []"


def test_names_of_the_package_are_imported_when_they_are_asked_for() -> None:
    """So that what draws beside a run does not load what states and runs it."""
    code = (
        "import sys, cementflow as cf, cementflow.views.easel\n"
        "assert 'cementflow.case' not in sys.modules and 'numpy' not in sys.modules\n"
        "assert set(dir(cf)) >= {*cf.__all__, '__version__'}\n"
        "late = [name for names in cf._HOMES.values() for name in names]\n"
        "assert sorted(late) == sorted({*cf.__all__} - {'Finding', 'check'})\n"
        "for name in (*cf.__all__, '__version__'): getattr(cf, name)\n"
        "import cementflow.check.bone, cementflow.cli\n"
        "assert callable(cf.check)\n"  # not the part of that name
    )
    subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=True)
    import cementflow

    with pytest.raises(AttributeError, match="rnu"):
        _ = cementflow.rnu


def test_light_start_would_see_a_heavy_import() -> None:
    code = f"import cementflow.fem.kernels, sys\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert "numba" in done.stdout


# --- run


def test_run_a_case_file(case_file: Path, tmp_path: Path) -> None:
    done = cementflow("run", case_file, "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "completed: volume injected after 15.0 s" in done.stdout
    for word in ("injected 1.000 mL", "leaked", "basivertebral vein", "balance error", "results in out"):
        assert word in done.stdout
    # Progress goes to stderr and elsewhere than on a terminal it is plain lines.
    assert re.search(r"^ +15\.0 s  1\.00/1 mL  leaked [\d.]+ mL  tip [\d.]+ kPa$", done.stderr, re.MULTILINE)
    assert "\r" not in done.stderr
    again = cementflow("run", case_file, "--out", "out", cwd=tmp_path)
    refused(again, "out: there is such a folder already", "--resume")


def test_run_without_arguments_takes_the_default_case_and_a_free_folder(tmp_path: Path) -> None:
    for name in ("preset-l3-osteoporotic", "preset-l3-osteoporotic-2"):
        done = cementflow("run", "--quiet", *settings(COARSE), cwd=tmp_path)
        assert done.returncode == 0
        assert f"results in {Path('runs') / name}" in done.stdout
        assert (tmp_path / "runs" / name / "summary.json").is_file()
        assert all("warning" in line for line in done.stderr.splitlines())


def test_run_a_preset_until_a_stop_rule(tmp_path: Path) -> None:
    done = cementflow(
        "run", "--preset", "box-newtonian", "--set", 'geometry.edge_length="5 mm"', "--set", "stop.time=2 s",
        "--set", "output.figures=false", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "stopped: time limit reached after 2.0 s" in done.stdout
    assert "syringe" not in done.stdout  # there is none


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_progress_bar_on_a_terminal(case_file: Path, tmp_path: Path) -> None:
    import pty
    import termios

    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 100))
    with subprocess.Popen(
        [*COMMAND, "run", str(case_file)],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=follower,
    ) as process:
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 4096):
                shown += chunk
        except OSError:
            pass  # Linux ends a pseudo-terminal with an error instead of an empty read
        os.close(leader)
    assert process.returncode == 0
    last = shown.decode().replace("\n", "\r").split("\r")
    bar = next(line for line in reversed(last) if "%|" in line)
    assert re.match(
        r" +15\.0 s  1\.00/1 mL  leaked [\d.]+ mL  tip [\d.]+ kPa +100%\|.*\| \d\d:\d\d left", bar
    )


@pytest.mark.parametrize(
    ("words", "fragments"),
    [
        (("--set", "injection.volme=3 mL"), ("injection.volme is unknown", 'did you mean "volume"')),
        (("--set", "injection.volume=3"), ("injection.volume = 3 needs a unit of volume",)),
        (("--set", "injection.volume=-3 mL"), ('injection.volume = "-3 mL" is below',)),
        (("--set", "injection.volume=3 kPa"), ("injection.volume",)),
        (("--set", "bone.porosity=nan"), ("bone.porosity",)),
        (("--set", "bone.porosity=7"), ("bone.porosity = 7 is outside 0.01 to 1",)),
        (("--set", "injection.volume"), ("is not of the form key=value",)),
        (("--set", "outlet=[]", "--set", "cortex=none"), ("outlet is missing", "sealed wall")),
        (("--set", "cement.preset=mediun"), ("cement.preset", 'did you mean "medium"')),
        (
            ("--set", "bone.porosity=7", "--set", "cement.agee=1 s"),
            ("2 problems", "bone.porosity", "cement.agee"),
        ),
        (("--preset", "box-newtonain"), ('did you mean "box-newtonian"',)),
        (("missing.toml",), ("missing.toml: there is no such file",)),
        (("missing.toml", "--preset", "box-newtonian"), ("not both",)),
        (("--resume",), ("--resume needs --out",)),
        (("--resume", "--out", "nowhere"), ("nowhere/case.toml: there is no such file",)),
        (("--preset", "box-newtonian", "--resume", "--out", "nowhere"), ("nowhere: there is no checkpoint",)),
    ],
)
def test_run_refuses(words: tuple[str, ...], fragments: tuple[str, ...], tmp_path: Path) -> None:
    refused(cementflow("run", *words, cwd=tmp_path), *fragments)
    assert listing(tmp_path) == set()


@pytest.mark.parametrize(
    ("changes", "fragments"),
    [
        ({"injection.cannula.tip": "{ap = 1.1, lr = 0.5, si = 0.5}"}, ("the tip lies outside the bone",)),
        (
            {"outlet.0.at": "{ap = 0.5, lr = 0.5, si = 0.5}"},
            ("outlet.basivertebral vein: touches no surface",),
        ),
        (
            {
                "outlet.0.at": "{ap = 0.5, lr = 0.5, si = 0.5}",
                "outlet.1.at": "{ap = 0.5, lr = 0.5, si = 0.5}",
            },
            ("2 problems", "outlet.basivertebral vein", "outlet.left segmental vein"),
        ),
    ],
)
def test_run_refuses_what_does_not_fit_the_bone(
    changes: dict[str, object], fragments: tuple[str, ...], tmp_path: Path
) -> None:
    refused(cementflow("run", *settings(COARSE | changes), cwd=tmp_path), *fragments)
    assert listing(tmp_path) == set()


@pytest.mark.parametrize(
    ("spoil", "fragments"),
    [
        ({"nan": True}, ("box.vtu", "NaN")),
        ({"inverted": True}, ("box.vtu", "overlap")),
        ({"scale": 1.0}, ("with units = 'm'",)),
        ({"scale": 1e6}, ("2 problems", "no vertebra does", "with units = 'um'")),
    ],
)
def test_run_refuses_a_bad_mesh(spoil: dict[str, object], fragments: tuple[str, ...], tmp_path: Path) -> None:
    write_box(tmp_path / "box.vtu", **spoil)  # type: ignore[arg-type]
    case = mesh_case(tmp_path, "box.vtu")
    refused(cementflow("run", case, "--out", "out", cwd=tmp_path), *fragments)
    assert listing(tmp_path) == {"box.vtu", "case.toml"}


@pytest.mark.parametrize(
    ("name", "content", "fragment"),
    [
        ("a.vtu", b"<VTKFile type='UnstructuredGrid'><gar\x00bage", "a.vtu: cannot be read"),
        ("a.msh", b"$MeshFormat\n9.9 0 8\n$EndMeshFormat\n", "a.msh: cannot be read"),
        ("a.msh", b"", "a.msh: "),
        ("b.vtu", None, "did you mean other.vtu"),
    ],
)
def test_run_refuses_an_unreadable_mesh(
    name: str, content: bytes | None, fragment: str, tmp_path: Path
) -> None:
    """Also where the reader would end the whole process, as meshio does."""
    (tmp_path / "other.vtu").write_bytes(b"")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused(cementflow("run", mesh_case(tmp_path, name), "--out", "out", cwd=tmp_path), fragment)
    assert not (tmp_path / "out").exists()


def test_run_refuses_unreadable_cases(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[geometry\npreset = ")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.toml").mkdir()
    for name in ("broken.toml", "binary.toml", "folder.toml"):
        refused(cementflow("run", name, cwd=tmp_path), name)
    assert not (tmp_path / "runs").exists()


def test_run_refuses_folders_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    small = settings(COARSE)
    refused(cementflow("run", *small, "--out", "file", cwd=tmp_path), "there is a file of that name")
    refused(cementflow("run", *small, "--out", "file/out", cwd=tmp_path), "the folder cannot be made")


def test_run_refuses_a_needle_that_is_walled_in(tmp_path: Path) -> None:
    shells = (
        '[{shape="ball", center={ap=0.5, lr=0.5, si=0.5}, radius="11 mm", permeability="1e-16 m2"}, '
        '{shape="ball", center={ap=0.5, lr=0.5, si=0.5}, radius="6 mm", permeability="1e-8 m2"}]'
    )
    tip = {"injection.cannula.tip": "{ap = 0.5, lr = 0.5, si = 0.5}"}
    walled_in = COARSE | tip | {"geometry.edge_length": "2.5 mm", "bone.region": shells}
    done = cementflow("run", *settings(walled_in), cwd=tmp_path)
    refused(done, "cannot be reached from the needle", "nothing can be injected")
    assert listing(tmp_path) == set()


# --- check


def test_check(case_file: Path, tmp_path: Path) -> None:
    done = cementflow("check", case_file, cwd=tmp_path)
    assert done.returncode == 0
    assert re.search(r"note +mesh: \d+ vertices", done.stdout)
    assert re.fullmatch(r"0 errors, \d+ warnings?", done.stdout.splitlines()[-1])
    assert listing(tmp_path) == {"l3.toml"}
    outside = "injection.cannula.tip={ap = 1.1, lr = 0.5, si = 0.5}"
    done = cementflow("check", case_file, "--set", outside, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout.startswith("error   injection: the tip lies outside the bone")
    assert re.search(r"^1 error, ", done.stdout, re.MULTILINE)
    refused(
        cementflow("check", case_file, "--set", "bone.porosity=7", cwd=tmp_path), "l3.toml: bone.porosity"
    )


def test_check_names_the_file_of_a_bad_mesh(tmp_path: Path) -> None:
    write_box(tmp_path / "box.vtu", nan=True)
    done = cementflow("check", mesh_case(tmp_path, "box.vtu"), cwd=tmp_path)
    assert done.returncode == 2
    assert re.match(r"error   .*box\.vtu: .*NaN", done.stdout)


# --- mesh


@pytest.fixture
def surface(tmp_path: Path) -> Path:
    box = box_mesh([0.03, 0.03, 0.03], 5e-3)
    path = tmp_path / "box.stl"
    meshio.write(path, meshio.Mesh(box.points * 1e3, [("triangle", box.boundary)]))
    return path


def test_mesh(surface: Path, tmp_path: Path) -> None:
    done = cementflow("mesh", surface, "-o", "box.vtu", "--edge-length", "4 mm", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.match(r"box\.vtu: \d+ vertices, \d+ tetrahedra, mean edge [34]\.\d+ mm", done.stdout)
    assert "mL of the surface's 27.000 mL" in done.stdout
    run = cementflow("check", mesh_case(tmp_path, "box.vtu"), "--set", "geometry.units=m", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    before = (tmp_path / "box.vtu").read_bytes()
    refused(cementflow("mesh", surface, "-o", "box.vtu", cwd=tmp_path), "--force replaces it")
    again = cementflow("mesh", surface, "-o", "box.vtu", "--edge-length", "4 mm", "--force", cwd=tmp_path)
    assert again.returncode == 0
    assert (tmp_path / "box.vtu").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (("--edge-length", "4"), '--edge-length = "4" needs a unit of length'),
        (("--edge-length", "1 um"), "--edge-length = \"1 um\" is below the smallest sensible value"),
        (("--axes", "XYZ"), "axes"),
        (("--units", "um"), "with units = 'mm'"),
        (("-o", "a.xyz"), "meshes are written as .vtu"),
    ],
)  # fmt: skip
def test_mesh_refuses(words: tuple[str, ...], fragment: str, surface: Path, tmp_path: Path) -> None:
    refused(cementflow("mesh", surface, "-o", "a.vtu", *words, cwd=tmp_path), fragment)
    assert listing(tmp_path) == {"box.stl"}


def test_mesh_refuses_what_is_no_surface(tmp_path: Path) -> None:
    (tmp_path / "a.stl").write_bytes(b"solid nothing")
    refused(cementflow("mesh", "b.stl", "-o", "a.vtu", cwd=tmp_path), "b.stl: no such file")
    refused(cementflow("mesh", "a.stl", "-o", "a.vtu", cwd=tmp_path), "a.stl: ")


# --- presets


def test_presets(tmp_path: Path) -> None:
    overview = cementflow("presets", cwd=tmp_path)
    assert overview.returncode == 0
    for word in ("cements:", "bones:", "marrows:", "cases:", "l3-osteoporotic"):
        assert word in overview.stdout
    one = cementflow("presets", "medium", cwd=tmp_path)
    assert one.returncode == 0
    assert "cements/medium" in one.stdout
    assert "assumed" in one.stdout
    refused(cementflow("presets", "mediun", cwd=tmp_path), 'did you mean "medium"')


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell with pipes")
def test_output_into_a_closed_pipe(tmp_path: Path) -> None:
    command = " ".join([*COMMAND, "presets", "l3-osteoporotic", "2>errors", "|", "true"])
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=tmp_path, env=ENVIRONMENT)
    assert done.returncode == 0
    assert (tmp_path / "errors").read_text() == ""


# --- view


def test_view_refuses_what_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "killed").mkdir()
    (tmp_path / "killed/case.toml").write_text("")
    refused(
        cementflow("view", "nowhere", "--screenshot", "a.png", cwd=tmp_path),
        "nowhere: there is no such run folder",
    )
    refused(
        cementflow("view", "empty", "--screenshot", "a.png", cwd=tmp_path), "empty: this is not a run folder"
    )
    refused(cementflow("view", "killed", "--screenshot", "a.png", cwd=tmp_path), "--resume --out killed")
    refused(cementflow("view", "empty", "--time", "20", cwd=tmp_path), '--time = "20" needs a unit of time')
    assert listing(tmp_path) == {"empty", "killed"}


def test_view_writes_a_picture(case_file: Path, tmp_path: Path) -> None:
    assert cementflow("run", case_file, "--out", "out", cwd=tmp_path).returncode == 0
    done = cementflow("view", "out", "--time", "10 s", "--screenshot", "a.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "a.png\n"
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    flat = cementflow("view", "out", "--kind", "curves", cwd=tmp_path)
    assert flat.returncode == 0, flat.stderr
    assert flat.stdout == "out/figures/curves.png\n"
    refused(cementflow("view", "out", "--kind", "heat", cwd=tmp_path), "physics.heat = true")
    refused(cementflow("view", "out", "--screenshot", "a.docx", cwd=tmp_path), "a.docx")
    refused(
        cementflow("view", "out", "--time", "10 min", "--screenshot", "a.png", cwd=tmp_path), "out of range"
    )
    nothing_to_open_on = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    if sys.platform.startswith("linux"):
        refused(cementflow("view", "out", cwd=tmp_path, **nothing_to_open_on), "--screenshot")
