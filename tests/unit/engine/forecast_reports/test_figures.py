import json

import pytest

from windvane.engine.forecast_reports import figures
from windvane.engine.forecast_reports.figures import figures_json


@pytest.fixture(scope="module")
def document(job):
    return figures_json(job.backtests(), job.forecaster)


def test_it_is_json_with_every_series_and_its_fan(document):
    json.dumps(document, allow_nan=False)
    assert document["kind"] == "forecast"
    assert next(one["item"] for one in document["series"]) == "s011"
    assert [one["place"] for one in document["fans"]] == list(range(12))
    fan = document["fans"][0]
    assert len(fan["seconds"]) == len(fan["values"])
    assert len(fan["ahead"]["quantiles"]) == document["horizon"]
    assert len(fan["ahead"]["quantiles"][0]) == len(document["levels"])


def test_weights_and_scores_of_every_model_are_in_it(document):
    models = {one["name"]: one for one in document["models"]}
    assert sum(one["weight"] or 0 for one in models.values()) == pytest.approx(1)
    assert len(document["coverage"]["by_window"]) == len(document["windows"])


def test_of_many_series_the_worst_and_some_others_have_a_fan(job, monkeypatch):
    monkeypatch.setattr(figures, "_MOST_FANS", 6)
    made = figures_json(job.backtests(), None)
    places = [one["place"] for one in made["fans"]]
    assert places[:3] == [0, 1, 2]
    assert places[-1] == 11
    assert len(places) == 6
    assert made["fans"][0]["ahead"] is None
