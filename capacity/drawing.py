"""A picture as SVG, written by hand: rectangles, lines and texts. Knows nothing of capacity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

__all__ = ["Drawing", "text_width", "wrapped"]

FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
# The widest of the fonts above needs at most this part of the font's size for an average letter, digit or space.
LETTER = 0.64
Anchor = Literal["start", "middle", "end"]


def text_width(text: str, size: float) -> float:
    """How wide a text is at most, roughly: nobody knows which font the reader has."""
    return len(text) * LETTER * size


def wrapped(words: Iterable[str], width: float, size: float) -> list[str]:
    """The words in lines that are no wider than that."""
    lines: list[str] = []
    for word in words:
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


@dataclass
class Drawing:
    """A picture that grows downwards. `title` and `description` are what a reader who does not see it is told."""

    width: int
    title: str
    description: str
    elements: list[str] = field(default_factory=list)

    def rect(self, x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> None:
        """Adds a rectangle."""
        self.elements.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}" stroke="{stroke}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 12,
        bold: bool = False,
        anchor: Anchor = "start",
        fill: str = "#0f172a",
    ) -> None:
        """A line of text; `y` is where its letters stand."""
        weight = ' font-weight="600"' if bold else ""
        side = f' text-anchor="{anchor}"' if anchor != "start" else ""
        self.elements.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{weight}{side} fill="{fill}">{escape(words)}</text>'
        )

    def svg(self, height: int) -> str:
        """The whole picture as SVG."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {height}" '
            f'font-family={quoteattr(FONT)} role="img" aria-labelledby="title description">'
        )
        about = (
            f'<title id="title">{escape(self.title)}</title>',
            f'<desc id="description">{escape(self.description)}</desc>',
            f'<rect width="{self.width}" height="{height}" fill="#ffffff"/>',
        )
        return "\n".join((head, *about, *self.elements, "</svg>")) + "\n"
