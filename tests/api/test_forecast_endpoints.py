"""An endpoint of a forecaster through boto3, the real edge and a real model process: histories in, forecasts out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from api.hosted_models import HostedModels, signed
from api.world import ACCOUNT, REGION
from botocore.config import Config
from botocore.exceptions import ClientError
from unit.serving.forecasting.conftest import HORIZON, history, packed, plain, with_covariate

HEAD = "id,t,y\n"
NAMES = ("seasonal-naive", "theta", "npts")


@pytest.fixture(scope="module")
def live(tmp_path_factory: Any) -> Iterator[HostedModels]:
    folder = tmp_path_factory.mktemp("forecasts")
    packages = {
        "Sales": packed(folder / "sales", plain(), NAMES),
        "Priced": packed(folder / "priced", with_covariate()),
    }
    built = HostedModels(folder, packages)
    yield built
    built.close()


@pytest.fixture(scope="module")
def client(live: HostedModels) -> Iterator[Any]:
    with live.listening() as address:
        yield boto3.client(
            "sagemaker-runtime",
            endpoint_url=address,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        )


def invoked(client: Any, body: str, **members: Any) -> Any:
    wanted = {
        "EndpointName": "live",
        "TargetVariant": "Sales",
        "ContentType": "text/csv",
        "Body": body.encode(),
    }
    return client.invoke_endpoint(**wanted | members)


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer["Body"].read().decode())))


def refusal(client: Any, body: str, **members: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as error:
        invoked(client, body, **members)
    told = error.value.response
    assert told["Error"]["Code"] == "ModelError"
    return told["OriginalStatusCode"], told["OriginalMessage"]


@pytest.mark.slow
def test_a_history_is_answered_with_its_forecast(client: Any) -> None:
    answer = invoked(client, HEAD + history("new", [10, 20, 30, 40, 50, 60, 70] * 6))
    assert answer["ContentType"] == "text/csv"
    made = rows(answer)
    assert list(made[0]) == ["id", "t", "p10", "p50", "p90", "mean"]
    assert [row["t"] for row in made] == ["1971-02-12", "1971-02-13", "1971-02-14"]
    assert all(float(row["p10"]) <= float(row["p50"]) <= float(row["p90"]) for row in made)


@pytest.mark.slow
def test_names_of_items_are_answered_from_the_training_history(client: Any) -> None:
    body = json.dumps({"instances": [{"id": "s001"}]})
    answer = invoked(client, body, ContentType="application/json", Accept="application/json")
    assert answer["ContentType"] == "application/json"
    made = json.loads(answer["Body"].read())["predictions"]
    assert [one["id"] for one in made] == ["s001"] * HORIZON
    of_csv = rows(invoked(client, "id\ns001\n"))
    assert [float(row["mean"]) for row in of_csv] == [one["mean"] for one in made]


def test_known_covariates_of_the_steps_ahead_are_asked_for_by_step(client: Any) -> None:
    past = "".join(f"a,1971-01-{day:02d},{day},0\n" for day in range(1, 20))
    future = "a,1971-01-20,,1\na,1971-01-21,,1\na,1971-01-22,,1\n"
    made = rows(invoked(client, "id,t,y,x\n" + past + future, TargetVariant="Priced"))
    assert len(made) == HORIZON
    status, told = refusal(client, "id,t,y,x\n" + past + future[:-16], TargetVariant="Priced")
    assert status == 400
    assert "'x' has no value for the item 'a' at 1971-01-22T00:00:00, step 3 of 3" in told


def test_what_a_forecast_is_made_of_is_told_where_it_is_asked_for(client: Any) -> None:
    made = rows(invoked(client, "id\ns001\n", Accept="text/csv; explain=true"))
    for row in made:
        parts = sum(float(row[name]) for name in ("level", "trend", "season"))
        assert parts == pytest.approx(float(row["mean"]))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (HEAD + "a,1971-01-01,1\na,yesterday,2\n", "row 2, the first of them 'yesterday'"),
        ("id\nnobody\n", "There is no history of the item 'nobody'"),
        ("t,y\n1971-01-01,1\n", "There is no column 'id' (the item identifier)"),
        (HEAD + history("a", ["1", "much"]), "The column 'y' must have numbers"),
        (
            HEAD + "".join(f"a,19{year}-01-01,1\n" for year in range(71, 76)),
            "The frequency of the model is D, and no values are that close",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(body: str, told: str, client: Any) -> None:
    status, message = refusal(client, body)
    assert (status, told in message) == (400, True), message


HOSTILE = {
    "columns without end": ("text/csv", "id" + "," * 100_000 + "\n"),
    "rows that never end": ("text/csv", 'id,t,y\n"' + "a\n" * 100_000),
    "times that are none": ("text/csv", HEAD + "".join(f"a,x{i},1\n" for i in range(50_000))),
    "steps without end": ("text/csv", HEAD + "a,0001-01-01 00:00:00,1\nb,9999-12-31,2\n" * 2),
    "series without end": ("text/csv", "id\n" + "".join(f"{i}\n" for i in range(100_000))),
    "half a character": ("application/json", '[{"id": "\\ud800"}]'),
    "depth without end": ("application/json", "[" * 1_000_000),
    "columns in rows": (
        "application/json",
        "[" + ",".join(f'{{"c{i}": 1}}' for i in range(50_000)) + "]",
    ),
    "a number without end": ("text/csv", HEAD + "a,1971-01-01," + "9" * 1_000_000 + "\n"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_requests_are_refused_and_the_next_is_answered(kind: str, client: Any) -> None:
    content_type, body = HOSTILE[kind]
    status, message = refusal(client, body, ContentType=content_type)
    assert (status, "The model failed" in message) == (400, False), message
    assert len(rows(invoked(client, "id\ns000\n"))) == HORIZON


def test_content_types_that_are_not_known_are_refused(client: Any) -> None:
    assert refusal(client, "id\ns000\n", ContentType="image/png")[0] == 415
    assert refusal(client, "id\ns000\n", Accept="image/png")[0] == 406


@pytest.mark.slow
def test_what_a_request_may_hold_is_described_and_no_row_explained(live: HostedModels) -> None:
    explain = json.dumps({"Row": {"Cells": {"id": "s000"}}}).encode()
    (status, schema), (refused, told) = live.sent(
        signed("GET", "/windvane/endpoints/live/schema"),
        signed("POST", "/windvane/endpoints/live/explanations", explain),
    )
    assert status == 200
    assert schema["ProblemType"] == "TimeSeriesForecasting"
    assert [column["Name"] for column in schema["Columns"]] == ["t", "id", "y"]
    assert schema["Responses"] == ["p10", "p50", "p90", "mean"]
    assert refused == 400
    assert told["message"].startswith("A forecast is explained with its answer: send `Accept")
