"""Writing on a page of pixels: Pillow sets a line in one piece, in a tenth of the time that matplotlib takes."""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

# Letters that stand side by side as they come: Latin, Greek and Cyrillic, dashes, dots and signs. All others, and
# formulas, are left to matplotlib, which shapes them and finds a font that has them.
_SIMPLE = re.compile("[ -\u02ff\u0370-\u0588\u2010-\u22ff]*")
_HALO = 3.5  # points, half of it on either side of a stroke
_STRONGER = 6  # times a blur, such that a stroke as wide as a pixel is white all around
_WHITE = (1.0, 1.0, 1.0, 1.0)


class PageCanvas(FigureCanvasAgg):
    """Canvas of a page of pixels."""

    renderer: PageRenderer | None = None

    def get_renderer(self) -> PageRenderer:
        """The renderer of the page as large as it is now."""
        width, height = self.get_width_height()
        dpi, there = self.figure.dpi, self.renderer
        if there is None or (there.width, there.height, there.dpi) != (width, height, dpi):
            self.renderer = there = PageRenderer(width, height, dpi)
        return there


class PageRenderer(RendererAgg):
    """Agg but for simple writing, level or upright."""

    halo = False  # white around the letters

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """Width of a line, its height and how far it goes below the base line [px]."""
        if ismath or not _SIMPLE.fullmatch(s):
            return super().get_text_width_height_descent(s, prop, ismath)
        _, top, right, bottom = _box(s, self._face(prop))
        return right, bottom - top, bottom

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """Write a line from (x, y) on [px], y downwards."""
        if ismath or angle not in (0, 90) or not _SIMPLE.fullmatch(s):
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        along, across = (x, y) if angle == 0 else (-y, x)
        start, base = math.floor(along), round(across)
        letters, left, top = self._letters(s, self._face(prop), along - start)
        left, top = start + left, base + top
        masks = [(letters, _shades(gc.get_rgb()))]
        if self.halo:
            around = letters.filter(ImageFilter.BoxBlur(self.points_to_pixels(_HALO / 2)))
            masks.insert(0, (around, _shades(_WHITE, _STRONGER)))
        for image, shades in masks:
            mask = np.asarray(image)
            if angle == 90:
                x, y, mask = top, self.height + left, np.rot90(mask)
            else:
                x, y = left, self.height - top - len(mask)
            picture = shades.take(mask[::-1])
            self.draw_image(gc, x, y, picture.view(np.uint8).reshape(*mask.shape, 4))

    def _letters(self, line: str, font: Any, start: float) -> tuple[Image.Image, int, int]:
        """Coverage of the pixels by a line that begins at `start`, and where its upper left corner is."""
        left, top, right, bottom = _box(line, font)
        room = 1 + self.halo * math.ceil(self.points_to_pixels(_HALO))
        image = Image.new("L", (right - left + 2 * room, bottom - top + 2 * room))
        ImageDraw.Draw(image).text((room - left + start, room - top), line, 255, font, anchor="ls")
        return image, left - room, top - room

    def _face(self, prop: FontProperties) -> Any:
        look = (tuple(prop.get_family()), prop.get_style(), prop.get_weight())
        return _font(look, self.points_to_pixels(prop.get_size_in_points()))


class Haloed(Text):
    """Writing with white around its letters, legible on any picture."""

    def draw(self, renderer: Any) -> None:
        """Draw by the renderer's halo where it has one, else by a stroke around the outlines."""
        if isinstance(renderer, PageRenderer):
            renderer.halo = True
            super().draw(renderer)
            renderer.halo = False
        else:
            self.set_path_effects([withStroke(linewidth=_HALO, foreground="white")])
            super().draw(renderer)


@cache
def _font(look: tuple[tuple[str, ...], Any, Any], size: float) -> Any:
    family, style, weight = look
    file = findfont(FontProperties(family=list(family), style=style, weight=weight))
    # The basic layout is there in every Pillow.
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(4096)
def _box(line: str, font: Any) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a line that begins at nothing, y downwards [px]."""
    left, top, right, bottom = font.getbbox(line, anchor="ls")
    return int(left), int(top), int(right), int(bottom)


@cache
def _shades(colour: tuple[float, ...], strength: int = 1) -> NDArray[np.uint32]:
    """RGBA of a colour as one number each, by how much of a pixel is covered."""
    shades = np.empty((256, 4), np.uint8)
    shades[:, :3] = np.round(255 * np.asarray(colour[:3]))
    shades[:, 3] = colour[3] * np.minimum(strength * np.arange(256), 255)
    return shades.view(np.uint32)[:, 0]
