"""Many small dots as one element: a thousand of them weigh about ten kilobytes."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup


def dots(places: Sequence[tuple[float, float]], css: str) -> Markup:
    """Draw points as one path of strokes without length, drawn round."""
    if not places:
        return Markup("")
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
    return Markup('<path d="{}" class="dots {}"/>').format(path, css)
