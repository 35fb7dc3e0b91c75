"""The course of a cement in time, and how it is shown as text and as a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cementflow.errors import CaseError, InputError
from cementflow.presets import list_presets
from cementflow.views.cement_course import BODY, FLOW, LENGTH, LIMIT, CementCourse, open_cement
from cementflow.views.cement_page import cement_page, plot_cement
from cementflow.views.cement_text import cement_text
from command import cementflow, refused

ROOM = 296.15
NAMES = [name for name in list_presets("cements") if name != "contrast"]  # which never sets


def unaged(**changes: object) -> CementCourse:
    """A cement of 100 Pa s that stays as it is."""
    stated = {"law": "newtonian", "viscosity": 100.0, "yield_stress": None, "ageing": "exponential"}
    spec = replace(open_cement("low").spec, growth=None, **(stated | changes))  # type: ignore[arg-type]
    return CementCourse("made", "made up", spec)


def chart(text: str) -> list[str]:
    return [line for line in text.splitlines() if line[8:9] in ("|", "+")]


# --- course


@pytest.mark.parametrize("name", NAMES)
def test_viscosity_starts_as_stated_and_ends_set(name: str) -> None:
    course = open_cement(name)
    spec = course.spec
    rates = np.array([1e-3, 1.0, 100.0])
    at_reference = course.viscosity(np.array([spec.reference_age]), rates, spec.reference_temperature)[0]
    np.testing.assert_allclose(at_reference, course.law.bulk.viscosity(rates), rtol=1e-4)
    times = np.linspace(0.0, course.end, 50)
    over_time = course.viscosity(times, rates, ROOM)
    assert over_time.shape == (50, 3)
    assert (np.diff(over_time, axis=0) >= 0.0).all()
    assert (over_time[-1] == spec.maximum_viscosity).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("temperature", [ROOM, BODY])
def test_times_that_are_given_are_those_of_the_course(name: str, temperature: float) -> None:
    course = open_cement(name)
    set_time, limit_time = course.set_time(temperature), course.limit_time(temperature)
    assert set_time is not None and limit_time is not None
    assert course.cure(np.array([set_time]), temperature)[0] == pytest.approx(0.7, rel=1e-4)
    assert course.pressure(np.array([limit_time]), temperature)[0] == pytest.approx(LIMIT, rel=1e-3)
    assert limit_time < set_time < course.end


def test_contrast_agent_never_sets() -> None:
    course = open_cement("contrast")
    assert course.set_time(BODY) is None and course.limit_time(BODY) is None


def test_body_heat_halves_the_time_to_set() -> None:
    """Nicholas et al. 2007 from 25 to 37 degC; the tolerance of a half is 0.45 to 0.6."""
    for name in NAMES:
        course = open_cement(name)
        times = course.set_time(BODY), course.set_time(298.15)
        assert times[0] is not None and times[1] is not None
        assert 0.45 < times[0] / times[1] < 0.6


def test_cements_are_in_order() -> None:
    courses = [open_cement(name) for name in ("low", "medium", "high")]
    set_times = [c.set_time(ROOM) for c in courses]
    assert set_times == sorted(set_times)  # type: ignore[type-var]
    viscosities = [c.viscosity(np.array([300.0]), np.array([1.0]), ROOM)[0, 0] for c in courses]
    assert viscosities == sorted(viscosities)


def test_the_pressure_of_a_newtonian_cement_is_poiseuilles() -> None:
    course = unaged()
    exact = 8.0 * 100.0 * LENGTH * FLOW / (np.pi * 1.2e-3**4)
    np.testing.assert_allclose(course.pressure(np.array([0.0, 1e3]), ROOM), exact, rtol=1e-10)
    assert course.limit_time(ROOM) is None


def test_the_window_is_that_of_equivalent_age() -> None:
    course = open_cement("medium")
    assert course.window(course.spec.reference_temperature) == pytest.approx((120.0, 720.0))
    warm = course.window(BODY)
    assert warm is not None
    assert warm[1] == pytest.approx(720.0 / float(course.law.speed(BODY)))
    assert unaged(working_window=None).window(ROOM) is None


def test_a_cement_that_never_sets_is_shown_for_an_hour() -> None:
    spec = unaged().spec
    slow = unaged(cure=replace(spec.cure, set_at=1.0))
    assert slow.set_time(ROOM) is None
    assert slow.end == 3600.0


def test_unknown_cement() -> None:
    with pytest.raises(CaseError, match='did you mean "medium"'):
        open_cement("mediun")


# --- text


@pytest.mark.parametrize("name", NAMES)
def test_text_is_plain_aligned_and_fits(name: str) -> None:
    text = cement_text(open_cement(name))
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 100
    assert not any(line != line.rstrip() for line in text.splitlines())
    lines = text.splitlines()
    table = lines[next(i for i, line in enumerate(lines) if line.lstrip().startswith("min ")) :]
    ends = [len(line[:40].rstrip()) for line in table[:11]]
    assert len(set(ends)) == 1, "columns are not aligned"


def test_the_chart_shows_the_curves_where_they_are() -> None:
    course = open_cement("medium")
    lines = chart(cement_text(course))
    decade = next(i for i, line in enumerate(lines) if line.startswith("    100 +"))
    letters = {}
    for column in (0, 16, 40, 60):
        time = np.array([course.end * column / 80.0])
        viscosity = course.viscosity(time, np.array([0.1, 1.0, 10.0, 100.0]), ROOM)[0]
        for letter, value in zip("abcd", viscosity, strict=True):
            row = decade - round(4.0 * (np.log10(value) - 2.0))
            letters[column, letter] = lines[row][9 + column]
            assert lines[row][9 + column] in "abcd"[: "abcd".index(letter) + 1], (column, letter)
    assert letters[0, "a"] == "a"


def test_the_window_is_marked_in_chart_and_table() -> None:
    text = cement_text(open_cement("medium"))
    lines = chart(text)
    begin, end = 9 + 8, 9 + 48  # 2 and 12 of 20 minutes in 80 columns
    assert lines[0][begin] == lines[0][end] == ":"
    bar = next(line for line in text.splitlines() if "= working window =" in line)
    assert (bar.index("["), bar.index("]")) == (begin, end)
    rows = {int(r.split()[0]): r for r in text.splitlines() if r[:6].strip().isdigit() and "." in r}
    assert sorted(rows) == list(range(2, 21, 2))
    assert [m for m, row in rows.items() if "*" in row[:52]] == [2, 4, 6, 8, 10, 12]
    assert [m for m, row in rows.items() if "*" in row[52:]] == [2, 4]


def test_a_cement_without_window_has_no_mark() -> None:
    text = cement_text(unaged(working_window=None))
    assert "window" not in text and "*" not in text and ":" not in chart(text)[0]
    assert "never at 23 degC" in text


def test_a_window_beyond_the_chart_is_cut() -> None:
    text = cement_text(unaged(working_window=(600.0, 7200.0)))
    assert max(map(len, text.splitlines())) <= 100
    assert "never" in text


# --- picture


def test_picture(tmp_path: Path) -> None:
    out = plot_cement(open_cement("medium"), tmp_path / "a.png", (640, 400))
    again = plot_cement(open_cement("medium"), tmp_path / "b.png", (640, 400))
    assert out.read_bytes() == again.read_bytes()
    assert out.read_bytes().startswith(b"\x89PNG")
    other = plot_cement(open_cement("high"), tmp_path / "c.png", (640, 400))
    assert out.read_bytes() != other.read_bytes()
    with pytest.raises(InputError, match="pictures end in"):
        plot_cement(open_cement("medium"), tmp_path / "a.jpg")


def test_what_the_picture_shows() -> None:
    course = open_cement("medium")
    page = cement_page(course, (640, 400))
    cool, warm, over_rate, pressure = sorted(
        page.axes, key=lambda a: (-round(a.get_position().y0, 2), a.get_position().x0)
    )
    assert cool.get_ylim() == warm.get_ylim()
    assert [len(a.get_lines()) for a in (cool, warm, over_rate)] == [4, 4, 4]
    line = cool.get_lines()[1]
    viscosity = course.viscosity(60.0 * line.get_xdata(), np.array([1.0]), ROOM)[:, 0]
    np.testing.assert_allclose(line.get_ydata(), viscosity, rtol=1e-12)
    assert len(cool.patches) == len(warm.patches) == len(pressure.patches) == 1
    limits = [t.get_text() for t in pressure.texts]
    assert limits == [f"{course.limit_time(t) / 60.0:.1f} min" for t in (ROOM, BODY)]  # type: ignore[operator]


def test_a_cement_without_window_can_be_drawn() -> None:
    page = cement_page(unaged(working_window=None), (640, 400))
    assert all(not axes.patches for axes in page.axes)


# --- command


def test_presets_shows_and_draws_a_cement(tmp_path: Path) -> None:
    done = cementflow("presets", "cements/high", "--picture", "high.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cements/high: ")
    assert cement_text(open_cement("high")) in done.stdout
    assert done.stdout.endswith("\nhigh.png\n")
    assert (tmp_path / "high.png").stat().st_size > 10_000
    marrow = cementflow("presets", "mixed", cwd=tmp_path)
    assert "working window" not in marrow.stdout
    refused(cementflow("presets", "mixed", "--picture", "a.png", cwd=tmp_path), "--picture draws a cement")
    refused(cementflow("presets", "--picture", "a.png", cwd=tmp_path), "--picture draws a cement")
    refused(cementflow("presets", "high", "--picture", "a.jpg", cwd=tmp_path), "pictures end in")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["high.png"]
