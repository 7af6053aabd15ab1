"""What an endpoint's model takes, and why it answers as it does: operations of our own, over the real edge, model
processes and explaining processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from api.hosted_models import UNHURRIED, HostedModels, signed
from api.world import ACCOUNT, OTHER_ACCOUNT
from botocore.awsrequest import AWSRequest
from journeys.commands import path_of_version_2
from unit.engine.explain.made_up import COLOUR, DAY, HOSTILE

from windvane.console.trying.invoking import InvokeRequest, snippets
from windvane.serving.explaining import ExplainBounds

SCHEMA = "/windvane/endpoints/live/schema"
REASONS = "/windvane/endpoints/live/explanations"
SPELT_OUT = HOSTILE.replace("\ud83d", "\\ud83d")
CELLS = {"b": "-0.5", COLOUR: "red", DAY: "2020-01-05"}
SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")
DIES = (sys.executable, "-c", "raise SystemExit(3)")


def asking(row: Any = None, path: str = REASONS, **members: Any) -> AWSRequest:
    body = {"Row": {"Cells": CELLS} if row is None else row} | members
    return signed("POST", path, json.dumps(body).encode())


def refused(answer: tuple[int, Any]) -> tuple[int, str, str]:
    status, body = answer
    return status, body["__type"], body["message"]


def test_the_schema_of_the_weightiest_variant_is_told(live: HostedModels) -> None:
    ((status, answer),) = live.sent(signed("GET", SCHEMA))
    assert status == 200
    columns = answer.pop("Columns")
    assert answer == {
        "EndpointName": "live",
        "VariantName": "Trees",
        "Target": "y",
        "ProblemType": "BinaryClassification",
        "Algorithm": "",
        "Labels": ["no", "$yes$"],
        "Responses": ["predicted_label", "probability"],
        "ContentTypes": ["text/csv", "application/json", "application/jsonlines"],
        "DefaultAccept": "text/csv",
        "HasTypicalRow": False,
    }
    assert [column["Name"] for column in columns] == [
        "row id", SPELT_OUT, "b", COLOUR, DAY, "nothing",
    ]  # fmt: skip
    assert columns[0] == {
        "Name": "row id", "Type": "identifier", "Used": False, "Typical": "", "MayBeMissing": False,
    }  # fmt: skip
    assert columns[4]["Format"] == "%Y-%m-%d"


def test_another_variant_may_be_named(live: HostedModels) -> None:
    ((_, answer),) = live.sent(signed("GET", f"{SCHEMA}?variant=Values"))
    assert (answer["VariantName"], answer["ProblemType"]) == ("Values", "Regression")
    assert (answer["Labels"], answer["Responses"]) == ([], ["score"])


def test_a_row_by_name_is_explained(live: HostedModels) -> None:
    ((status, answer),) = live.sent(asking())
    assert status == 200
    contributions = answer.pop("Contributions")
    chances = {one["Label"]: one["Probability"] for one in answer["Probabilities"]}
    assert (answer["VariantName"], answer["PredictedLabel"]) == ("Trees", "$yes$")
    assert answer["ExplainedLabel"] == "$yes$"
    assert (answer["Scale"], answer["MarginScale"]) == ("probability", "log-odds")
    assert (answer["Method"], answer["Exact"], answer["Baseline"]) == (
        "exact TreeSHAP", True, "trees",
    )  # fmt: skip
    assert answer["Answer"] == pytest.approx(chances["$yes$"], abs=1e-5)
    assert "PredictedValue" not in answer
    gained = sum(one["Contribution"] for one in contributions)
    assert answer["Expected"] + gained == pytest.approx(answer["Answer"])
    margin = sum(one["Margin"] for one in contributions)
    assert answer["ExpectedMargin"] + margin == pytest.approx(answer["Margin"])
    assert [one["Column"] for one in contributions[:3]] == [SPELT_OUT, "b", COLOUR]
    assert contributions[2]["Cell"] == "red"
    assert {one["Error"] for one in contributions} == {0.0}
    assert {one["MarginError"] for one in contributions} == {0.0}
    assert answer["ExpectedError"] == 0.0


def test_a_row_as_csv_is_explained_as_a_value_or_for_a_label(live: HostedModels) -> None:
    row = {"Csv": '7,1.5,-0.5,"red",2020-01-05,0.1\n'}
    value, label = live.sent(asking(row, VariantName="Values"), asking(row, Label="no"))
    assert value[1]["VariantName"] == "Values"
    gained = sum(one["Contribution"] for one in value[1]["Contributions"])
    assert value[1]["PredictedValue"] == pytest.approx(value[1]["Expected"] + gained)
    assert (value[1]["Baseline"], value[1]["Exact"]) == ("missing", False)
    assert "PredictedLabel" not in value[1]
    assert value[1]["Probabilities"] == []
    assert label[1]["ExplainedLabel"] == "no"


@pytest.mark.parametrize(
    ("row", "members", "says"),
    [
        ({"Cells": {"b": "x"}}, {}, "Row 1, column 'b': 'x' cannot be read as a number"),
        ({"Csv": "1,2"}, {}, "Row 1 has 2 values."),
        ({}, {}, "Exactly one of [Csv, Cells] must be set"),
        ({"Csv": "1", "Cells": {}}, {}, "Exactly one of [Csv, Cells] must be set"),
        (None, {"Label": "maybe"}, "The model has no label 'maybe'. It has: no, $yes$."),
        (None, {"VariantName": "C"}, "has no production variant C. It has: Trees, Values."),
    ],
)
def test_what_is_wrong_with_a_row_is_told_in_the_models_words(
    live: HostedModels, row: Any, members: dict[str, Any], says: str
) -> None:
    status, code, message = refused(live.sent(asking(row, **members))[0])
    assert (status, code) == (400, "ValidationException")
    assert says in message


def test_unknown_names_and_other_accounts_find_nothing(live: HostedModels) -> None:
    nope = "/windvane/endpoints/nope"
    answers = live.sent(
        signed("GET", f"{nope}/schema"),
        asking(path=f"{nope}/explanations"),
        signed("GET", SCHEMA, account=OTHER_ACCOUNT),
        signed("GET", f"{SCHEMA}?variant=C"),
    )
    assert {refused(one)[:2] for one in answers} == {(400, "ValidationException")}
    found = 'Could not find endpoint "arn:aws:sagemaker:us-east-1:111122223333:endpoint/nope".'
    assert refused(answers[0])[2] == refused(answers[1])[2] == found
    assert "444455556666:endpoint/live" in refused(answers[2])[2]
    assert "has no production variant C" in refused(answers[3])[2]


@pytest.mark.parametrize(
    ("path", "body", "code", "says"),
    [
        (REASONS, b"{", "SerializationException", "not a valid JSON document"),
        (REASONS, b"[]", "SerializationException", "it must be a JSON object"),
        (REASONS, b"{}", "ValidationException", "Value null at 'row'"),
        (REASONS, b'{"Row": null}', "ValidationException", "Value null at 'row'"),
        (REASONS, b'{"Row": {"Cells": {"b": 1}}}', "SerializationException", "row.cells"),
        (REASONS, b'{"Row": {"Csv": 7}}', "SerializationException", "row.csv"),
        (
            REASONS,
            b'{"Row": {"Csv": "1"}, "VariantName": "-"}',
            "ValidationException",
            "variantName",
        ),
        (REASONS.replace("live", "%3Cb%3E"), b"{}", "ValidationException", "endpointName"),
        (REASONS.replace("live", "%ff"), b"{}", "SerializationException", "is not UTF-8"),
        (f"{REASONS}/x", b"{}", "UnknownOperationException", "names no operation"),
    ],
)
def test_hostile_requests_are_refused_before_a_process_is_started(
    live: HostedModels, path: str, body: bytes, code: str, says: str
) -> None:
    edge = live.edge_with(live.explaining(UNHURRIED, *DIES))
    status, answered, message = refused(live.sent(signed("POST", path, body), edge=edge)[0])
    edge.close()
    assert (status, answered) == (400, code)
    assert says in message


def test_a_wrong_signature_is_refused(live: HostedModels) -> None:
    answers = live.sent(
        signed("GET", SCHEMA, secret="x"), signed("POST", REASONS, b"{}", secret="x")
    )
    assert {refused(one)[1] for one in answers} == {"InvalidSignatureException"}


def test_a_process_that_takes_too_long_is_ended_and_one_that_dies_is_told_of(
    live: HostedModels,
) -> None:
    for bounds, program in ((ExplainBounds(answer_s=0.5), SLEEPS), (UNHURRIED, DIES)):
        edge = live.edge_with(live.explaining(bounds, *program))
        status, code, message = refused(live.sent(asking(), edge=edge)[0])
        edge.close()
        assert (status, code) == (424, "ModelError")
        assert "the process ended, or took too long" in message


def test_more_rows_than_may_wait_are_turned_away_and_the_others_answered(
    live: HostedModels,
) -> None:
    edge = live.edge_with(live.explaining(replace(UNHURRIED, waiting=1)))
    answers = live.sent(asking(), asking(), asking(), edge=edge)
    edge.close()
    assert sorted(status for status, _ in answers) == [200, 200, 400]
    turned_away = next(one for one in answers if one[0] == 400)
    assert refused(turned_away)[1] == "ThrottlingException"


def test_neither_operation_counts_as_an_invocation(live: HostedModels) -> None:
    before = live.router.figures.answered
    live.sent(signed("GET", SCHEMA), asking())
    assert live.router.figures.answered == before


ROWS = '8,1.5,-0.5,"it\'s ""x"" $(id) \\",2020-01-05,\n7,1.5,0.5,"a\nb",2020-01-05,0.1'


def commands() -> dict[str, list[str]]:
    """By the name of a snippet, the programs that it is for, as the folders that come first in PATH."""
    version_1, version_2 = str(Path(sys.executable).parent), path_of_version_2()
    both = [version_1] + ([str(version_2.parent)] if version_2 else [])
    return {
        "curl": [version_1],
        "boto3": [version_1],
        "AWS CLI, any version": both,
        "AWS CLI 2, in one command": both[1:],
    }


@pytest.mark.skipif(
    shutil.which("curl") is None and os.environ.get("CI") != "true",
    reason="curl is not installed",
)
def test_code_to_copy_runs_and_gets_the_same_answer(live: HostedModels, tmp_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "secret", "HOME": str(tmp_path)}
    answers = []
    with live.listening() as url:
        for one in snippets(InvokeRequest(url, "us-east-1", "live", ROWS, "Trees")):
            for folder in commands()[one.name]:
                path = f"{folder}{os.pathsep}{os.environ['PATH']}"
                program = [sys.executable, "-c"] if one.name == "boto3" else ["sh", "-c"]
                done = subprocess.run(
                    [*program, one.code],
                    cwd=tmp_path,
                    env=os.environ | keys | {"PATH": path},
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=120,
                )
                assert done.returncode == 0, (one.name, done.stderr)
                answers.append(json.JSONDecoder().raw_decode(done.stdout)[0]["predictions"])
    assert len(answers) >= 3
    assert all(one == answers[0] for one in answers)
    assert [list(one) for one in answers[0]] == 2 * [["predicted_label", "probability"]]
