"""What is drawn: functions on the axes of a Matplotlib figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from windvane.engine.exploration.bins import Bins
from windvane.engine.reports.colours import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from windvane.engine.reports.labels import drawn

Draw = Callable[[Any], None]

_CLASSES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION)
_MOST_TICKS = 12
_BAR = 0.9
"""Width of an upright bar; the next begins at 1."""

_STRIP = 0.25
"""Share of a picture's height, at its foot, in which bars say how many rows there are."""

Image = NDArray[np.float64]
"""(n_rows, n_columns, 3) red, green and blue, 0 to 1."""


def bars(ticks: Sequence[str], heights: Sequence[float], what: str) -> Draw:
    """Upright; `what` is told at the side."""

    def draw(axes: Any) -> None:
        _stand(axes, np.asarray(heights, dtype=np.float64), BLUE)
        axes.set_ylabel(drawn(what))
        _name_bins(axes, ticks)

    return draw


def lying_bars(labels: Sequence[str], lengths: Sequence[float], what: str) -> Draw:
    """Draw bars one below the other, for names; `what` is told below."""

    def draw(axes: Any) -> None:
        axes.barh(range(len(lengths)), lengths, height=0.8, color=BLUE)
        axes.set_yticks(range(len(labels)), [drawn(label) for label in labels])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(drawn(what))

    return draw


def mean_by_bin(bins: Bins, means: NDArray[np.float64], overall: float, what: str) -> Draw:
    """Means over bars of rows, joined by a line where bins follow each other.

    means     (n_bins,) NaN in a bin without rows
    overall   mean of all rows
    """

    def draw(axes: Any) -> None:
        axes.plot(range(len(means)), means, "o", color=BLUE, markersize=4)
        axes.plot(range(bins.n_ordered), means[: bins.n_ordered], color=BLUE, linewidth=1.5)
        axes.axhline(overall, color=ORANGE, linewidth=1, linestyle="--")
        told = np.append(means[~np.isnan(means)], overall)
        low, high = float(told.min()), float(told.max())
        room = (high - low) or abs(high) or 1.0
        axes.set_ylim(low - room * (_STRIP + 0.15), high + 0.1 * room)
        axes.set_yticks(
            [tick for tick in axes.get_yticks() if low - 0.1 * room <= tick <= high + 0.1 * room]
        )
        axes.set_ylabel(drawn(what))
        _draw_rows(axes, bins)

    return draw


def shares_by_bin(bins: Bins, shares: NDArray[np.float64], names: Sequence[str]) -> Draw:
    """Stacked shares of classes over bars of rows.

    shares    (n_bins, n_names) each row summing to 1, NaN in a bin without rows
    """

    def draw(axes: Any) -> None:
        bottom = np.zeros(len(bins.counts))
        colours = [*_CLASSES[: len(names) - 1], GREY] if len(names) > len(_CLASSES) else _CLASSES
        for share, name, colour in zip(shares.T, names, colours, strict=False):
            height = np.nan_to_num(share)
            _stand(axes, height, colour, bottom=bottom, label=drawn(name))
            bottom = bottom + height
        axes.set_ylim(-_STRIP / (1 - _STRIP) * 1.1, 1)
        axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.set_ylabel("share of rows")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=7)
        _draw_rows(axes, bins)

    return draw


def grid(image: Image, rows: Sequence[str], columns: Sequence[str]) -> Draw:
    """Return a cell for each pair of row and column."""

    def draw(axes: Any) -> None:
        axes.imshow(image, aspect="auto", interpolation="nearest")
        axes.set_yticks(range(len(rows)), [drawn(name) for name in rows], fontsize=7)
        axes.set_xticks(
            range(len(columns)), [drawn(name) for name in columns], fontsize=7, rotation=90
        )
        axes.grid(visible=False)

    return draw


def diverging(values: NDArray[np.float64]) -> Image:
    """-1 as blue, 0 as white, 1 as vermilion; NaN as grey.

    values    (n_rows, n_columns)
    """
    strength = np.nan_to_num(np.abs(values))[..., None]
    ends = np.where(np.nan_to_num(values)[..., None] < 0, _rgb(BLUE), _rgb(VERMILION))
    image: Image = 1 - strength * (1 - ends)
    image[np.isnan(values)] = _rgb(GREY)
    return image


def marks(is_marked: NDArray[np.bool_]) -> Image:
    """Marked cells as vermilion, the others as white.

    is_marked    (n_rows, n_columns)
    """
    image: Image = np.where(is_marked[..., None], _rgb(VERMILION), 1.0)
    return image


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def _stand(
    axes: Any,
    heights: NDArray[np.float64],
    colour: str,
    *,
    bottom: NDArray[np.float64] | float = 0.0,
    label: str = "",
    transform: Any = None,
    zorder: float = 1.0,
) -> None:
    """Upright bars at 0, 1, 2, ... as one artist: a patch for each takes several times as long to draw."""
    from matplotlib.collections import PolyCollection

    left, foot = np.arange(len(heights)) - _BAR / 2, np.broadcast_to(bottom, heights.shape)
    right, top = left + _BAR, foot + heights
    corners = np.stack([left, foot, left, top, right, top, right, foot], axis=1).reshape(-1, 4, 2)
    placed = transform or axes.transData
    one = PolyCollection(
        list(corners), facecolors=colour, label=label, zorder=zorder, transform=placed
    )
    one.sticky_edges.y.append(0.0)
    axes.add_collection(one, autolim=transform is None)
    axes.autoscale_view()


def _draw_rows(axes: Any, bins: Bins) -> None:
    heights = _STRIP * bins.counts / max(int(bins.counts.max(initial=0)), 1)
    _stand(axes, heights, GREY, transform=axes.get_xaxis_transform(), zorder=0.5)
    _name_bins(axes, bins.ticks)


def _name_bins(axes: Any, ticks: Sequence[str]) -> None:
    step = -(-len(ticks) // _MOST_TICKS)
    places = range(0, len(ticks), step)
    axes.set_xticks(
        places, [drawn(ticks[i], 20) for i in places], rotation=40, ha="right", fontsize=7
    )
    axes.set_xlim(-0.6, len(ticks) - 0.4)
