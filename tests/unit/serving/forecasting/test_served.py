import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from unit.serving.forecasting.conftest import (
    HORIZON,
    history,
    packed,
    plain,
    served,
    with_covariate,
)

from windvane.engine.forecasting.forecast import Forecast
from windvane.engine.forecasting.forecaster import Forecaster
from windvane.engine.forecasting.reading import CovariateEncoding
from windvane.engine.manifest import write_manifest
from windvane.errors import AcceptRefused, ContentTypeRefused, CorruptArtifact, InvalidRequest
from windvane.serving.forecasting import served as serving
from windvane.serving.model import LocalContainer
from windvane.serving.served import load_served

HEAD = "id,t,y\n"
DOCS = Path(__file__).resolve().parents[4] / "docs" / "forecasting.md"


def table(answer):
    return list(csv.DictReader(io.StringIO(answer[0].decode())))


def test_a_history_is_answered_with_a_row_for_each_step_ahead(model):
    week = [10, 20, 30, 40, 50, 60, 70]
    answer = model.answer((HEAD + history("new", week * 4)).encode(), "text/csv", "")
    assert answer[1] == "text/csv"
    assert answer[0].decode().splitlines()[0] == "id,t,p10,p50,p90,mean"
    rows = table(answer)
    assert [row["t"] for row in rows] == ["1971-01-29", "1971-01-30", "1971-01-31"]
    assert [float(row["p50"]) for row in rows] == pytest.approx([10, 20, 30])
    assert {row["id"] for row in rows} == {"new"}


def test_the_documented_request_is_answered_as_documented(tmp_path):
    request, response = re.findall(r"```text\n(.*?)```", DOCS.read_text(), re.DOTALL)
    prepared = with_covariate()
    spec = replace(
        prepared.spec,
        target="sales",
        timestamp="day",
        item_id="shop",
        known_covariates=("promotion",),
        horizon=2,
    )
    prepared = replace(prepared, spec=spec, known=(CovariateEncoding("promotion"),))
    made = served(tmp_path / "p", prepared).answer(request.encode(), "text/csv", "")
    told = list(csv.DictReader(io.StringIO(response)))
    assert list(told[0]) == list(table(made)[0])
    assert [row["day"] for row in told] == [row["day"] for row in table(made)]


def test_items_alone_are_forecast_from_the_history_that_is_kept(model):
    rows = table(model.answer(b"id\ns001\ns000\n", "text/csv", ""))
    whole = model.forecaster.forecast()
    assert [row["id"] for row in rows] == ["s000"] * HORIZON + ["s001"] * HORIZON
    assert [float(row["mean"]) for row in rows] == whole.mean[:2].ravel().tolist()


def test_json_and_json_lines_say_the_same_as_csv(model):
    told = {"instances": [{"id": "s002"}]}
    of_csv = table(model.answer(b"id\ns002\n", "text/csv", ""))
    body = json.dumps(told).encode()
    document, media = model.answer(body, "application/json", "application/json")
    assert media == "application/json"
    predictions = json.loads(document)["predictions"]
    assert [{k: str(v) for k, v in one.items()} for one in predictions] == of_csv
    lines, _ = model.answer(b'{"id": "s002"}\n', "application/jsonlines", "application/jsonlines")
    assert [json.loads(line) for line in lines.decode().splitlines()] == predictions
    answer = model.answer(json.dumps(told["instances"]).encode(), "application/json", "")
    assert table(answer) == of_csv


def test_what_a_mean_is_made_of_is_told_where_it_is_asked_for(of_covariate):
    past = "".join(f"a,1971-01-{day:02d},{day % 7},0\n" for day in range(1, 28))
    future = "".join(f"a,1971-01-{day},,1\n" for day in (28, 29, 30))
    body = ("id,t,y,x\n" + past + future).encode()
    plainly = table(of_covariate.answer(body, "text/csv", ""))
    rows = table(of_covariate.answer(body, "text/csv", "text/csv; explain=true"))
    assert list(rows[0]) == [*plainly[0], "level", "trend", "season", "x_effect", "x_value"]
    assert {row["x_value"] for row in rows} == {"1.0"}
    for row, other in zip(rows, plainly, strict=True):
        assert {name: row[name] for name in other} == other
        parts = [float(row[name]) for name in ("level", "trend", "season", "x_effect")]
        assert sum(parts) == pytest.approx(float(row["mean"]))
    answer, media = of_covariate.answer(body, "text/csv", "application/json;explain=true")
    predictions = json.loads(answer)["predictions"]
    assert media == "application/json"
    assert [{name: str(value) for name, value in one.items()} for one in predictions] == rows


