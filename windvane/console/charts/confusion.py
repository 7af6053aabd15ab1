"""A matrix of counts as shaded cells: what was, by row, and what was predicted, by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from windvane.console.charts.base import Chart, Numbers, picture, text
from windvane.console.wording import name, percent

MOST_CLASSES = 14
_OTHERS = "all others"
_LABELS, _TOP, _MOST_WIDTH = 132.0, 92.0, 640.0
_CELL = (44.0, 92.0)
_LEAN = 70.0
"""What a label that leans to the right needs beyond the last column."""

_COUNT_LINES, _SHARE_LINES = -0.15, 0.95
"""Below the centre of a cell: fonts are larger in the units of the drawing the narrower a page is."""

_FLAT_TOP, _MOST_FLAT, _LONGEST_FLAT = 50.0, 5, 12
"""Where a few short labels stand upright above their columns."""


Counts = Mapping[str, Mapping[str, int]]
"""actual label -> predicted label -> rows; pairs without rows may be missing."""


def confusion_chart(counts: Counts) -> Chart:
    """Draw a confusion matrix; of many classes the most frequent ones, all others as one."""
    labels, cells = pooled(counts)
    is_short = len(labels) <= _MOST_FLAT and max(map(len, labels)) <= _LONGEST_FLAT
    top = _FLAT_TOP if is_short else _TOP
    size = min(max((_MOST_WIDTH - _LABELS) / len(labels), _CELL[0]), _CELL[1])
    height = min(size, 56.0)
    parts = [
        text(0, 14, "actual ↓  predicted →"),
        *(
            _head(label, _LABELS + size * (i + 0.5), top, is_flat=is_short)
            for i, label in enumerate(labels)
        ),
    ]
    for i, label in enumerate(labels):
        y = top + height * i
        parts.append(text(_LABELS - 10, y + height / 2 + 4, label, "name", "end", 18))
        total = sum(cells[i])
        for j, count in enumerate(cells[i]):
            said = f"{label} predicted as {labels[j]}: {count:,} rows"
            parts.append(
                _cell((_LABELS + size * j, y, size, height), count, total, said, is_hit=i == j)
            )
    description = "Confusion matrix: " + "; ".join(
        f"of {sum(row):,} rows of {label}, {row[i]:,} correct"
        for i, (label, row) in enumerate(zip(labels, cells, strict=True))
    )
    width = _LABELS + size * len(labels) + (8 if is_short else _LEAN)
    return Chart(
        "Confusion matrix",
        picture(max(width, 420), top + height * len(labels) + 8, description, *parts),
        _numbers(labels, cells, len(counts)),
        [("correct", "series-1"), ("incorrect", "series-2")],
    )


def pooled(counts: Counts) -> tuple[list[str], list[list[int]]]:
    """Labels and rows by actual and predicted label."""
    frequent = sorted(counts, key=lambda label: -sum(counts[label].values()))
    kept = [label for label in counts if label in frequent[:MOST_CLASSES]]
    labels = [*kept, _OTHERS] if len(kept) < len(counts) else kept
    place = {label: i for i, label in enumerate(kept)}
    rest = len(labels) - 1
    cells = [[0] * len(labels) for _ in labels]
    for actual, row in counts.items():
        for predicted, count in row.items():
            cells[place.get(actual, rest)][place.get(predicted, rest)] += count
    return labels, cells


def _head(label: str, x: float, top: float, *, is_flat: bool) -> Markup:
    if is_flat:
        return text(x, top - 12, label, "name", "middle")
    element = Markup('<text x="{}" y="{}" class="name" transform="rotate(-40 {} {})">{}</text>')
    return element.format(round(x, 1), top - 8, round(x, 1), top - 8, name(label, 16))


def _cell(
    box: tuple[float, float, float, float], count: int, total: int, said: str, *, is_hit: bool
) -> Markup:
    x, y, width, height = (round(one, 1) for one in box)
    share = count / total if total else 0.0
    css = "fill series-1" if is_hit else "fill series-2"
    element = Markup(
        '<rect x="{}" y="{}" width="{}" height="{}" class="{}" fill-opacity="{}"><title>{}</title></rect>'
    )
    drawn = element.format(
        x,
        y,
        round(width - 2, 1),
        round(height - 2, 1),
        css,
        round(0.06 + 0.5 * share, 3),
        name(said, 300),
    )
    centre = x + width / 2, y + height / 2
    drawn += text(*centre, f"{count:,}", "value", "middle", lines_below=_COUNT_LINES)
    return drawn + text(*centre, percent(share), "tick", "middle", lines_below=_SHARE_LINES)


def _numbers(labels: Sequence[str], cells: Sequence[Sequence[int]], n_classes: int) -> Numbers:
    caption = "Rows by actual class (down) and predicted class (across)."
    if len(labels) < n_classes:
        caption += f" The {MOST_CLASSES} most frequent of {n_classes} classes."
    rows = [
        (label, *(f"{count:,}" for count in row), percent(row[i] / sum(row) if sum(row) else None))
        for i, (label, row) in enumerate(zip(labels, cells, strict=True))
    ]
    head = ("Actual", *labels, "Correct")
    return Numbers(head, rows, frozenset(range(1, len(head))), caption)
