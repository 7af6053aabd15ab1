"""What the report's figures draw. Each function returns a callable that draws on matplotlib axes.

Colours are those of Okabe and Ito, which people with any kind of colour vision tell apart; lines differ in their
dashes too.

source    Okabe and Ito 2008, "Color universal design"
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from windvane.engine.quality.calibration import Reliability
from windvane.engine.quality.confusion import Confusion, share
from windvane.engine.quality.curves import Curve
from windvane.engine.quality.intervals import LEVELS
from windvane.engine.reports.colours import BLUE, GREEN, GREY, ORANGE, VERMILION
from windvane.engine.reports.labels import drawn
from windvane.engine.scoring.metrics import Floats, Indices

_DARK = 0.6
"""Share from which on cells are so dark that black on them is hard to read."""

_DASHES = ("-", "--", "-.", ":")

Draw = Callable[[Any], None]


@dataclass(frozen=True)
class Axis:
    """An axis of a picture.

    low, high    None to fit the data
    """

    name: str
    low: float | None = None
    high: float | None = None


def share_axis(name: str) -> Axis:
    return Axis(name, -0.02, 1.02)


def draw_curve(
    curve: Curve, x: Axis, y: Axis, reference: Curve, point: tuple[float, float] | None = None
) -> Draw:
    """Return a curve, what chance would do, and where the model stands on it."""

    def draw(axes: Any) -> None:
        axes.plot(reference.x, reference.y, color=GREY, linestyle="--", label="random")
        axes.plot(curve.x, curve.y, color=BLUE, label="model")
        if point is not None:
            axes.plot(
                *point, color=VERMILION, marker="o", linestyle="none", label="current threshold"
            )
        _name_axes(axes, x, y)
        axes.legend()

    return draw


def draw_lines(lines: Sequence[tuple[str, Curve]], x: Axis, y: Axis, at: float) -> Draw:
    """Return what draws up to four named lines over the same x, and an upright one."""

    def draw(axes: Any) -> None:
        for (name, line), color, dashes in zip(
            lines, (BLUE, VERMILION, GREEN, ORANGE), _DASHES, strict=False
        ):
            axes.plot(line.x, line.y, color=color, linestyle=dashes, label=name)
        axes.axvline(at, color=GREY, linewidth=0.8)
        _name_axes(axes, x, y)
        axes.legend()

    return draw


def draw_confusion(found: Confusion, labels: Sequence[str]) -> Draw:
    """Shares of each actual class, dark where they are high.

    labels    (n_classes,) any text
    """

    def draw(axes: Any) -> None:
        shares = np.nan_to_num(share(found.counts, found.actual[:, None]))
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.grid(visible=False)
        names = [drawn(label) for label in labels]
        places = range(len(names))
        axes.set_xticks(places, labels=names, rotation=0 if len(names) <= 3 else 90)
        axes.set_yticks(places, labels=names)
        for (row, column), value in np.ndenumerate(shares):
            ink = "white" if value > _DARK else "black"
            axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=ink)
        _name_axes(axes, Axis("predicted"), Axis("actual (percent of each)"))

    return draw


def draw_reliability(found: Reliability, x: Axis, y: Axis) -> Draw:
    """Observed over predicted shares, with their intervals."""

    def draw(axes: Any) -> None:
        axes.plot((0, 1), (0, 1), color=GREY, linestyle="--", label="perfect")
        reach = (found.observed - found.low, found.high - found.observed)
        axes.errorbar(
            found.predicted,
            found.observed,
            yerr=np.maximum(reach, 0),
            color=BLUE,
            marker="o",
            capsize=3,
            label="model, with 95 % intervals",
        )
        _name_axes(axes, x, y)
        axes.legend()

    return draw


def draw_classes(names: Sequence[str], figures: Sequence[tuple[str, Floats]]) -> Draw:
    """Return what draws figures of each class as marks on a line of its own, NaN left out.

    names    (n_classes,) any text;  figures    name and (n_classes,) values
    """

    def draw(axes: Any) -> None:
        lines = np.arange(len(names))
        for (name, values), color, marker in zip(
            figures, (BLUE, VERMILION, GREEN), ("o", "s", "D"), strict=False
        ):
            axes.plot(values, lines, color=color, marker=marker, linestyle="none", label=name)
        axes.set_yticks(lines, labels=[drawn(name) for name in names])
        axes.invert_yaxis()
        axes.grid(axis="y", linewidth=0.4)
        axes.set_xlim(-0.02, 1.02)
        axes.legend()

    return draw


def draw_points(x: Floats, y: Floats, across: Axis, up: Axis, line: Curve) -> Draw:
    """Return what draws points and the line on which they would lie if predictions were exact.

    x, y    (n_points,)
    """

    def draw(axes: Any) -> None:
        axes.plot(line.x, line.y, color=GREY, linestyle="--", label="exact")
        axes.plot(x, y, color=BLUE, marker=".", linestyle="none", alpha=0.3, label="rows")
        _name_axes(axes, across, up)
        axes.legend()

    return draw


def draw_histogram(counts: Indices, edges: Floats, name: str) -> Draw:
    """Return what draws a histogram.

    counts    (n_bins,);  edges    (n_bins + 1,)
    """

    def draw(axes: Any) -> None:
        axes.stairs(counts, edges, fill=True, color=BLUE)
        axes.axvline(0, color=VERMILION, linestyle="--")
        _name_axes(axes, Axis(name), Axis("rows"))

    return draw


def draw_bands(centres: Floats, low: Floats, high: Floats, across: Axis, up: Axis) -> Draw:
    """Intervals over the prediction, the widest palest.

    centres      (n_bins,);  low, high    (n_bins, n_levels)
    """

    def draw(axes: Any) -> None:
        for level in reversed(range(len(LEVELS))):
            axes.vlines(
                centres,
                low[:, level],
                high[:, level],
                color=(ORANGE, GREEN, BLUE)[level],
                linewidth=(9, 5, 2)[level],
                label=f"{100 * LEVELS[level]:.0f} % of rows",
            )
        axes.axhline(0, color=GREY, linestyle="--")
        _name_axes(axes, across, up)
        axes.legend(loc="upper left")

    return draw


def _name_axes(axes: Any, x: Axis, y: Axis) -> None:
    axes.set_xlabel(x.name)
    axes.set_ylabel(y.name)
    if x.low is not None:
        axes.set_xlim(x.low, x.high)
    if y.low is not None:
        axes.set_ylim(y.low, y.high)
