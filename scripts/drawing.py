"""What the pictures of the documentation are drawn with: one file for light pages, one for dark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"

WIDTH = 440
"""Of all pictures, in units: a narrow screen still shows letters of 10 pixels."""


@dataclass(frozen=True)
class Colours:
    """The colours of one theme of pages.

    ink      texts and outlines
    quiet    remarks
    plain    areas
    strong   areas that the picture is about
    curves   lines of a chart, in turn
    """

    ink: str
    quiet: str
    plain: str
    strong: str
    curves: tuple[str, ...]


THEMES: Mapping[str, Colours] = {
    "": Colours(
        "#1b1f24", "#57606a", "#e7ebf0", "#9cc4f2", ("#0969da", "#bc4c00", "#1a7f37", "#8250df")
    ),
    "-dark": Colours(
        "#e6edf3", "#a0abb6", "#2c333b", "#1f5fa8", ("#58a6ff", "#f0883e", "#3fb950", "#bc8cff")
    ),
}
"""By what is added to the name of a file."""


@dataclass
class Drawing:
    """A picture that is being drawn, from top to bottom."""

    colours: Colours
    height: int
    parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, *, strong: bool = False) -> None:
        fill = self.colours.strong if strong else self.colours.plain
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{fill}"/>'
        )

    def text(
        self, x: float, y: float, words: str, *, quiet: bool = False, at: str = "start"
    ) -> None:
        fill, size = (self.colours.quiet, 13) if quiet else (self.colours.ink, 14)
        self.parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}" text-anchor="{at}">{escape(words)}</text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, *, arrow: bool = False) -> None:
        head = ' marker-end="url(#head)"' if arrow else ""
        self.parts.append(
            f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{self.colours.ink}" stroke-width="1.5"{head}/>'
        )

    def curve(self, points: Sequence[tuple[float, float]], number: int) -> None:
        """Draw a line with a dot at each point, in the colour of that number."""
        colour = self.colours.curves[number % len(self.colours.curves)]
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        self.parts += [
            f'<circle cx="{x:g}" cy="{y:g}" r="3.5" fill="{colour}"/>' for x, y in points
        ]

    def rule(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Draw a thin line that a chart is read by."""
        self.parts.append(
            f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{self.colours.plain}"/>'
        )

    def svg(self) -> str:
        """Return the picture as a file."""
        head = (
            '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0 0 8 4 0 8z" fill="{self.colours.ink}"/></marker>'
        )
        size = f'width="{WIDTH}" height="{self.height}" viewBox="0 0 {WIDTH} {self.height}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">',
                f"<defs>{head}</defs>",
                *self.parts,
                "</svg>\n",
            ]
        )


Draw = Callable[[Drawing], None]


def files_of(pictures: Mapping[str, tuple[int, Draw]]) -> dict[str, str]:
    """Return the files of pictures by name.

    pictures    by name, with the height in units
    """
    found = {}
    for name, (height, draw) in pictures.items():
        for suffix, colours in THEMES.items():
            drawing = Drawing(colours, height)
            draw(drawing)
            found[f"{name}{suffix}.svg"] = drawing.svg()
    return found
