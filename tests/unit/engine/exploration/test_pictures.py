import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from windvane.engine.exploration.bins import Bins
from windvane.engine.exploration.pictures import (
    BLUE,
    GREY,
    ORANGE,
    bars,
    diverging,
    grid,
    lying_bars,
    marks,
    mean_by_bin,
    shares_by_bin,
)

NAMES = ("$a$ $b$", "x\ny", "\u202eabc", "w" * 300, "#_^{}\\")


@pytest.fixture
def axes():
    return Figure().add_subplot()


def bins(n_ordered=5):
    counts = np.array([4, 8, 0, 2, 1])
    return Bins(NAMES, NAMES, counts, np.zeros((5, 1)), n_ordered)


def rendered(axes):
    axes.figure.canvas.draw()
    return [label.get_text() for label in (*axes.get_xticklabels(), *axes.get_yticklabels())]


def heights(axes, colour):
    return [
        np.ptp(corners.vertices[:, 1])
        for bars in axes.collections
        if to_hex(bars.get_facecolor()[0]) == colour.lower()
        for corners in bars.get_paths()
    ]


def test_bars_are_as_high_as_they_are_told(axes):
    bars(NAMES, [4, 8, 0, 2, 1], "rows")(axes)
    assert heights(axes, BLUE) == [4, 8, 0, 2, 1]
    assert axes.get_ylabel() == "rows"


def test_lying_bars_are_as_long_as_they_are_told_with_the_first_on_top(axes):
    lying_bars(NAMES, [4, 8, 0, 2, 1], "rows")(axes)
    assert [patch.get_width() for patch in axes.patches] == [4, 8, 0, 2, 1]
    assert axes.yaxis_inverted()


def test_names_are_harmless_in_every_picture(axes):
    bars(NAMES, [4, 8, 0, 2, 1], "$rows$")(axes)
    told = rendered(axes)
    assert r"\$a\$ \$b\$" in told
    assert all("\n" not in text and "\u202e" not in text and len(text) <= 32 for text in told)
    assert axes.get_ylabel() == r"\$rows\$"


def test_means_stand_above_the_bars_of_rows(axes):
    means = np.array([1.0, 3, np.nan, 2, 2])
    mean_by_bin(bins(), means, 2.5, "mean target")(axes)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), means)
    assert heights(axes, GREY) == [0.125, 0.25, 0, 0.0625, 0.03125]
    low, high = axes.get_ylim()
    assert low + 0.25 * (high - low) < 1
    assert high > 3
    assert min(axes.get_yticks()) > low + 0.2 * (high - low)


def test_only_bins_that_follow_each_other_are_joined(axes):
    mean_by_bin(bins(n_ordered=3), np.arange(5.0), 2.0, "mean target")(axes)
    joined = [line for line in axes.lines if line.get_linestyle() == "-"]
    assert [len(line.get_xdata()) for line in joined] == [3]


@pytest.mark.parametrize("means", [[0.0] * 5, [7.0] * 5, [np.nan] * 4 + [1.0]])
def test_means_that_are_all_the_same_can_be_drawn(axes, means):
    mean_by_bin(bins(), np.array(means), np.nanmean(means), "mean target")(axes)
    rendered(axes)


def test_shares_are_stacked_to_one(axes):
    shares = np.array([[0.5, 0.5], [0.25, 0.75], [np.nan, np.nan], [1, 0], [0, 1]])
    shares_by_bin(bins(), shares, ("no", "yes"))(axes)
    assert heights(axes, BLUE) == [0.5, 0.25, 0, 1, 0]
    assert heights(axes, ORANGE) == [0.5, 0.75, 0, 0, 1]
    rendered(axes)


def test_classes_have_colours_of_their_own(axes):
    shares = np.full((5, 7), 1 / 7)
    shares_by_bin(bins(), shares, [f"class {k}" for k in range(7)])(axes)
    faces = axes.get_legend().get_patches()
    assert len({to_hex(face.get_facecolor()) for face in faces}) == 7


def test_signs_have_colours_and_nothing_is_white():
    image = diverging(np.array([[1.0, -1, 0, np.nan]]))
    assert [to_hex(colour) for colour in image[0]] == ["#d55e00", "#0072b2", "#ffffff", "#777777"]


def test_marked_cells_differ_from_the_others():
    image = marks(np.array([[True, False]]))
    assert [to_hex(colour) for colour in image[0]] == ["#d55e00", "#ffffff"]


def test_a_grid_names_its_rows_and_columns(axes):
    grid(diverging(np.eye(5)), NAMES, ["a", "b", "c", "d", "e"])(axes)
    assert {"a", "b", r"\$a\$ \$b\$"} <= set(rendered(axes))
