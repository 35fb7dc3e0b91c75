"""Published frequencies of leakage: which share of the vertebrae leaked, where to, and by what it was seen.

Shares are of all treated vertebrae. A number that a publication does not give is left out, not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cementflow.errors import InputError
from cementflow.units import close_match

KINDS = ("any", "venous", "B", "S", "C", "D")


@dataclass(frozen=True)
class Series:
    """One published series.

    Parameters
    ----------
    name
        What it is called here.
    title
        Who was treated.
    method
        By what leakage was seen: "ct", "radiograph", or "" where the text read does not say.
    number
        Of vertebrae.
    shares
        Share of the vertebrae by kind of leak: any, venous (types B and S together), B, S, C (cortical), D (disc).
    source
        Publication.
    """

    name: str
    title: str
    method: str
    number: int
    shares: Mapping[str, float]
    source: str


SERIES = (
    Series(
        "vertos-2",
        "osteoporotic fractures, vertebroplasty",
        "ct",
        80,
        {"any": 64 / 80, "venous": 56 / 80, "D": 22 / 80},
        "VERTOS II, PMC3016147",
    ),
    Series(
        "no-cleft",
        "osteoporotic fractures without a cleft",
        "ct",
        139,
        {"any": 0.763, "venous": 0.676, "B": 0.317, "S": 0.525, "C": 0.122, "D": 0.065},
        "PMC8449924",
    ),
    Series(
        "cleft",
        "osteoporotic fractures with a cleft",
        "ct",
        139,
        {"any": 0.676, "venous": 0.374, "B": 0.209, "S": 0.245, "C": 0.259, "D": 0.165},
        "PMC8449924",
    ),
    Series("al-ali", "vertebroplasty", "", 660, {"any": 0.33}, "Al-Ali"),
    Series(
        "corcos-2014",
        "metastases",
        "",
        81,
        {"any": 0.53, "venous": 0.25, "C": 0.32},
        "Corcos et al. 2014",
    ),
    Series(
        "metastases-2022",
        "metastases",
        "",
        113,
        {"any": 0.566, "venous": 0.097},
        "World J Surg Oncol 2022, 10.1186/s12957-022-02583-5",
    ),
    Series(
        "saad-2022",
        "osteoporotic and neoplastic fractures",
        "",
        211,
        {"any": 75 / 211},
        "Saad 2022",
    ),
)


def series(name: str) -> Series:
    """One of them.

    Raises
    ------
    InputError
        For an unknown name, with a close match.
    """
    found = {s.name: s for s in SERIES}
    if name not in found:
        names = tuple(found)
        raise InputError(
            f'there is no published series "{name}"{close_match(name, names)}; there are: {", ".join(names)}'
        )
    return found[name]
