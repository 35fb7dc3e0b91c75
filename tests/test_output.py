"""What writes and draws beside a run: in order, complete, and gone when the run is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import cementflow as cf
from cementflow.results.writer import WAITING, BackgroundWriter
from cementflow.timing import Stopwatch
from cementflow.views import make_figures, painting
from cementflow.views.easel import SHARES
from cementflow.views.painting import Painters
from cementflow.views.process_copy import CAN_COPY
from command import COARSE, ENVIRONMENT
from problems import leaves

# --- the clock


def test_a_phase_inside_another_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    watch = Stopwatch()
    with watch.phase("outer"):
        now += 2
        for _ in range(2):
            with watch.phase("inner"):
                now += 3
                with watch.phase("outer"):
                    now += 1
    with watch.phase("inner"):
        now += 10
    assert watch.seconds == {"inner": 16, "outer": 4}


# --- the writer


@pytest.fixture
def writer() -> BackgroundWriter:
    return BackgroundWriter()


def test_jobs_are_done_in_order_beside_the_caller(writer: BackgroundWriter) -> None:
    go, done = threading.Event(), []

    def late() -> None:
        go.wait(10)
        done.append(0)

    writer.submit(late)
    writer.submit(lambda: done.append(1))
    assert done == []
    go.set()
    writer.wait()
    writer.submit(lambda: done.append(2))
    writer.wait()
    writer.close()
    assert done == [0, 1, 2]


def test_the_caller_waits_when_too_many_jobs_do(writer: BackgroundWriter) -> None:
    go, submitted = threading.Event(), []

    def hand_in() -> None:
        for i in range(WAITING + 3):
            writer.submit(go.wait)
            submitted.append(i)

    thread = threading.Thread(target=hand_in)
    thread.start()
    while len(submitted) < WAITING + 1:
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(submitted) == WAITING + 1
    go.set()
    thread.join()
    writer.wait()
    writer.close()
    assert len(submitted) == WAITING + 3


def test_a_failure_is_raised_and_nothing_is_done_after_it(writer: BackgroundWriter) -> None:
    go, done = threading.Event(), []

    def fail() -> None:
        go.wait(10)
        raise OSError(28, "No space left on device")

    writer.submit(fail)
    writer.submit(lambda: done.append(1))
    go.set()
    with pytest.raises(OSError, match="No space left"):
        writer.wait()
    writer.wait()
    writer.close()
    assert done == []


def test_closing_drops_what_was_not_begun(writer: BackgroundWriter) -> None:
    begun, go, done = threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        go.wait(10)
        done.append(0)

    writer.submit(slow)
    writer.submit(lambda: done.append(1))
    begun.wait(10)
    threading.Timer(0.05, go.set).start()
    writer.close()
    assert done == [0]


def test_a_disk_that_is_full_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cementflow.results import fields as module

    write, calls = module.write_vtu, []

    def full(path: Path, *arguments: object) -> None:
        calls.append(path.name)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", str(path))
        write(path, *arguments)

    monkeypatch.setattr(module, "write_vtu", full)
    case = cf.preset("l3-osteoporotic").replace(COARSE | {"output.fields_every": "3 s"})
    with pytest.raises(OSError, match="No space left"):
        cf.run(case, tmp_path / "run", checkpoint_every=0.0)
    assert calls == ["fields_0000.vtu", "fields_0001.vtu"]
    # What is there fits together: the checkpoint lists the one snapshot that was written.
    from cementflow.results.checkpoint import read_checkpoint
    from cementflow.results.folder import RunFolder

    assert [s.name for s in read_checkpoint(RunFolder(tmp_path / "run")).snapshots] == ["fields_0000"]


# --- the checkpoint


def test_a_checkpoint_holds_every_field_of_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import cementflow.observers as observers
    from cementflow.results.checkpoint import read_checkpoint
    from cementflow.results.folder import RunFolder

    last = []

    def see(self: object, step: object) -> None:
        last[:] = [step]

    monkeypatch.setattr(observers.Guard, "see", see)
    run = cf.run(cf.preset("l3-osteoporotic").replace(COARSE | {"stop.time": "2 s"}), tmp_path / "run")
    (step,) = last
    stored, seen = leaves(read_checkpoint(RunFolder(run.path)).step), leaves(step)
    assert set(stored) == set(seen)
    assert {".state.saturation", ".flow.fluxes.edge", ".flow.limited_by", ".counters.steps"} <= set(seen)
    for name, value in seen.items():
        assert type(stored[name]) is type(value) or isinstance(value, float), name
        assert np.array_equal(
            np.asarray(stored[name]),
            np.asarray(value),
            equal_nan=name.startswith((".first_leak", ".rest", ".watched", ".progress")),
        ), name


# --- the painters


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    case = cf.preset("l3-osteoporotic").replace(COARSE | {"stop.time": "5 s"})
    return cf.run(case, tmp_path_factory.mktemp("painters") / "run").path


def test_painters_draw_and_end(run: Path) -> None:
    with Painters() as painters:
        process = painters._process
        painted = painters.draw(run)
    assert painted.problems == ()
    assert painted.memory_mb > 100
    assert {p.name for p in (run / "figures").iterdir()} == {"scene.png", "slices.png", "curves.png"}
    assert process is not None and process.returncode == 0


def pictures(run: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((run / "figures").iterdir())}


def test_painters_that_expected_a_run_draw_the_same(run: Path, tmp_path: Path) -> None:
    make_figures(run)
    for name in ("expected", "without mesh"):
        copy = tmp_path / name
        shutil.copytree(run, copy, ignore=shutil.ignore_patterns("figures"))
        with Painters() as painters:
            # One that has no fields, or not yet, is no trouble.
            painters.expect(copy if name == "expected" else tmp_path)
            assert painters.draw(copy).problems == ()
        assert pictures(copy) == pictures(run)


def test_painters_expect_a_run_once_its_first_fields_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cementflow.views.snapshots import read_mesh

    vertices = []
    monkeypatch.setattr(Painters, "expect", lambda self, run: vertices.append(len(read_mesh(run).points)))
    case = cf.preset("l3-osteoporotic").replace(COARSE | {"stop.time": "2 s", "output.figures": True})
    result = cf.run(case, tmp_path / "run")
    assert vertices == [result.summary["mesh"]["vertices"]]


def test_painters_have_all_loaded_before_they_are_asked(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    code = (
        "import sys\nfrom pathlib import Path\nfrom cementflow.views import easel, make_figures\n"
        "easel.load()\nstudio = easel.practise()\nbefore = set(sys.modules)\n"
        "make_figures(Path(sys.argv[1]), studio=studio)\n"
        "sys.exit(' '.join(set(sys.modules) - before | {'pyvista'} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code, str(copy)], check=True)


def test_painters_that_are_not_asked_end_with_the_context() -> None:
    with pytest.raises(KeyboardInterrupt), Painters() as painters:
        process = painters._process
        assert process is not None and process.poll() is None
        raise KeyboardInterrupt
    assert process.returncode not in (None, 0)


SLOW_HAND = """
import sys, time
sys.path[:] = {path!r}  # nice: {nice}
from cementflow.views import page
def write(path, picture):
    path.write_bytes(b"half a picture")
    time.sleep(60)
