"""The tables of docs/before-cement.md can be made, and have their places there."""

from __future__ import annotations

import pytest
from benchmarks.ablation import AFTERWARDS, DOCUMENT, LESIONS, afterwards, lesions

COARSE = {
    "geometry.edge_length": "4 mm",
    "injection.volume": "0.2 mL",
    "injection.cannula.tip_radius": "4 mm",
}


def test_the_document_has_a_place_and_a_row_for_each() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for part in ("lesions", "afterwards"):
        assert text.count(f"<!-- begin: python -m benchmarks.ablation {part} -->") == 1
    for name in (*LESIONS, *AFTERWARDS):
        assert f"\n| {name} |" in text, name


def test_rows_tell_what_was_computed() -> None:
    (row,) = lesions({"coarse": COARSE}).rows
    assert row[0] == "coarse" and float(row[1]) == pytest.approx(2.0, abs=0.3)
    first, second = afterwards({"with": COARSE, "without": COARSE | {"ablation": None}}).rows
    assert float(first[5]) > 0.3 and float(second[5]) == 0.0
    assert float(first[1]) == pytest.approx(float(first[2]) + float(first[3]), abs=2e-3)