def test_quantiles_are_those_that_were_asked_for_in_the_training(tmp_path):
    model = served(tmp_path / "p", plain(quantiles=(0.05, 0.9)))
    rows = table(model.answer(b"id\ns000\n", "", ""))
    assert list(rows[0]) == ["id", "t", "p5", "p90", "mean"]


def test_times_of_the_day_are_told_where_there_are_such(model):
    rows = "".join(f"a,1971-01-{day:02d} 06:00:00,{day}\n" for day in range(1, 20))
    made = table(model.answer((HEAD + rows).encode(), "", ""))
    assert made[0]["t"] == "1971-01-20 06:00:00"


def test_series_of_groups_are_told_by_all_of_their_key(tmp_path):
    prepared = plain(2, group_columns=("shop", "size"))
    panel = replace(prepared.panel, items=("tea | a | 1", "tea | b | 1"))
    model = served(tmp_path / "p", replace(prepared, panel=panel))
    rows = table(model.answer(b"shop,size,id\nb,1,tea\n", "", ""))
    assert list(rows[0])[:4] == ["id", "shop", "size", "t"]
    assert (rows[0]["id"], rows[0]["shop"], rows[0]["size"]) == ("tea", "b", "1")


def test_the_default_accept_type_comes_from_the_environment(tmp_path):
    environment = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/json"}
    model = served(tmp_path / "p", plain(), environment)
    assert model.answer(b"id\ns000\n", "text/csv", "")[1] == "application/json"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no header"),
        (b"id,id\na,b\n", "names the column 'id' twice"),
        (b"id" + b",x" * 1_000 + b"\n", "header has more than 1,000 columns"),
        (b"id,t\na,1971-01-01\nb\n", "Row 2 has 1 values; the header has 2: id, t"),
        (b'id,t\n"a\n', "Row 2 is not valid CSV"),
        (b"id,t\n\xff,\n", "not valid UTF-8"),
        (b"id\nnobody\n", "no history of the item 'nobody'"),
        (b"id,t,y\na,1971-01-01,1\na,1971-13-01,2\n", "row 2, the first of them '1971-13-01'"),
        (b"id,t,y\na,0001-01-01,1\na,9999-01-01,2\na,9999-01-02,2\n", "9999-01-01"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(body, told, model, monkeypatch):
    monkeypatch.setattr(serving, "MOST_STEPS", 1_000)
    if told == "9999-01-01":
        told = "3,651,696 steps together; 1,000 are the most"
    with pytest.raises(InvalidRequest, match=told):
        model.answer(body, "text/csv", "")


def test_a_forecast_that_has_no_finite_numbers_is_refused(model):
    class Endless:
        prepared = model.forecaster.prepared

        def forecast(self, part, *_):
            mean = np.full((part.n_series, HORIZON), 1.0)
            mean[1, 2] = np.inf
            return Forecast(mean, np.ones((part.n_series, HORIZON, 3)))

    with pytest.raises(InvalidRequest, match="'s001' has no finite numbers: its values are too"):
        replace(model, forecaster=Endless()).answer(b"id\ns000\ns001\n", "text/csv", "")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{}", "must be a list of rows"),
        (b'{"instances": 3}', "must be a list of rows"),
        (b"[[1, 2]]", "Row 1 must be an object"),
        (b'[{"id": ["a"]}]', "row 1, column 'id' must be a string, a number or null, not a list"),
        (b'[{"id": ', "not valid JSON"),
        (b'[{"id": "\\ud800"}]', "column 'id' has half of a surrogate pair"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "There are no rows"),
        (b'[{"item": "s000"}]', "There are no rows"),
    ],
)
def test_what_is_no_table_in_json_is_told(body, told, model):
    with pytest.raises(InvalidRequest, match=told):
        model.answer(body, "application/json", "")


def test_content_types_are_those_of_other_models(model):
    with pytest.raises(ContentTypeRefused):
        model.answer(b"id\ns000\n", "image/png", "")
    with pytest.raises(AcceptRefused):
        model.answer(b"id\ns000\n", "text/csv", "image/png")


