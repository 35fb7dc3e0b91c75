"""Which way is the front: anatomical axes with a letter at either end."""

from __future__ import annotations

from typing import Any

from cementflow.views.camera import Camera
from cementflow.views.palette import FAINT, INK
from cementflow.views.sheet import Frame
from cementflow.views.strokes import add_line

# Letters at the start and the end of each axis: posterior-anterior, left-right, inferior-superior.
LETTERS = {"ap": ("P", "A"), "lr": ("L", "R"), "si": ("I", "S")}


def draw_triad(axes: Any, frame: Frame, camera: Camera, at: tuple[float, float], length: float) -> None:
    """Draw the three axes as the camera sees them, centred at `at`, half-length `length` [data units]."""
    for name, letters in LETTERS.items():
        axis = getattr(frame, name)
        across, along = length * float(axis @ camera.right), length * float(axis @ camera.up)
        if across**2 + along**2 < (0.15 * length) ** 2:
            near = letters[1] if axis @ camera.toward > 0 else letters[0]
            add_line(axes, [at], ls="", marker="o", ms=9, mfc="white", mec=INK, mew=1.2, zorder=9)
            add_line(axes, [at], ls="", marker="o", ms=3, color=INK, zorder=9)
            _letter(axes, near, at[0] + 0.3 * length, at[1] + 0.3 * length)
            continue
        x, y = at
        add_line(axes, [(x - across, y - along), (x + across, y + along)], color=FAINT, lw=1.3, zorder=8)
        for letter, sign in zip(letters, (-1, 1), strict=True):
            _letter(axes, letter, x + 1.3 * sign * across, y + 1.3 * sign * along)


def draw_edge_letters(axes: Any, frame: Frame, camera: Camera) -> None:
    """Write the letter of the direction that lies beyond each edge of the axes."""
    right, up = camera.right, camera.up
    edges = (((0.03, 0.5), -right), ((0.97, 0.5), right), ((0.5, 0.03), -up), ((0.5, 0.925), up))
    for (x, y), direction in edges:
        letter = max(
            ((sign * float(getattr(frame, name) @ direction), letters[(sign + 1) // 2]))
            for name, letters in LETTERS.items()
            for sign in (-1, 1)
        )[1]
        text = axes.text(x, y, letter, transform=axes.transAxes, ha="center", va="center", size=17)
        text.set(weight="bold", color=INK, zorder=9)


def _letter(axes: Any, letter: str, x: float, y: float) -> None:
    axes.text(x, y, letter, ha="center", va="center", size=12.5, weight="bold", color=INK, zorder=9)
