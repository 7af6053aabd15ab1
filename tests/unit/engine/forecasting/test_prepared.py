import json
from dataclasses import replace

import numpy as np
import pytest
from unit.engine.forecasting.conftest import make_panel, prepared_of, seasonal_series

from windvane.domain.forecasting import Fill, Filling, FillMethod
from windvane.engine.forecasting.prepared import (
    PreparedSeries,
    read_prepared,
    spec_from_json,
    spec_to_json,
    write_prepared,
)
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.engine.manifest import write_manifest
from windvane.errors import CorruptArtifact


def with_covariate():
    panel = make_panel(
        seasonal_series(2, 20),
        known=np.arange(40.0)[:, None],
        future=np.ones((2, 6, 1)),
        past=np.ones((40, 2)),
    )
    spec = replace(
        prepared_of(panel).spec,
        known_covariates=("x",),
        group_columns=("g", "h"),
        past_covariates=("z",),
        filling={"x": Filling(future=Fill(FillMethod.ZERO))},
    )
    past = (CovariateEncoding("z", ("rain", "sun")),)
    known = (CovariateEncoding("x"),)
    return PreparedSeries(panel, spec, known, (), past=past, time_format="%d/%m/%Y")


def test_series_are_read_as_they_were_written(tmp_path):
    prepared = with_covariate()
    write_prepared(prepared, tmp_path)
    again = read_prepared(tmp_path)
    assert again.spec == prepared.spec
    assert again.time_format == prepared.time_format
    assert again.panel.items == prepared.panel.items
    for name in ("values", "bounds", "first", "known", "future", "past"):
        assert np.array_equal(getattr(again.panel, name), getattr(prepared.panel, name))


def test_a_million_values_without_covariates_are_read_too(tmp_path):
    prepared = prepared_of(make_panel([np.arange(600_000.0), np.arange(500_000.0)]))
    write_prepared(prepared, tmp_path)
    again = read_prepared(tmp_path).panel
    assert again.known.shape == (1_100_000, 0)
    assert again.future.shape == (2, 0, 0)


def test_a_spec_is_the_same_after_json():
    spec = with_covariate().spec
    assert spec_from_json(json.loads(json.dumps(spec_to_json(spec)))) == spec


def test_a_spec_without_what_came_later_is_read():
    spec = replace(with_covariate().spec, group_columns=(), past_covariates=())
    told = json.loads(json.dumps(spec_to_json(spec)))
    del told["group_columns"], told["past_covariates"]
    assert spec_from_json(told) == spec


@pytest.mark.parametrize(
    "change",
    [
        {"items": ["only one"]},
        {"items": ["a", 1]},
        {"frequency": "7D"},
        {"known": []},
        {"past": []},
        {"time_format": "(a+)+$"},
        {"time_format": ["%Y"]},
        {"spec": {}},
        {"findings": [{"code": "x"}]},
        {"known": ["x"]},
        {"known": [{"name": "x", "categories": [str(i) for i in range(13)]}]},
        {"spec": {"filling": []}},
        {"spec": {"filling": {"x": "zero"}}},
        {"spec": {"quantiles": [10**400]}},
        {"spec": []},
    ],
)
def test_what_does_not_go_together_is_refused(change, tmp_path):
    write_prepared(with_covariate(), tmp_path)
    file = tmp_path / "series.json"
    told = json.loads(file.read_text())
    if change.get("spec"):
        change = {"spec": {**told["spec"], **change["spec"]}}
    file.write_text(json.dumps({**told, **change}))
    write_manifest(tmp_path, "series", {})
    with pytest.raises(CorruptArtifact, match="no complete series"):
        read_prepared(tmp_path)


def test_times_beyond_all_times_are_refused(tmp_path):
    prepared = with_covariate()
    panel = replace(prepared.panel, first=np.array([0, 2**40]))
    write_prepared(replace(prepared, panel=panel), tmp_path)
    with pytest.raises(CorruptArtifact, match="'first' holds"):
        read_prepared(tmp_path)


def test_bounds_that_lead_outside_are_refused(tmp_path):
    prepared = with_covariate()
    panel = replace(prepared.panel, bounds=np.array([0, 50, 40]))
    write_prepared(replace(prepared, panel=panel), tmp_path)
    with pytest.raises(CorruptArtifact, match=r"series is empty|bounds"):
        read_prepared(tmp_path)
