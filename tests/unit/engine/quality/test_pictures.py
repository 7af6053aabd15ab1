"""What is on the axes after drawing."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from windvane.engine.quality.calibration import reliability
from windvane.engine.quality.confusion import Confusion
from windvane.engine.quality.curves import Curve
from windvane.engine.quality.intervals import fit_intervals
from windvane.engine.quality.pictures import (
    Axis,
    draw_bands,
    draw_classes,
    draw_confusion,
    draw_curve,
    draw_histogram,
    draw_lines,
    draw_points,
    draw_reliability,
    share_axis,
)

DIAGONAL = Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]))


def _drawn(draw):
    figure = Figure()
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    draw(axes)
    figure.canvas.draw()
    return axes


def _legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_curve_is_drawn_with_chance_and_the_model_on_it():
    curve = Curve(np.array([0.0, 0.2, 1.0]), np.array([0.0, 0.9, 1.0]))
    axes = _drawn(draw_curve(curve, share_axis("x"), Axis("y"), DIAGONAL, (0.2, 0.9)))
    assert _legend(axes) == ["random", "model", "current threshold"]
    assert axes.lines[1].get_ydata().tolist() == [0.0, 0.9, 1.0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")
    assert axes.get_xlim() == (-0.02, 1.02)


def test_lines_differ_in_colour_and_in_dashes():
    lines = [(name, DIAGONAL) for name in ("a", "b", "c", "d")]
    axes = _drawn(draw_lines(lines, Axis("x"), Axis("y"), 0.4))
    drawn = axes.lines[:4]
    assert len({line.get_color() for line in drawn}) == 4
    assert len({line.get_linestyle() for line in drawn}) == 4


def test_cells_of_the_confusion_matrix_are_percent_of_the_actual_class():
    axes = _drawn(draw_confusion(Confusion(np.array([[3, 1], [0, 0]])), ["a", "b"]))
    assert [text.get_text() for text in axes.texts] == ["75", "25", "0", "0"]


def test_hostile_labels_are_drawn_as_text(hostile_labels):
    counts = np.ones((10, 10), np.int64)
    axes = _drawn(draw_confusion(Confusion(counts), hostile_labels))
    ticks = [tick.get_text() for tick in axes.get_xticklabels()]
    assert ticks[0] == r"\$x^2\$"
    assert max(len(tick) for tick in ticks) <= 32
    _drawn(draw_classes(hostile_labels, [("recall", np.linspace(0, 1, 10))]))


def test_classes_stand_from_top_to_bottom_without_what_is_unknown():
    axes = _drawn(draw_classes(["a", "b"], [("recall", np.array([0.5, np.nan]))]))
    low, high = axes.get_ylim()
    assert low > high
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a", "b"]


@pytest.mark.parametrize("n_rows", [1, 2, 500])
def test_calibration_is_drawn_with_its_intervals(n_rows):
    random = np.random.default_rng(0)
    found = reliability(random.random(n_rows), random.random(n_rows) < 0.5)
    axes = _drawn(draw_reliability(found, share_axis("x"), share_axis("y")))
    assert _legend(axes) == ["perfect", "model, with 95 % intervals"]


def test_bands_are_widest_at_the_back(random_values):
    judged = random_values()
    found = fit_intervals(judged.y, judged.predicted)
    centres = np.arange(len(found.low), dtype=float)
    axes = _drawn(draw_bands(centres, found.low, found.high, Axis("x"), Axis("y")))
    assert _legend(axes) == ["95 % of rows", "80 % of rows", "50 % of rows"]


def test_histogram_and_points_show_the_rows_they_are_given():
    axes = _drawn(draw_histogram(np.array([1, 4]), np.array([-1.0, 0.0, 1.0]), "off by"))
    assert axes.patches[0].get_data().values.tolist() == [1, 4]
    x, y = np.arange(5.0), np.arange(5.0) ** 2
    axes = _drawn(draw_points(x, y, Axis("predicted"), Axis("actual"), DIAGONAL))
    assert axes.lines[1].get_ydata().tolist() == y.tolist()
