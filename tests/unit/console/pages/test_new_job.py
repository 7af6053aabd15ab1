"""The page of a new job, as a browser without scripts sees it, over real previews and a real store."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from api.records import JOB_ARN
from api.world import ACCOUNT, REGION, ROLE
from unit.console.desk import Answer, Desk, opened
from unit.console.test_job_form import CALLER
from unit.engine.preview.test_table import TABLE

from windvane.artifacts.base import parse_location
from windvane.console.job_form.again import draft_of, left_behind
from windvane.console.job_form.draft import packed
from windvane.console.pages.new_job import proposed_name
from windvane.control import previews
from windvane.control.preview_process import Readable, look
from windvane.engine.preview.records import PreviewRequest
from windvane.names import WEBHOOK_TAG
from windvane.settings import LimitSettings

URI = "s3://data/table/Rows 1.csv"
PAGE = f"/console/new?uri={quote(URI, safe='')}"
BUCKET = f"sagemaker-{REGION}-{ACCOUNT}"
COLUMNS = ("key", "x", "when", "same", "late", "y")
EVIL = "\"><script>alert(1)</script>'"
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")


@pytest.fixture(scope="module", autouse=True)
def _one_look_at_each_table() -> Iterator[None]:
    """Previews are real; what one process told of a table is told again of the same table."""
    told: dict[tuple[str, bytes], Mapping[str, Any]] = {}

    def look_once(
        asked: PreviewRequest, scratch: Path, data: Readable, *others: Any
    ) -> Mapping[str, Any]:
        key = repr(asked), data.read(0, asked.n_bytes)
        if key not in told:
            told[key] = look(asked, scratch, data, *others)
        return deepcopy(told[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(previews, "look", look_once)
        yield


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        made.world.put(URI, TABLE)
        made.world.artifacts.ensure_bucket(BUCKET)
        yield made


def fields(*chosen: tuple[str, str], **given: str) -> list[tuple[str, str]]:
    """As the page's form sends them; `chosen` are columns and what was chosen for them."""
    told = {
        "uri": URI,
        "data_type": "S3Prefix",
        "target_json": packed("y"),
        "job_name": "churn",
        "time_limit": "2 min",
        "role": ROLE,
        "output": "s3://results/jobs",
        "do": "create",
        **given,
    }
    types = {**dict.fromkeys(COLUMNS, ""), **dict(chosen)}
    pairs = [
        (field, value)
        for name, kind in types.items()
        for field, value in (("column", packed(name)), ("type", kind))
    ]
    return [*told.items(), *pairs]


def value_of(answer: Answer, field: str) -> str:
    found = re.search(rf'<input[^>]* name="{field}" value="([^"]*)"', answer.text)
    assert found is not None
    return html.unescape(found[1])


def selected(answer: Answer, element: str) -> str:
    select = answer.text.split(f'<select id="{element}"', 1)[1].split("</select>", 1)[0]
    found = re.search(r'<option value="([^"]*)" selected>', select)
    return html.unescape(found[1]) if found else ""


def checked(answer: Answer) -> list[str]:
    """The columns that are marked as sensitive."""
    found = re.findall(r'name="sensitive" value="([^"]*)"[^>]* checked', answer.text)
    return [json.loads(html.unescape(one)) for one in found]


def written(desk: Desk, prefix: str) -> Sequence[str]:
    return [str(info.location) for info in desk.world.artifacts.list(parse_location(prefix))]


def test_the_page_begins_with_data(desk: Desk) -> None:
    answer = desk.get("/console/new")
    assert answer.status == 200
    assert "Choose a file" in answer.words
    assert "Start the job" not in answer.words
    assert "Recent uploads" not in answer.words


def test_files_that_were_uploaded_before_are_offered_the_newest_first(desk: Desk) -> None:
    for day in range(10, 19):
        folder = f"s3://{BUCKET}/console/uploads/202601{day}T000000Z-00000000"
        desk.world.put(f"{folder}/d{day}.csv", TABLE)
        desk.world.put(f"{folder}/features-0.json", b"{}")
    answer = desk.get("/console/new")
    names = re.findall(r">(d1\d\.csv)</a>", answer.text)
    assert names == ["d18.csv", "d17.csv", "d16.csv", "d15.csv", "d14.csv", "d13.csv"]
    assert "features-0" not in answer.text
    assert 'datetime="2026-01-18T00:00:00.000+00:00"' in answer.text
    assert f"?uri={quote(f's3://{BUCKET}/', safe='')}" in answer.text


