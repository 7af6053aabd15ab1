import csv
import io
import json
import random

import pytest
from unit.serving.forecasting.conftest import HORIZON, history, plain, served

from windvane.domain.jsonpath import read_path
from windvane.errors import InvalidRequest
from windvane.serving.batch import BatchRequest
from windvane.serving.content_types import CSV, JSON, JSON_LINES
from windvane.serving.forecasting import batch
from windvane.serving.forecasting.batch import forecast_object

HEAD = "id,t,y\n"


def answer(model, text, folder, **changes):
    """The answer to a text that comes in pieces of up to a few bytes."""
    asked = {"content": CSV, "accept": CSV, "splits": False, "max_bytes": 0, **changes}
    read = io.BytesIO(text.encode()).read
    return b"".join(forecast_object(model, BatchRequest(**asked), read, folder)).decode()


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_whole_history_is_answered_as_by_an_endpoint(model, tmp_path):
    text = HEAD + history("b", range(30)) + history("a", range(20))
    made = answer(model, text, tmp_path)
    assert made.encode() == model.answer(text.encode(), CSV, CSV)[0]
    assert [row["id"] for row in rows(made)] == ["a"] * HORIZON + ["b"] * HORIZON


@pytest.mark.parametrize("accept", [CSV, JSON, JSON_LINES])
def test_what_does_not_fit_into_memory_is_forecast_by_items_whatever_the_order(
    accept, model, tmp_path, monkeypatch
):
    lines = [
        line
        for number in range(90)
        for line in history(f"item {number:03d}", range(number, number + 20)).splitlines()
    ]
    random.Random(0).shuffle(lines)
    text = HEAD + "\n".join(lines) + "\n"
    whole = answer(model, text, tmp_path, accept=accept)
    monkeypatch.setattr(batch, "MOST_HELD_BYTES", 1_000)
    monkeypatch.setattr(
        batch, "csv_tables", lambda read, wanted, most: tables(read, wanted, most, 3_000)
    )
    divided = answer(model, text, tmp_path, accept=accept)
    if accept == JSON:
        one, other = (json.loads(made)["predictions"] for made in (whole, divided))
        assert sorted(map(str, one)) == sorted(map(str, other))
    else:
        assert sorted(divided.splitlines()) == sorted(whole.splitlines())
        assert divided != whole
    assert list(tmp_path.glob("items-*")) == []


tables = batch.csv_tables


def test_a_fault_in_a_part_says_how_rows_are_counted(model, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "MOST_HELD_BYTES", 10)
    text = HEAD + history("a", range(20)) + "b,someday,1\n"
    with pytest.raises(InvalidRequest, match=r"'someday'.* Rows of a large object are divided"):
        answer(model, text, tmp_path)


def test_names_of_items_are_enough(model, tmp_path):
    made = rows(answer(model, "id\ns002\ns000\n", tmp_path))
    assert [row["id"] for row in made] == ["s000"] * HORIZON + ["s002"] * HORIZON


def test_what_forecasts_are_made_of_is_told_too(model, tmp_path):
    made = rows(answer(model, "id\ns002\ns000\n", tmp_path, explains=True))
    assert list(made[0])[-3:] == ["level", "trend", "season"]


def test_an_empty_object_has_an_empty_answer(model, tmp_path):
    assert answer(model, "", tmp_path) == ""
    assert answer(model, " \n", tmp_path, content=JSON) == ""


def test_json_ends_as_is_asked_for(model, tmp_path):
    text = json.dumps([{"id": "s000"}])
    wanted = {"content": JSON, "accept": JSON}
    assert answer(model, text, tmp_path, **wanted, ends_lines=True).endswith("]}\n")
    assert answer(model, text, tmp_path, **wanted, ends_lines=False).endswith("]}")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"splits": True}, "set SplitType to None"),
        ({"joins": True}, "JoinSource"),
        ({"input_filter": read_path("$[1:]")}, "InputFilter"),
        ({"output_filter": read_path("$[0]")}, "OutputFilter"),
        ({"max_bytes": 20}, "more than 20 bytes, which is what MaxPayloadInMB allows"),
    ],
)
def test_what_no_forecast_can_be_asked_for_is_refused(changes, told, model, tmp_path):
    with pytest.raises(InvalidRequest, match=told):
        answer(model, HEAD + history("a", range(20)), tmp_path, **changes)


def test_json_that_must_be_in_memory_has_a_largest_size(model, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "MOST_RECORD_BYTES", 10)
    with pytest.raises(InvalidRequest, match="more than 10 bytes, which is the most"):
        answer(model, json.dumps([{"id": "s000"}]), tmp_path, content=JSON)


def test_an_object_without_the_column_of_items_is_refused_without_being_held(tmp_path):
    model = served(tmp_path / "p", plain())
    with pytest.raises(InvalidRequest, match=r"no column 'id' \(the item identifier\)"):
        answer(model, "t,y\n" + "1971-01-01,1\n" * 10, tmp_path)
