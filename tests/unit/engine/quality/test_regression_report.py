import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

from windvane.engine.quality.measured import engine_figures, measured
from windvane.engine.quality.regression_report import regression_sections
from windvane.engine.reports.document import Figure, Table


@pytest.fixture(scope="module")
def judged(random_values):
    return random_values(n_rows=2_500)


@pytest.fixture(scope="module")
def sections(judged):
    found = regression_sections(judged, measured(judged, engine_figures))
    return {section.title: section.blocks for section in found}


def _figure(sections, title):
    return next(block for block in sections[title] if isinstance(block, Figure))


def test_rows_are_drawn_over_their_predictions_beside_the_exact_line(judged, sections):
    axes = Canvas().add_subplot()
    _figure(sections, "Actual vs. predicted").draw(axes)
    exact, rows = (line.get_xydata() for line in axes.lines)
    assert (exact[:, 0] == exact[:, 1]).all()
    assert exact[:, 0].tolist() == [judged.predicted.min(), judged.predicted.max()]
    pairs = set(zip(judged.predicted, judged.y, strict=True))
    assert {tuple(point) for point in rows} <= pairs


def test_bins_hold_all_rows_and_their_means(judged, sections):
    rows = _figure(sections, "Actual vs. predicted").numbers.rows
    counts = np.array([float(row[0]) for row in rows])
    assert counts.sum() == judged.n_rows
    for place, values in ((1, judged.predicted), (2, judged.y)):
        means = np.array([float(row[place]) for row in rows])
        assert counts @ means / judged.n_rows == pytest.approx(values.mean(), rel=1e-3)


def test_quantiles_of_residuals_are_told(judged, sections):
    rows = dict(_figure(sections, "Residuals").numbers.rows)
    residuals = judged.y - judged.predicted
    assert float(rows["95 %"]) == pytest.approx(np.quantile(residuals, 0.95), rel=1e-3)
    assert float(rows["100 %"]) == pytest.approx(residuals.max(), rel=1e-3)


def test_intervals_are_told_with_what_they_held(judged, sections):
    held = next(block for block in sections["Prediction intervals"] if isinstance(block, Table))
    assert [row[0] for row in held.rows] == ["50 %", "80 %", "95 %"]
    for row in held.rows:
        assert float(row[1].removesuffix(" %")) == pytest.approx(float(row[0][:-2]), abs=3)
    low, high = _figure(sections, "Prediction intervals").numbers.rows[0][4].split(" to ")
    first = judged.predicted <= np.quantile(judged.predicted, 0.1)
    residuals = (judged.y - judged.predicted)[first]
    inside = (residuals >= float(low)) & (residuals <= float(high))
    assert inside.mean() == pytest.approx(0.95, abs=0.02)