def test_of_a_file_that_was_uploaded_twice_the_last_is_offered_and_what_is_no_table_is_marked(
    desk: Desk,
) -> None:
    for day in (10, 11):
        desk.world.put(f"s3://{BUCKET}/console/uploads/202601{day}T000000Z-0/a.csv", TABLE)
    desk.world.put(f"s3://{BUCKET}/console/uploads/20260112T000000Z-0/b.csv", b"\x89PNG\0\0")
    answer = desk.get("/console/new")
    assert re.findall(r"(20260\d+)T000000Z-0%2F", answer.text) == ["20260111"]
    assert "b.csv (not a table)" in answer.words


def test_a_path_is_enough_to_see_what_the_columns_are_taken_for_and_why(desk: Desk) -> None:
    answer = desk.get(PAGE)
    assert answer.status == 200
    assert "600" in answer.words
    assert "id-000000" in answer.words
    assert "600 distinct values in 600 rows, each a single word" in answer.words
    assert "The same value 'k' in all 600 rows" in answer.words
    assert NAME.fullmatch(value_of(answer, "job_name"))
    assert value_of(answer, "job_name").startswith("rows-1-")
    assert value_of(answer, "output") == f"s3://{BUCKET}/automl"
    assert "create_auto_ml_job_v2" in answer.text
    assert "style=" not in answer.text


def test_a_link_fills_the_form_in(desk: Desk) -> None:
    answer = desk.get(
        f"{PAGE}&target=y&minutes=3&candidates=9&mode=ENSEMBLING&objective=AUC&tags=a%3Db&job_name=mine"
    )
    assert selected(answer, "target") == packed("y")
    assert selected(answer, "mode") == "ENSEMBLING"
    assert selected(answer, "objective") == "AUC"
    assert value_of(answer, "time_limit") == "3"
    assert value_of(answer, "candidates") == "9"
    assert value_of(answer, "job_name") == "mine"
    assert "Binary classification (detected)" in answer.words
    assert "Distribution of y" in answer.words
    assert "The target has two distinct values" in answer.words
    assert "Based on all 600 rows" in answer.words
    assert "late" in answer.words.split("Data checks")[1].split("Column types")[0]


def test_an_address_keeps_the_uses_that_were_chosen_for_columns(desk: Desk) -> None:
    chosen = [("x", "categorical"), ("late", "out")]
    told = [
        (key, text) for one, use in chosen for key, text in (("column", packed(one)), ("type", use))
    ]
    answer = desk.get(f"{PAGE}&{urlencode([('target_json', packed('y')), *told])}")
    assert selected(answer, "target") == packed("y")
    assert (selected(answer, "type-1"), selected(answer, "type-4")) == ("categorical", "out")
    kinds = dict(
        re.findall(r'<th scope="row">(\w+)</th>\s*<td><span class="badge \w+">(\w+)<', answer.text)
    )
    assert kinds == {
        "key": "identifier",
        "x": "categorical",
        "when": "datetime",
        "same": "constant",
        "late": "unused",
        "y": "target",
    }