page.write_png = write
from cementflow.views.easel import paint
paint()
"""


def test_painters_that_are_stopped_while_they_draw_leave_no_part_of_a_picture(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    copy = tmp_path / "run"
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("figures"))
    monkeypatch.setattr(painting, "_CODE", SLOW_HAND)
    with Painters() as painters:
        assert painters._process is not None
        painting._tell(painters._process, painting.DRAW, copy)
        painters._drawing = True
        deadline = time.monotonic() + 60
        while len(list(copy.glob("figures/.*"))) < (len(SHARES) if CAN_COPY else 1):
            assert painters._process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
    assert (copy / "figures").is_dir() and not list(copy.glob("figures/.*"))


def test_painters_end_with_a_run_that_is_killed() -> None:
    code = (
        "import time\nfrom cementflow.views.painting import Painters\n"
        "with Painters() as p:\n"
        "    print(p._process.pid, flush=True)\n    time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    painter = int(parent.stdout.readline())
    deadline = time.monotonic() + 60
    while not copies_of(painter):
        assert alive(painter) and time.monotonic() < deadline
        time.sleep(0.05)
    pids = [painter, *copies_of(painter)]
    parent.kill()
    parent.communicate()
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def copies_of(pid: int) -> list[int]:
    """The processes that one has started."""
    if not sys.platform.startswith("linux"):
        pytest.skip("looks into /proc")
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    if not sys.platform.startswith("linux"):
        pytest.skip("looks into /proc")
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_painter_that_dies_is_told_and_costs_no_run(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painting, "_CODE", "import os; os._exit(7)  # {path!r} {nice}")
    told: list[str] = []
    case = cf.preset("l3-osteoporotic").replace(COARSE | {"stop.time": "1 s", "output.figures": True})
    kept = cf.run(case, tmp_path / "run", tell=told.append)
    assert kept.summary["status"] == "stopped"
    assert [text for text in told if "could not be drawn" in text] == [
        "the figures could not be drawn (the drawing process ended with status 7); `cementflow view` tries again"
    ]
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with Painters() as painters:
        assert painters.draw(run).problems == ("no process to draw in: No such file or directory",)


def test_what_keeps_a_painter_from_drawing_is_told(run: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    summary = json.loads((run / "summary.json").read_text())
    del summary["frame"]
    (broken / "summary.json").write_text(json.dumps(summary))
    with Painters() as painters:
        (problem,) = painters.draw(broken).problems
    assert "no table 'frame'" in problem


def test_a_copy_answers_and_its_death_is_seen() -> None:
    if not CAN_COPY:
        pytest.skip("processes cannot be copied")
    code = (
        "import os\nfrom cementflow.views.process_copy import ProcessCopy\n"
        "good = ProcessCopy(lambda listen, speak: speak.write(listen.readline().upper()) and None)\n"
        "bad = ProcessCopy(lambda listen, speak: os._exit(int(listen.readline())))\n"
        "good.tell('word')\nbad.tell('5')\n"
        "print(repr(good.answer()), good.wait(), repr(bad.answer()), bad.wait())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.stdout == "'WORD\\n' 0 '' 5\n", done.stderr


def test_no_process_is_started_without_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start() -> None:
        raise AssertionError("started")

    monkeypatch.setattr(painting, "_start", start)
    short = cf.preset("l3-osteoporotic").replace(COARSE | {"stop.time": "0.5 s"})
    assert cf.run(short, tmp_path / "run").summary["status"] == "stopped"
    with pytest.raises(AssertionError):
        cf.run(short.replace({"output.figures": True}), tmp_path / "drawn")
