"""The HTML page of a run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cementflow as cf
from cementflow.views import write_report

COARSE = {
    "title": "a <b>bold</b> case & more",
    "geometry.edge_length": "4 mm",
    "injection.volume": "0.5 mL",
    "injection.cannula.tip_radius": "4 mm",
    "output.figures": False,
}


class Balanced(HTMLParser):
    """Notes tags that are closed in the wrong order or never."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def problems(page: str) -> list[str]:
    """Tags of a page that do not match."""
    parser = Balanced()
    parser.feed(page)
    return parser.wrong + parser.open


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> cf.Result:
    return cf.run(cf.preset("l3-osteoporotic").replace(COARSE), out=tmp_path_factory.mktemp("report") / "run")


def test_a_run_leaves_a_page_with_its_numbers(result: cf.Result) -> None:
    page = (result.path / "report.html").read_text(encoding="utf-8")
    assert problems(page) == []
    assert "a &lt;b&gt;bold&lt;/b&gt; case &amp; more" in page
    assert f"{result.summary['injected_ml']:.3f} mL" in page
    for name in result.summary["sites"]["outlets"]:
        assert name in page
    assert result.summary["digest"] in page
    assert re.search(r"\[injection\.cannula\]|cannula", page)


def test_pictures_are_inside_the_page(result: cf.Result, tmp_path: Path) -> None:
    assert "data:image/png" not in (result.path / "report.html").read_text(encoding="utf-8")
    result.plot("curves")
    page = write_report(result.path, tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 1
    assert 'src="figures' not in page


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(cf.InputError, match=r"summary\.json"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_checker_of_pages_notices() -> None:
    assert problems("<table><tr><td>1</tr></table>") != []