def test_a_form_starts_the_job_and_leads_to_it(desk: Desk) -> None:
    answer = desk.post(
        "/console/new",
        fields(
            ("x", "categorical"),
            ("late", "out"),
            objective="AUC",
            implied="BinaryClassification",
            default_objective="F1",
            deploy="1",
            tags="team=a",
            sensitive=packed("late"),
            content_type="text/csv;header=present",
            compression="None",
        ),
    )
    assert (answer.status, answer.headers["location"]) == (303, "/console/jobs/churn")
    job = desk.world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")
    assert job["AutoMLJobObjective"] == {"MetricName": "AUC"}
    tabular = job["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert tabular["CompletionCriteria"] == {"MaxAutoMLJobRuntimeInSeconds": 120}
    told = json.loads(
        desk.world.artifacts.read(parse_location(tabular["FeatureSpecificationS3Uri"]))
    )
    assert told == {
        "FeatureAttributeNames": ["key", "x", "when", "same"],
        "FeatureDataTypes": {"x": "categorical"},
    }
    tags = desk.world.client().list_tags(ResourceArn=job["AutoMLJobArn"])["Tags"]
    assert tags == [
        {"Key": "team", "Value": "a"},
        {"Key": "windvane:responses", "Value": "probabilities"},
        {"Key": "windvane:sensitive-columns", "Value": "late"},
    ]


def test_the_form_names_the_limits_of_this_server(tmp_path: Path) -> None:
    limits = LimitSettings(max_candidates=1200, max_runtime_s=5400)
    with opened(tmp_path, limits=limits) as desk:
        desk.world.put(URI, TABLE)
        page = desk.get(PAGE)
    assert "If empty: 90 min, the default of this server." in page.words
    assert "If empty: 1,200, the default of this server." in page.words


def test_what_is_wrong_is_told_and_nothing_is_lost(desk: Desk) -> None:
    chosen = fields(
        ("x", "text"),
        time_limit="soon",
        tags="bad\nwindvane:sensitive-columns=late",
        job_name="my-own",
        endpoint_name="e",
        sensitive=packed("late"),
    )
    answer = desk.post("/console/new", chosen)
    assert answer.status == 400
    assert "The job was not started." in answer.words
    assert re.findall(r'<a href="#(\w+)">([\w ]+)</a>', answer.text) == [
        ("time_limit", "Time limit"),
        ("sensitive", "Sensitive columns"),
        ("tags", "Tags"),
    ]
    assert 'aria-describedby="time_limit-hint time_limit-error" aria-invalid="true"' in answer.text
    assert "Enter a time from 1 s to 30 days with its unit" in answer.words
    assert "“bad” is not of the form key=value" in answer.words
    assert value_of(answer, "time_limit") == "soon"
    assert value_of(answer, "job_name") == "my-own"
    assert ">bad\nwindvane:sensitive-columns=late</textarea>" in answer.text
    assert "Remove the tag windvane:sensitive-columns below" in answer.words
    assert checked(answer) == ["late"]
    assert selected(answer, "target") == packed("y")
    assert selected(answer, "type-1") == "text"
    assert desk.world.client().list_auto_ml_jobs()["AutoMLJobSummaries"] == []


def test_what_the_operation_refuses_is_told_at_the_field_in_plain_words(desk: Desk) -> None:
    assert desk.post("/console/new", fields()).status == 303
    answer = desk.post("/console/new", fields())
    assert answer.status == 400
    assert "There is already a job called churn. Choose another name." in answer.words
    assert 'aria-describedby="job_name-hint job_name-error" aria-invalid="true"' in answer.text
    assert "unique within an AWS account" not in answer.text
    answer = desk.post("/console/new", fields(job_name="two", output="s3://nowhere/jobs"))
    assert "There is no bucket called nowhere." in answer.words
    assert 'aria-describedby="output-hint output-error" aria-invalid="true"' in answer.text


def test_the_form_is_filled_in_with_the_request_of_a_job(desk: Desk) -> None:
    told = fields(
        ("x", "categorical"),
        ("late", "out"),
        time_limit="90 s",
        candidates="7",
        mode="ENSEMBLING",
        problem_type="BinaryClassification",
        implied="BinaryClassification",
        objective="AUC",
        deploy="1",
        endpoint_name="live",
        tags="team=a",
        time_column_json=packed("when"),
        sensitive=packed("late"),
    )
    assert desk.post("/console/new", told).status == 303
    answer = desk.get("/console/new?again=churn")
    assert answer.status == 200
    assert "Filled in from churn" in answer.words
    assert "does not have these settings" not in answer.words
    filled = {"time_limit": "90 s", "candidates": "7", "endpoint_name": "live"}
    assert {name: value_of(answer, name) for name in filled} == filled
    assert value_of(answer, "output") == "s3://results/jobs"
    assert value_of(answer, "job_name") == "churn-rerun"
    assert ">team=a</textarea>" in answer.text
    assert (selected(answer, "target"), selected(answer, "time_column")) == (
        packed("y"),
        packed("when"),
    )
    assert (selected(answer, "type-1"), selected(answer, "type-4")) == ("categorical", "out")
    assert checked(answer) == ["late"]
    assert (selected(answer, "type-0"), selected(answer, "objective")) == ("", "AUC")
    assert (selected(answer, "mode"), selected(answer, "problem_type")) == (
        "ENSEMBLING",
        "BinaryClassification",
    )
    assert desk.get("/console/new?again=nothing").status == 404


NEW_URI = "s3://data/new/rows.csv"
NEW_PAGE = f"/console/new?again=churn&uri={quote(NEW_URI, safe='')}"
NEW_TABLE = b"key,x,same,more,y\n" + b"".join(
    b"id-%d,%s,k,%d,%s\n" % (i, b"low" if i % 3 else b"high", i % 7, b"yes" if i % 4 else b"no")
    for i in range(900)
)


def analysed(desk: Desk, **changes: Any) -> None:
    """What the job churn has written about its table."""
    kinds = {
        "key": "identifier",
        "x": "numeric",
        "when": "datetime",
        "same": "constant",
        "late": "categorical",
        "y": "categorical",
    }
    told = {
        "target": "y",
        "problem_type": "BinaryClassification",
        "n_rows": 600,
        "labels": ["no", "yes"],
        "columns": [{"name": name, "type": kind} for name, kind in kinds.items()],
    }
    place = "s3://results/jobs/churn/preprocessed-data/dataset/analysis.json"
    desk.world.put(place, json.dumps(told | changes).encode())


def differences(answer: Answer) -> list[str]:
    part = answer.text.split('id="differences"', 1)[1].split("</section>", 1)[0]
    told = re.findall(r'<span class="badge \w+">(\w+)</span> <p>([^<]*)</p>', part)
    return [f"{severity}: {html.unescape(text)}" for severity, text in told]


def test_a_job_is_retrained_on_other_data_and_linked_with_the_new_one(desk: Desk) -> None:
    settings = {
        "candidates": "7",
        "time_column_json": packed("when"),
        "sensitive": packed("late"),
    }
    assert desk.post("/console/new", fields(("late", "out"), **settings)).status == 303
    desk.world.put(NEW_URI, NEW_TABLE)
    analysed(desk)
    empty = desk.get("/console/new?again=churn&uri=")
    assert "Filled in from churn" in empty.words
    assert "Choose the new data." in empty.words
    assert 'data-then="/console/new?again=churn&amp;uri="' in empty.text
    assert '<input type="hidden" name="again" value="churn">' in empty.text
    answer = desk.get(NEW_PAGE)
    assert differences(answer) == [
        "Medium: Missing columns: when, late. The new model is trained without them.",
        "Medium: New columns: more. The new model is trained on them unless they are set to “Ignore”.",
        "Medium: x was numeric and is categorical now.",
        "Low: 900 rows instead of 600: 50 % more.",
    ]
    assert (value_of(answer, "candidates"), value_of(answer, "uri")) == ("7", NEW_URI)
    assert value_of(answer, "job_name") == "churn-retrained"
    assert (selected(answer, "target"), selected(answer, "time_column")) == (packed("y"), "")
    assert checked(answer) == []
    told = fields(uri=NEW_URI, job_name="churn-2", based_on="churn", tags="team=a")
    assert desk.post("/console/new", told).status == 303
    job = desk.world.client().describe_auto_ml_job_v2(AutoMLJobName="churn-2")
    tags = desk.world.client().list_tags(ResourceArn=job["AutoMLJobArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "team": "a",
        "windvane:based-on": "churn",
    }
    again = desk.get("/console/new?again=churn-2")
    assert ">team=a</textarea>" in again.text
    assert value_of(again, "based_on") == "churn-2"
    named = desk.get(f"{NEW_PAGE}&job_name=mine")
    assert value_of(named, "job_name") == "mine", "what the address says comes first"
    told = fields(uri=NEW_URI, job_name="churn-retrained", based_on="churn")
    assert desk.post("/console/new", told).status == 303
    assert value_of(desk.get(NEW_PAGE), "job_name") == "churn-retrained-2"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"target": "gone"}, "High: The column to predict, gone, is missing."),
        (
            {"problem_type": "Regression", "labels": []},
            "High: The problem type was Regression and is BinaryClassification now.",
        ),
        ({"labels": ["no"]}, "Medium: New classes of the target: yes."),
        (
            {"labels": ["no", "yes", "perhaps"]},
            "Medium: Classes without rows: perhaps. The new model cannot predict them.",
        ),
    ],
)
def test_what_is_another_target_is_told(desk: Desk, changes: dict[str, Any], told: str) -> None:
    assert desk.post("/console/new", fields()).status == 303
    desk.world.put(NEW_URI, NEW_TABLE)
    analysed(desk, **changes)
    assert told in differences(desk.get(NEW_PAGE))


