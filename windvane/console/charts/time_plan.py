"""The time of a job as a bar: what its phases took, and up to when the others may take theirs. No text: the list of
phases beside it says the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from windvane.console.charts.base import Scale, line, rectangle

_WIDTH, _HEIGHT = 1000.0, 14.0


@dataclass(frozen=True)
class Part:
    """A phase that has begun; in seconds since the job was created."""

    name: str
    start_s: float
    end_s: float


def time_plan(
    parts: Sequence[Part], ends_s: Sequence[float], whole_s: float, description: str
) -> Markup:
    """Return an <svg> that is stretched to any width.

    ends_s    when phases end at the latest
    whole_s   where the bar ends
    """
    across = Scale(0.0, max(whole_s, 1.0), 0.0, _WIDTH)
    drawn = [rectangle(0, 0, _WIDTH, _HEIGHT, "track")]
    for place, part in enumerate(parts):
        start, end = across.at(part.start_s), across.at(min(part.end_s, whole_s))
        drawn.append(rectangle(start, 0, end - start, _HEIGHT, f"part part-{place % 2}", part.name))
    ends = [across.at(end_s) for end_s in ends_s]
    drawn += [line(end, 0, end, _HEIGHT, "planned") for end in ends]
    head = Markup(
        '<svg class="plan" viewBox="0 0 1000 14" preserveAspectRatio="none" role="img" aria-label="{}">'
    )
    return head.format(description) + Markup("").join(drawn) + Markup("</svg>")