def test_a_covariate_that_is_missing_is_told_with_item_and_step(of_covariate):
    body = "id,t,y,x\n" + "".join(f"a,1971-01-{day:02d},1,0\n" for day in range(1, 9))
    rows = "a,1971-01-09,,1\na,1971-01-10,,1\n"
    with pytest.raises(InvalidRequest, match="'x' has no value for the item 'a' at 1971-01-11"):
        of_covariate.answer((body + rows).encode(), "text/csv", "")
    whole = (body + rows + "a,1971-01-11,,1\n").encode()
    assert len(table(of_covariate.answer(whole, "text/csv", ""))) == HORIZON


def test_more_series_than_there_is_time_for_are_refused_at_once(tmp_path):
    clock = iter(range(0, 1000, 2))
    model = replace(served(tmp_path / "p", plain(2)), clock=lambda: float(next(clock)))
    body = HEAD + "".join(history(f"i{number:05d}", [1, 2]) for number in range(10_000))
    told = (
        r"of 10,000 series takes longer than the 50 seconds .*: 256 took 2.0 seconds. "
        "Send at most 5,120 series"
    )
    with pytest.raises(InvalidRequest, match=told):
        model.answer(body.encode(), "text/csv", "")
    assert next(clock) == 4


def test_more_series_than_an_answer_has_room_for_are_refused_before_any_is_forecast(
    model, monkeypatch
):
    monkeypatch.setattr(serving, "MOST_ANSWER_BYTES", 2_000)
    body = HEAD + "".join(history(f"i{number:03d}", [1, 2]) for number in range(30))
    unable = replace(model, forecaster=SimpleNamespace(prepared=model.forecaster.prepared))
    told = (
        r"of 30 series takes at least 2,430 bytes; an answer can have 2,000. "
        "Send fewer than 19 series at once, or use a transform job"
    )
    with pytest.raises(InvalidRequest, match=told):
        unable.answer(body.encode(), "text/csv", "")


def test_an_answer_that_grows_too_large_is_made_no_further(model, monkeypatch):
    """What its numbers and names take is known from the first series."""
    monkeypatch.setattr(serving, "MOST_ANSWER_BYTES", 1_500)
    monkeypatch.setattr(serving, "SERIES_AT_ONCE", 2)
    made, tell = [], Forecaster.forecast

    def counted(self, history, *more):
        made.append(history.n_series)
        return tell(self, history, *more)

    monkeypatch.setattr(Forecaster, "forecast", counted)
    body = HEAD + "".join(history("i" * 99 + str(number), [1, 2]) for number in range(8))
    with pytest.raises(InvalidRequest, match=r"takes about 3,\d+ bytes.*fewer than 2 series"):
        model.answer(body.encode(), "text/csv", "")
    assert made == [2]


def test_what_it_takes_and_gives_is_described(of_covariate):
    told = of_covariate.describe()
    assert [column["name"] for column in told["columns"]] == ["t", "id", "x", "y"]
    assert told["columns"][1]["values"] == ["s000", "s001"]
    assert told["responses"] == ["p10", "p50", "p90", "mean"]
    assert told["problem_type"] == "TimeSeriesForecasting"
    assert json.loads(json.dumps(told)) == told


def test_a_forecaster_is_recognised_by_its_manifest(tmp_path):
    folder = packed(tmp_path / "p", plain())
    model = load_served([LocalContainer({}, folder, "mine")])
    assert model.container_names == ("mine", "mine", "mine")
    assert model.answer(b"id\ns000\n", "", "")[0].startswith(b"id,t,p10")


def test_containers_that_no_forecaster_has_are_refused(tmp_path):
    folder = packed(tmp_path / "p", plain())
    mode = {"AUTOML_TRANSFORM_MODE": "feature-transform"}
    with pytest.raises(InvalidRequest, match="cannot be served"):
        load_served([LocalContainer(mode, folder)])
    accept = {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/xml"}
    with pytest.raises(InvalidRequest, match="application/xml"):
        load_served([LocalContainer(accept, folder)])


def test_a_file_that_was_changed_is_refused(tmp_path):
    folder = packed(tmp_path / "p", plain())
    (folder / "forecaster.json").write_text("{}")
    with pytest.raises(CorruptArtifact, match="SHA-256"):
        load_served([LocalContainer({}, folder)])
    (folder / "manifest.json").unlink()
    write_manifest(folder, "forecaster", {})
    with pytest.raises(CorruptArtifact, match="does not describe a forecaster"):
        load_served([LocalContainer({}, folder)])