def test_a_target_that_the_new_data_lack_is_asked_for(desk: Desk) -> None:
    assert desk.post("/console/new", fields()).status == 303
    desk.world.put(NEW_URI, NEW_TABLE.replace(b",y\n", b",z\n", 1))
    answer = desk.get(NEW_PAGE)
    assert answer.status == 200
    assert differences(answer) == ["High: Missing columns that the job needs: y."]
    assert selected(answer, "target") == ""


def test_the_same_data_have_no_differences_and_hidden_ones_are_not_told(desk: Desk) -> None:
    assert desk.post("/console/new", fields()).status == 303
    assert 'id="differences"' not in desk.get("/console/new?again=churn").text
    answer = desk.get(f"{PAGE}&based_on=%3Cscript%3Enope")
    assert answer.status == 200
    assert "could not be compared" in answer.words
    assert "<script>nope" not in answer.text


@pytest.mark.parametrize("texts", [True, False])
def test_forms_of_other_problems_are_filled_in_too(desk: Desk, texts: bool) -> None:
    desk.world.put(TEXTS_URI, TEXTS)
    desk.world.put(SALES_URI, SALES)
    told = (
        text_fields(content_json=packed("text"))
        if texts
        else series_fields(
            timestamp_json=packed("day"), item_json=packed("shop"), frequency="1D", horizon="3"
        )
    )
    assert desk.post("/console/new", told).status == 303
    answer = desk.get("/console/new?again=churn")
    if texts:
        assert selected(answer, "content") == packed("text")
        assert selected(answer, "target") == packed("type")
    else:
        assert (selected(answer, "timestamp"), selected(answer, "item")) == (
            packed("day"),
            packed("shop"),
        )
        assert (value_of(answer, "frequency"), value_of(answer, "horizon")) == ("1D", "3")
    assert "does not have these settings" not in answer.words


