"""Draws the pictures of docs/how-it-works.md, each for light and for dark pages.

.venv/bin/python -m scripts.pictures
"""

from __future__ import annotations

from collections.abc import Mapping

from scripts.drawing import FOLDER, Draw, Drawing, files_of


def _course(draw: Drawing) -> None:
    steps = (
        ("Read and analyse", "types, problem type, checks, folds"),
        ("Prepare features", "encodings, fitted on training rows only"),
        ("Train candidates", "each on its folds, scored on other rows"),
        ("Combine", "weights from out-of-fold predictions"),
        ("Train again", "the chosen ones, on all rows"),
        ("Report and deploy", "explanations, quality, an endpoint"),
    )
    for number, (title, told) in enumerate(steps):
        y = 6 + 68 * number
        draw.box(20, y, 400, 48, strong=number in (2, 3))
        draw.text(36, y + 20, title)
        draw.text(36, y + 38, told, quiet=True)
        if number:
            draw.line(220, y - 19, 220, y - 3, arrow=True)


def _folds(draw: Drawing) -> None:
    draw.text(92, 18, "the training rows, in five folds", quiet=True)
    for model in range(5):
        y = 30 + 34 * model
        draw.text(20, y + 18, f"model {model + 1}")
        for fold in range(5):
            draw.box(92 + 66 * fold, y, 62, 26, strong=fold == model)
            if fold == model:
                draw.text(123 + 66 * fold, y + 18, "predicts", at="middle")
    draw.line(255, 202, 255, 222, arrow=True)
    draw.box(92, 228, 326, 26, strong=True)
    draw.text(255, 246, "out-of-fold predictions", at="middle")
    draw.text(255, 274, "of every row, by a model that has not seen it", quiet=True, at="middle")


def _ensemble(draw: Drawing) -> None:
    members = (("candidate 4", 0.5), ("candidate 9", 0.3), ("candidate 2", 0.2), ("candidate 7", 0))
    draw.text(20, 18, "out-of-fold predictions", quiet=True)
    draw.text(200, 18, "weight", quiet=True)
    for number, (name, weight) in enumerate(members):
        y = 30 + 36 * number
        draw.box(20, y, 140, 28)
        draw.text(32, y + 19, name)
        draw.text(200, y + 19, f"{weight:g}" if weight else "0, left out")
        if weight:
            draw.line(240, y + 14, 312, 84, arrow=True)
    draw.box(316, 60, 108, 48, strong=True)
    draw.text(370, 81, "ensemble", at="middle")
    draw.text(370, 99, "scored anew", quiet=True, at="middle")


def _scores(draw: Drawing) -> None:
    told = (("A", 300, 36), ("B", 284, 34), ("C", 170, 40))
    draw.text(110, 18, "score, with twice its ± to either side", quiet=True)
    for number, (name, middle, reach) in enumerate(told):
        y = 44 + 34 * number
        draw.text(20, y + 5, f"candidate {name}")
        draw.line(middle - reach, y, middle + reach, y)
        for end in (middle - reach, middle + reach):
            draw.line(end, y - 6, end, y + 6)
        draw.box(middle - 6, y - 6, 12, 12, strong=True)
    draw.text(20, 152, "A and B overlap widely: not clearly different.")
    draw.text(20, 174, "C is clearly worse.")
    draw.text(20, 196, "better is to the right", quiet=True)


def _time(draw: Drawing) -> None:
    parts = (
        ("read", 46, False),
        ("search", 230, True),
        ("refit, pack", 62, False),
        ("reports", 62, False),
    )
    draw.text(20, 18, "the time limit of a job (not to scale)", quiet=True)
    x = 20.0
    for name, width, strong in parts:
        draw.box(x, 30, width - 3, 40, strong=strong)
        draw.text(x + width / 2, 90 if not strong else 55, name, at="middle", quiet=not strong)
        x += width
    draw.line(x, 22, x, 78)
    draw.text(x, 112, "deadline", at="end")
    draw.text(20, 140, "A first rough model comes within seconds; candidates")
    draw.text(20, 158, "follow as long as the time reserved for the rest is left.")


PICTURES: Mapping[str, tuple[int, Draw]] = {
    "course": (404, _course),
    "folds": (288, _folds),
    "ensemble": (180, _ensemble),
    "scores": (206, _scores),
    "time": (170, _time),
}
"""By name, with the height in units."""


def main() -> None:
    for name, text in files_of(PICTURES).items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