def test_settings_that_the_form_does_not_have_are_named(desk: Desk) -> None:
    assert desk.post("/console/new", fields()).status == 303
    job = desk.world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")
    job["DataSplitConfig"] = {"ValidationFraction": 0.3}
    job["AutoMLJobInputDataConfig"] *= 2
    answer = draft_of(job).job_request(CALLER)
    tabular = job["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    tabular["GenerateCandidateDefinitionsOnly"] = False
    assert list(left_behind(job, answer)) == ["validation data", "ValidationFraction"]
    tabular["GenerateCandidateDefinitionsOnly"] = True
    assert "GenerateCandidateDefinitionsOnly" in left_behind(job, answer)


def test_a_job_asks_for_a_webhook_of_the_server_and_its_rerun_for_the_same(tmp_path: Path) -> None:
    with opened(tmp_path, webhooks=("team-chat",)) as desk:
        desk.world.put(URI, TABLE)
        desk.world.artifacts.ensure_bucket(BUCKET)
        assert "<option>team-chat</option>" in desk.get(PAGE).text
        refused = desk.post("/console/new", fields(webhook="http://169.254.169.254/"))
        assert refused.status == 400
        assert "The server has no webhook of this name" in refused.words
        assert desk.post("/console/new", fields(webhook="team-chat")).status == 303
        with desk.world.store.snapshot() as tx:
            assert tx.tags(JOB_ARN) == {WEBHOOK_TAG: "team-chat"}
        again = desk.get("/console/new?again=churn").text
        assert "<option selected>team-chat</option>" in again
        assert "windvane:webhook=" not in again


def test_without_webhooks_the_form_has_none(desk: Desk) -> None:
    assert 'name="webhook"' not in desk.get(PAGE).text
    assert ">http://x/</option>" in desk.get(f"{PAGE}&webhook=http://x/").text


UPLOADED = f"s3://{BUCKET}/console/uploads/20260102T030405Z-0a1b2c3d/rows.csv"
DELETED = "The uploaded file rows.csv was deleted. Upload it again, or choose other data."


def location_error(answer: Answer) -> str:
    """What is told beside the field of the location."""
    found = re.search(r'<p class="error" id="uri-error"[^>]*>([^<]*)</p>', answer.text)
    assert found is not None
    assert re.search(r'<input id="uri"[^>]*uri-error" aria-invalid="true"', answer.text)
    return html.unescape(found[1])


def test_a_job_whose_upload_was_deleted_is_run_again_on_other_data(desk: Desk) -> None:
    desk.world.put(UPLOADED, TABLE)
    started = desk.post("/console/new", fields(("late", "out"), uri=UPLOADED))
    assert started.status == 303
    desk.world.artifacts.delete(parse_location(UPLOADED))
    analysed(desk)
    answer = desk.get("/console/new?again=churn")
    assert answer.status == 200
    assert location_error(answer) == DELETED
    assert "Start the job" not in answer.words
    assert "Choose the new data. The settings of the job are kept" in answer.words
    assert 'data-then="/console/new?again=churn&amp;uri="' in answer.text
    other = desk.get(f"/console/new?again=churn&uri={quote(URI, safe='')}")
    assert "Start the job" in other.words
    assert (selected(other, "target"), selected(other, "type-4")) == (packed("y"), "out")


def test_what_was_deleted_with_an_upload_is_named(desk: Desk) -> None:
    desk.world.put(UPLOADED, TABLE)
    assert desk.post("/console/new", fields(("late", "out"), uri=UPLOADED)).status == 303
    folder = UPLOADED.rpartition("/")[0]
    for uri in written(desk, f"{folder}/"):
        desk.world.artifacts.delete(parse_location(uri))
    answer = desk.get("/console/new?again=churn")
    assert location_error(answer) == DELETED
    assert "types and use of columns (their file was deleted)" in answer.words


def test_data_deleted_while_a_form_is_filled_in_are_told_beside_their_field(desk: Desk) -> None:
    answer = desk.post("/console/new", fields(uri=UPLOADED, candidates="7"))
    assert answer.status == 400
    assert location_error(answer) == DELETED
    assert '<a href="#uri">S3 location</a>' in answer.text
    assert value_of(answer, "candidates") == "7"


def test_a_location_without_files_says_what_would_be_right(desk: Desk) -> None:
    answer = desk.get(f"/console/new?uri={quote('s3://data/nothing/', safe='')}")
    assert location_error(answer).startswith("There are no files at s3://data/nothing/. Enter")


def test_an_endpoint_without_a_name_has_that_of_its_job(desk: Desk) -> None:
    assert desk.post("/console/new", fields(deploy="1")).status == 303
    client = desk.world.client()
    deployed = client.describe_auto_ml_job_v2(AutoMLJobName="churn")["ModelDeployConfig"]
    assert deployed == {"AutoGenerateEndpointName": False, "EndpointName": "churn"}
    again = desk.get("/console/new?again=churn")
    assert value_of(again, "endpoint_name") == ""


def test_without_scripts_choices_are_looked_at_again(desk: Desk) -> None:
    answer = desk.post("/console/new", fields(("late", "numeric"), ("key", "out"), do="look"))
    assert answer.status == 200
    assert "none of its non-missing values can be read as numbers" in answer.words
    assert selected(answer, "type-4") == "numeric"
    assert selected(answer, "type-0") == "out"
    assert desk.world.client().list_auto_ml_jobs()["AutoMLJobSummaries"] == []


def test_integers_that_may_be_codes_are_asked_about_until_somebody_says(desk: Desk) -> None:
    rows = [f"{i % 4 + 1},{i},{'yes' if i % 7 else 'no'}" for i in range(200)]
    desk.world.put(URI, "\n".join(["education,x,y", *rows, ""]).encode())
    asked = desk.get(f"{PAGE}&target=y")
    assert "Are these numbers codes?" in asked.words
    assert "Treat education as category 4 values: 1, 2, 3, 4" in asked.words
    assert selected(asked, "type-0") == ""
    told = desk.post("/console/new", [*fields(do="look")[:8], ("categorical", packed("education"))])
    assert selected(told, "type-0") == "categorical"
    assert "Are these numbers codes?" not in told.words


def test_the_column_of_times_that_is_chosen_stays_and_is_no_feature(desk: Desk) -> None:
    answer = desk.post("/console/new", fields(time_column_json=packed("when"), do="look"))
    assert selected(answer, "time_column") == packed("when")
    assert selected(answer, "group_column") == ""
    assert re.search(
        r'<th scope="row">when</th>\s*<td><span class="badge quiet">unused', answer.text
    )
    assert desk.post("/console/new", fields(time_column_json=packed("when"))).status == 303


def test_a_column_that_cannot_split_the_rows_is_told_of_before_the_job(desk: Desk) -> None:
    answer = desk.post("/console/new", fields(group_column_json=packed("same"), do="look"))
    assert "have the same value in the group column 'same'" in answer.words


def test_settings_that_few_need_are_folded_until_one_is_set_or_wrong(desk: Desk) -> None:
    folded, unfolded = (
        "<details>\n    <summary>More settings",
        "<details open>\n    <summary>More settings",
    )
    assert folded in desk.post("/console/new", fields(do="look")).text
    assert unfolded in desk.post("/console/new", fields(do="look", mode="ENSEMBLING")).text
    assert unfolded in desk.post("/console/new", fields(output="nowhere")).text


def test_a_script_gets_the_parts_that_depend_on_what_was_chosen(desk: Desk) -> None:
    seen = desk.post("/console/new/look", fields(target_json=packed("x")))
    assert "Regression (detected)" in seen.words
    assert "<html" not in seen.text
    assert 'id="objective-field" hx-swap-oob="true"' in seen.text
    assert "MSE (default)" in seen.words
    code = desk.post("/console/new/code", fields(time_limit="300 s"))
    assert "&#39;MaxAutoMLJobRuntimeInSeconds&#39;: 300" in code.text
    assert "<html" not in code.text


def test_data_that_are_no_table_are_told_of(desk: Desk) -> None:
    desk.world.put(URI, b"a,b\n1,2\n1,2,3\n")
    answer = desk.get(PAGE)
    assert answer.status == 200
    assert "Can't read this file." in answer.words
    assert "line 3: the row has 3 fields instead of 2" in answer.words
    assert "Start the job" not in answer.words
    assert value_of(answer, "uri") == URI


def test_a_target_that_cannot_be_learned_is_told_of(desk: Desk) -> None:
    answer = desk.get(f"{PAGE}&target=key")
    assert "A job on this target would fail." in answer.words
    assert "The problem type cannot be inferred" in answer.words


def test_hostile_names_are_text_wherever_they_stand(desk: Desk) -> None:
    name = f"{EVIL}\ntwo\u202elines"
    quoted = name.replace('"', '""')
    cells = "".join(f'"{EVIL[2:]}{i % 2}",{i * i % 97}\n' for i in range(600))
    desk.world.put(URI, f'"{quoted}",x\n{cells}'.encode())
    answer = desk.post(
        "/console/new",
        fields(("x", "text"), target_json=packed(name), do="look", tags=EVIL, job_name=EVIL),
    )
    assert answer.status == 200
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert selected(answer, "target") == packed(name)
    created = desk.post("/console/new", fields(target_json=packed(name)))
    assert created.status == 303
    job = desk.world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")
    assert job["AutoMLProblemTypeConfig"]["TabularJobConfig"]["TargetAttributeName"] == name


def test_wide_tables_show_the_first_columns(desk: Desk) -> None:
    names = [f"c{i}" for i in range(700)]
    row = ",".join(str(i % 7) for i in range(700))
    desk.world.put(URI, f"{','.join(names)}\n{row}\n{row}\n".encode())
    answer = desk.get(PAGE)
    assert "200 more columns are not shown" in answer.words
    assert answer.text.count('name="type"') == 500
    assert "Ignore</option>" not in answer.text


@pytest.mark.parametrize(
    "uri", [URI, "s3://b/" + "x" * 900 + ".csv", "s3://b/", "s3://b/---.csv", "s3://b/Ü.csv.gz"]
)
def test_a_proposed_name_is_valid(uri: str) -> None:
    assert NAME.fullmatch(proposed_name(uri))


SALES_URI = "s3://data/sales.csv"
SALES = "\n".join(
    [
        "day,shop,price,sales",
        *(
            f"2024-{1 + day // 28:02d}-{1 + day % 28:02d},{shop},{10 + day % 7}.5,{shop + day % 7}"
            for shop in (1, 2)
            for day in range(28)
        ),
        "",
    ]
).encode()


def series_fields(**given: str) -> list[tuple[str, str]]:
    told = {
        "uri": SALES_URI,
        "target_json": packed("sales"),
        "problem_type": "TimeSeriesForecasting",
    }
    return [*{**dict(fields()[:8]), **told, **given}.items()]


def test_the_form_finds_times_items_frequency_and_horizon_by_itself(desk: Desk) -> None:
    desk.world.put(SALES_URI, SALES)
    before = desk.get(f"/console/new?uri={quote(SALES_URI, safe='')}&target={'sales'}")
    assert "To forecast later values of the target, choose" in before.words
    looked = desk.post("/console/new/look", series_fields())
    assert selected(looked, "timestamp") == packed("day")
    assert selected(looked, "item") == packed("shop")
    assert (value_of(looked, "frequency"), value_of(looked, "horizon")) == ("D", "7")
    assert "AverageWeightedQuantileLoss (default)" in looked.words
    assert "2 series of usually 28 steps" in looked.words
    chosen = desk.post("/console/new/look", series_fields(horizon="3", frequency="2D"))
    assert (value_of(chosen, "frequency"), value_of(chosen, "horizon")) == ("2D", "3")


def test_a_forecasting_job_without_a_horizon_is_not_started(desk: Desk) -> None:
    desk.world.put(SALES_URI, SALES)
    answer = desk.post("/console/new", series_fields(horizon="-1", item_json=packed("shop")))
    assert answer.status == 400
    assert "Enter a whole number of steps, from 1 to 500." in answer.words


TEXTS_URI = "s3://data/table/messages.csv"
TEXTS = "\n".join(
    [
        "number,text,type",
        *(
            f"{i},{'free prize call now' if i % 3 else 'see you at lunch then'} {i * 7919} again,{'spam' if i % 3 else 'ham'}"
            for i in range(60)
        ),
        "",
    ]
).encode()


def text_fields(**given: str) -> list[tuple[str, str]]:
    told = {
        "uri": TEXTS_URI,
        "target_json": packed("type"),
        "problem_type": "TextClassification",
    }
    return [*{**dict(fields()[:8]), **told, **given}.items()]


def test_the_form_finds_the_column_of_texts_and_starts_a_job_on_it(desk: Desk) -> None:
    desk.world.put(TEXTS_URI, TEXTS)
    looked = desk.post("/console/new/look", text_fields())
    assert selected(looked, "content") == packed("text")
    assert "Accuracy (default)" in looked.words
    assert "Column types" not in looked.words
    answer = desk.post("/console/new", text_fields(content_json=packed("text")))
    assert (answer.status, answer.headers["location"]) == (303, "/console/jobs/churn")
    job = desk.world.client().describe_auto_ml_job_v2(AutoMLJobName="churn")
    config = job["AutoMLProblemTypeConfig"]["TextClassificationJobConfig"]
    assert (config["ContentColumn"], config["TargetLabelColumn"]) == ("text", "type")


def test_a_job_on_texts_without_texts_is_not_started(desk: Desk) -> None:
    desk.world.put(TEXTS_URI, TEXTS)
    answer = desk.post("/console/new", text_fields())
    assert answer.status == 400
    assert "Choose the column of the texts." in answer.words


def test_forecasts_are_suggested_for_numbers_only(desk: Desk) -> None:
    rows = [
        f"2026-01-{day:02d},{day * 7 % 11}.5,{'yes' if day % 2 else 'no'}\n" for day in range(1, 29)
    ]
    desk.world.put("s3://data/days.csv", ("day,sales,open\n" + "".join(rows)).encode())
    address = f"/console/new?uri={quote('s3://data/days.csv', safe='')}&target="
    assert "To forecast later values" in desk.get(f"{address}sales").words
    assert "To forecast later values" not in desk.get(f"{address}open").words
