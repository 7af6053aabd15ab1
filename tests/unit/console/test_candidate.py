"""The pages of one candidate: what it is, how it was made, its files, and how it is deployed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from api.records import step_record
from api.test_reports import ROOT, dataset_step
from api.world import SCOPE
from unit.console.board import (
    EXPLANATIONS,
    HERE,
    HOSTILE,
    INSIGHTS,
    NOW,
    a_candidate,
    a_job,
    check_harmless,
    judged_two,
    read,
    with_reports,
)
from unit.console.browsing import ask_site
from unit.console.candidate.test_explanation import TWO, VALUES

from windvane.console.wording import seconds
from windvane.domain.candidate import CandidateStatus, ProcessingJob, StepStatus, TrainingJob
from windvane.domain.deployment import Endpoint, EndpointConfig, EndpointStatus, Model
from windvane.domain.logs import LogLine, place_of
from windvane.domain.resource import Kind
from windvane.names import arn
from windvane.notes.note import said

ARTEFACTS = ("dataset/analysis.json", "dpp0/model.tar.gz", "m/model.tar.gz", "m/output.tar.gz")


def put_artefacts(jobs):
    for name in ARTEFACTS:
        jobs.put(f"{ROOT}/{name}", "x")


def words_of(text):
    return " ".join(re.sub("<[^>]*>", " ", text).split())


# what it is


def test_it_is_told_in_plain_words(jobs, browser):
    jobs.insert(
        a_job(),
        a_candidate(
            why="sound defaults",
            seed=7,
            notes=(said("scored on 1 of 5 folds: time"),),
            hyperparameters={"eta": 0.1},
            n_rows=20_000,
        ),
    )
    text = browser.get(HERE).text
    assert "Gradient-boosted trees (XGBoost)." in text
    assert "Numbers stay unchanged, including missing values" in text
    assert "sound defaults." in text
    assert "<li>Scored on 1 of 5 folds: time.</li>" in text
    assert "seed 7" in text
    assert "a random sample of 20,000 rows" in text
    tables = read(text).tables
    assert ["eta", "0.1"] in [row for table in tables for row in table]
    assert ["F1 objective", "0.900 ± 0.012", "0.9900"] in tables[1]
    assert tables[0][1][:2] == ["numeric", "number"]


def test_an_ensemble_shows_its_members_the_heaviest_first(jobs, browser):
    members = {"churn-002": 0.25, "churn-003": 0.75}
    ensemble = a_candidate(algorithm="ensemble", recipe="", members=members)
    jobs.insert(a_job(), ensemble, a_candidate(3, algorithm="catboost"))
    text = browser.get(HERE).text
    assert "Weighted ensemble of candidates" in text
    known, gone = read(text).tables[0][1:3]
    took = seconds(a_candidate(3).fit_s)
    assert known == ["CatBoost 3", "75 %", "catboost", took]
    assert gone == ["churn-002", "25 %", "–", "–"]
    assert f"Training time – of all members; combining them took {took}" in words_of(text)
    both = {"churn-002": 0.5, "churn-003": 0.5}
    jobs.insert(a_candidate(2), a_candidate(4, algorithm="ensemble", recipe="", members=both))
    words = words_of(browser.get(HERE.replace("001", "004")).text)
    assert f"Training time {seconds(3 * a_candidate(3).fit_s)} of all members" in words
    assert 'title="churn-003">CatBoost 3</a>' in text


def test_what_failed_says_why_and_cannot_be_deployed(jobs, browser):
    failed = {"status": CandidateStatus.FAILED, "containers": (), "score": None, "metrics": ()}
    jobs.insert(a_job(), a_candidate(**failed, failure=said(HOSTILE)))
    text = browser.get(HERE).text
    assert "&lt;script&gt;alert(1)" in text
    assert "/deploy" not in text
    check_harmless(text)


def test_a_model_that_was_deleted_says_so(jobs, browser):
    jobs.insert(a_job(), a_candidate(containers=()))
    assert "The model was deleted." in browser.get(HERE).text


@pytest.mark.parametrize("part", ["", "/quality", "/explanation", "/steps", "/files"])
def test_an_unknown_candidate_is_not_found(jobs, browser, part):
    jobs.insert(a_job())
    assert browser.get(f"/console/jobs/churn/candidates/churn-009{part}").status == 404
    assert browser.get(f"/console/jobs/nope/candidates/churn-001{part}").status == 404


@pytest.mark.parametrize("part", ["", "/quality", "/explanation", "/steps", "/files"])
def test_every_part_leads_to_the_others(jobs, browser, part):
    jobs.insert(a_job(), a_candidate())
    text = browser.get(HERE + part).text
    for other in ("", "/quality", "/explanation", "/steps", "/files"):
        here = ' aria-current="page"' if other == part else ""
        assert f'<a href="{HERE}{other}"{here}>' in text


# reports that are asked for


def test_reports_are_made_when_they_are_asked_for(jobs, browser):
    jobs.insert(a_job(), a_candidate(), replace(dataset_step_at_now(), created=NOW))
    put_artefacts(jobs)
    asked = browser.get(f"{HERE}/explanation").text
    assert "Generate reports" in asked
    answer = browser.post(f"{HERE}/reports", {"part": "explanation"})
    assert (answer.status, answer.headers["location"]) == (303, f"{HERE}/explanation")
    waiting = browser.get(f"{HERE}/quality").text
    assert "Generating the reports." in waiting
    assert f'sse-connect="{HERE}/reports/watch"' in waiting
    assert "Generate reports" not in waiting
    made = jobs.find(ProcessingJob, SCOPE, "churn-001-reports-1")
    with jobs.store.transaction() as tx:
        tx.update(replace(made, status=StepStatus.FAILED, failure=said(HOSTILE)))
    failed = browser.get(f"{HERE}/quality").text
    assert "The reports could not be generated." in failed
    assert "Generate reports" in failed
    check_harmless(failed)


def test_an_explanation_of_few_rows_is_made_anew_by_one_click(jobs, browser):
    jobs.insert(a_job(), with_reports(), replace(dataset_step_at_now(), created=NOW))
    put_artefacts(jobs)
    jobs.put_quality(judged_two())
    jobs.put_explanation(TWO, VALUES)
    page = f"{HERE}/explanation"
    assert "This explanation rests on 3 rows." in browser.get(page).text
    answer = browser.post(f"{HERE}/reports", {"part": "explanation", "again": "yes"})
    assert (answer.status, answer.headers["location"]) == (303, page)
    text = browser.get(page).text
    assert f'sse-connect="{HERE}/reports/watch"' in text
    assert "Explain more rows" not in text
    assert "Feature importance" in text, "the old one is shown meanwhile"


def test_an_explanation_without_the_other_report_can_be_made_anew_too(jobs, browser):
    jobs.insert(a_job(), replace(with_reports(), model_insights=""))
    put_artefacts(jobs)
    jobs.put_explanation(TWO, VALUES)
    text = browser.get(f"{HERE}/explanation").text
    assert "The job had little time left for it." in text
    assert "Explain more rows" in text


def test_an_explanation_that_was_asked_for_is_made_anew_by_one_click(jobs, browser):
    jobs.insert(a_job(), with_reports(), replace(dataset_step_at_now(), created=NOW))
    put_artefacts(jobs)
    jobs.put_quality(judged_two())
    jobs.put_explanation(TWO, VALUES)
    browser.get(HERE)
    assert browser.post(f"{HERE}/reports", {"again": "yes"}).status == 303
    made = jobs.find(ProcessingJob, SCOPE, "churn-001-reports-1")
    with jobs.store.transaction() as tx:
        tx.update(replace(made, status=StepStatus.COMPLETED))
    text = browser.get(f"{HERE}/explanation").text
    assert "If the server was busy then" in text
    assert "Explain more rows" in text
    assert browser.post(f"{HERE}/reports", {"again": "yes"}).status == 303
    assert jobs.find(ProcessingJob, SCOPE, "churn-001-reports-2") is not None


def test_a_model_whose_files_were_deleted_is_not_offered(jobs, browser):
    jobs.insert(a_job(), with_reports())
    for page in ("", "/quality", "/explanation", "/files"):
        text = browser.get(f"{HERE}{page}").text
        offers = ("#deploy", "Generate reports", "Make ONNX file", "Explain more rows", "--scoring")
        for offer in offers:
            assert offer not in text, page
    text = browser.get(HERE).text
    assert "The model is no longer in S3." in text
    assert 'href="/console/new?again=churn">Edit and rerun the job' in text
    put_artefacts(jobs)
    assert "#deploy" in browser.get(HERE).text


def test_an_explanation_of_many_rows_is_large_enough(jobs, browser):
    jobs.insert(a_job(), with_reports())
    jobs.put_quality(judged_two())
    jobs.put_explanation(TWO, "age_label0,job_label0\n" + "0.1,-0.5\n" * 300)
    assert "Explain more rows" not in browser.get(f"{HERE}/explanation").text


def dataset_step_at_now():
    class World:
        def clock(self):
            return NOW

    return dataset_step(World())


def test_watching_ends_when_the_reports_are_there(jobs, browser):
    jobs.insert(a_job(), with_reports())
    events = browser.get(f"{HERE}/reports/watch").text
    assert "event: reports" in events
    assert "The reports are ready." in events
    assert events.rstrip().endswith("event: end\ndata: Completed")


def test_what_did_not_finish_has_no_reports_to_ask_for(jobs, browser):
    jobs.insert(
        a_job(),
        a_candidate(status=CandidateStatus.IN_PROGRESS, containers=(), score=None, metrics=()),
    )
    text = browser.get(f"{HERE}/quality").text
    assert "It is still being trained." in text
    assert "Generate reports" not in text


# steps


def test_steps_have_times_and_the_log_that_is_asked_for(jobs, browser):
    jobs.insert(a_job(), a_candidate())
    split = replace(
        step_record(ProcessingJob, NOW, "db-1"),
        status=StepStatus.FAILED,
        started=NOW,
        ended=NOW + timedelta(seconds=65),
        failure=said("It broke."),
    )
    trained = replace(
        step_record(TrainingJob, NOW, "churn-001"),
        status=StepStatus.COMPLETED,
        started=NOW + timedelta(seconds=70),
        ended=NOW + timedelta(seconds=75),
    )
    jobs.insert(split, trained)
    with jobs.store.transaction() as tx:
        tx.log(place_of(split), [LogLine("read <b>rows</b>")], NOW)
        tx.log(place_of(trained), [LogLine("validation:F1 = 0.9")], NOW)
    answer = browser.get(f"{HERE}/steps")
    table = read(answer.text).tables[0]
    first = [" ".join(cell.split()) for cell in table[1]]
    assert first[:4] == ["Read and split the data", "Processing job", "db-1", "Failed It broke."]
    assert first[5] == "1 min 5 s"
    assert " ".join(table[2][3].split()) == "not started"
    assert "validation:F1 = 0.9" in answer.text, "the last step's log stands first"
    assert "Steps over time" in answer.text
    other = browser.get(f"{HERE}/steps?log=db-1").text
    assert "read &lt;b&gt;rows&lt;/b&gt;" in other
    assert "validation:F1" not in other
    assert "validation:F1" in browser.get(f"{HERE}/steps?log={HOSTILE}").text


def test_steps_that_have_not_begun_have_no_log(jobs, browser):
    jobs.insert(a_job(), a_candidate())
    assert "No log lines: the step has not started." in browser.get(f"{HERE}/steps").text


# files


def test_files_can_be_downloaded_and_reports_stand_in_a_frame(jobs, browser):
    jobs.insert(a_job(), with_reports())
    jobs.put_quality(judged_two())
    jobs.put(f"{EXPLANATIONS}/churn-001/report.html", "<h1>Why</h1>")
    jobs.put(f"{ROOT}/m/model.tar.gz", "model")
    text = browser.get(f"{HERE}/files").text
    for name in (f"{ROOT}/m/model.tar.gz", f"{INSIGHTS}/churn-001/statistics.json"):
        assert f'/console/files?uri={name.replace("/", "%2F").replace(":", "%3A")}"' in text
    assert "output.tar.gz" not in text, "it is not there"
    assert "windvane export model.tar.gz --scoring-script" in text
    [frame] = re.findall(r"<iframe[^>]*>", text)
    assert f'src="{HERE}/reports/quality"' in frame
    assert " sandbox " in frame
    assert (
        f'src="{HERE}/reports/explanation"' in browser.get(f"{HERE}/files?report=explanation").text
    )


def test_there_is_no_frame_for_reports_whose_files_were_deleted(jobs, browser):
    """The job goes on telling where they were."""
    jobs.insert(a_job(), with_reports())
    assert "<iframe" not in browser.get(f"{HERE}/files").text
    jobs.put(f"{EXPLANATIONS}/churn-001/report.html", "<h1>Why</h1>")
    [frame] = re.findall(r"<iframe[^>]*>", browser.get(f"{HERE}/files").text)
    assert f'src="{HERE}/reports/explanation"' in frame


def test_an_onnx_file_is_asked_for_with_the_reports_and_downloaded(jobs, browser):
    jobs.insert(a_job(), with_reports())
    put_artefacts(jobs)
    text = browser.get(f"{HERE}/files").text
    assert "Make ONNX file" in text
    assert '<input type="hidden" name="part" value="files">' in text
    file = f"{ROOT}/exports/churn-001/model.onnx"
    jobs.put(file, "graph")
    jobs.put(f"{ROOT}/exports/churn-001/model.onnx.parity.json", "{}")
    text = browser.get(f"{HERE}/files").text
    assert "Make ONNX file" not in text
    uri = file.replace("/", "%2F").replace(":", "%3A")
    assert f'/console/files?uri={uri}" download>model.onnx</a>' in text
    assert ">model.onnx.parity.json</a>" in text


def test_without_a_model_there_is_no_onnx_file(jobs, browser):
    jobs.insert(a_job(), with_reports(containers=()))
    text = browser.get(f"{HERE}/files").text
    assert "Make ONNX file" not in text
    assert "no archive of the model from which one could be made" in text


def test_a_report_may_do_nothing_in_its_frame(jobs, browser):
    jobs.insert(a_job(), with_reports())
    jobs.put_quality(judged_two())
    answer = browser.get(f"{HERE}/reports/quality")
    assert answer.text == "<h1>Model quality</h1>"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert "frame-ancestors 'self'" in policy
    assert browser.get(f"{HERE}/reports/explanation").status == 404
    assert browser.get(f"{HERE}/reports/other").status == 404


# deploying


def deployable(jobs, **job):
    jobs.insert(a_job(**job), a_candidate())
    put_artefacts(jobs)


def test_deploying_makes_model_configuration_and_endpoint(jobs, browser):
    deployable(jobs)
    text = browser.get(HERE).text
    assert 'value="churn-xgboost-1"' in text
    assert re.search(r'title="The candidates for which no other[^"]*">Pareto-optimal</a>', text)
    answer = browser.post(f"{HERE}/deploy", {"endpoint": "churn-live", "instances": "2"})
    assert (answer.status, answer.headers["location"]) == (303, "/console/endpoints/churn-live")
    endpoint = jobs.find(Endpoint, SCOPE, "churn-live")
    config = jobs.find(EndpointConfig, SCOPE, endpoint.config_name)
    [variant] = config.variants
    assert variant.instance_count == 2
    assert (config.name, variant.model_name) == ("churn-xgboost-1", "churn-xgboost-1")
    model = jobs.find(Model, SCOPE, variant.model_name)
    assert [container.model_data_url for container in model.containers] == [
        f"{ROOT}/dpp0/model.tar.gz",
        f"{ROOT}/m/model.tar.gz",
        f"{ROOT}/dpp0/model.tar.gz",
    ]


def test_what_is_deployed_again_has_the_next_number(jobs, browser):
    deployable(jobs)
    browser.get(HERE)
    for name in ("churn-live", "churn-xgboost-1", "churn-third"):
        assert browser.post(f"{HERE}/deploy", {"endpoint": name, "instances": "1"}).status == 303
    for name, config in (("churn-live", ""), ("churn-xgboost-1", "-2"), ("churn-third", "-3")):
        endpoint = jobs.find(Endpoint, SCOPE, name)
        assert endpoint.config_name == f"churn-xgboost-1{config}"
        assert endpoint.desired[0].variant.model_name == endpoint.config_name


def test_nothing_is_left_of_an_endpoint_whose_name_is_taken(jobs, browser):
    deployable(jobs)
    browser.get(HERE)
    first = browser.post(f"{HERE}/deploy", {"endpoint": "churn-live", "instances": "1"})
    second = browser.post(f"{HERE}/deploy", {"endpoint": "churn-live", "instances": "1"})
    assert (first.status, second.status) == (303, 400)
    assert "Not deployed." in second.text
    assert "already exist" in second.text
    assert 'value="churn-live"' in second.text
    with jobs.store.snapshot() as tx:
        assert sum(tx.counts_by_status(Model).values()) == 1
        assert sum(tx.counts_by_status(EndpointConfig).values()) == 1


@pytest.mark.parametrize(
    ("fields", "wrong", "told"),
    [
        ({"endpoint": ""}, "endpoint", "An endpoint name must have"),
        ({"endpoint": "-a"}, "endpoint", "An endpoint name must have"),
        ({"endpoint": HOSTILE}, "endpoint", "An endpoint name must have"),
        ({"endpoint": "a", "instances": "0"}, "instances", "from 1 to 8"),
        ({"endpoint": "a", "instances": "²"}, "instances", "from 1 to 8"),
    ],
)
def test_wishes_that_cannot_be_are_told_beside_their_fields(jobs, browser, fields, wrong, told):
    deployable(jobs)
    browser.get(HERE)
    answer = browser.post(f"{HERE}/deploy", {"instances": "1", **fields})
    assert answer.status == 400
    [marked] = re.findall(r'<input id="([\w-]+)"[^>]*aria-invalid="true"', answer.text)
    assert marked == wrong
    [said] = re.findall(rf'<p class="error" id="{wrong}-error">([^<]*)</p>', answer.text)
    assert told in said
    check_harmless(answer.text)


def live_endpoint(jobs, browser):
    """The candidate deployed as churn-live, which is in service; return the endpoint."""
    deployable(jobs)
    jobs.put(f"{ROOT}/preprocessed-data/dataset/analysis.json", ANALYSIS)
    browser.get(HERE)
    assert browser.post(f"{HERE}/deploy", {"endpoint": "churn-live"}).status == 303
    endpoint = jobs.find(Endpoint, SCOPE, "churn-live")
    running = {
        "running": endpoint.desired,
        "running_config_name": endpoint.config_name,
        "running_generation": endpoint.generation,
    }
    served = replace(endpoint, status=EndpointStatus.IN_SERVICE, **running)
    with jobs.store.transaction() as tx:
        tx.update(served)
    return served


ANALYSIS = {
    "target": "y",
    "problem_type": "BinaryClassification",
    "n_rows": 100,
    "labels": ["no", "yes"],
    "columns": [{"name": name, "type": "numeric"} for name in ("a", "b", "y")],
}
SCHEMA = {
    "ProblemType": "BinaryClassification",
    "Target": "y",
    "Labels": ["no", "yes"],
    "Columns": [{"Name": "a"}, {"Name": "b"}],
}
REPLACE = {"how": "replace", "place": "churn-live/AllTraffic", "threshold": "0.35"}


def test_the_model_of_a_running_endpoint_is_replaced_once_that_was_confirmed(
    jobs, console, browser
):
    before = live_endpoint(jobs, browser)
    tags = {"cost": "7"}
    with jobs.store.transaction() as tx:
        tx.set_tags(arn(SCOPE, Kind.ENDPOINT_CONFIG, before.config_name), tags)
    console.operations["windvane", "DescribeEndpointSchema"] = lambda _: SCHEMA
    page = browser.get(f"{HERE}?threshold=0.35").text
    assert '<option value="churn-live/AllTraffic">' in page
    assert 'name="threshold" value="0.35"' in page
    asked = browser.post(f"{HERE}/deploy", REPLACE)
    assert asked.status == 200
    assert "Replace the model of churn-live?" in asked.text
    assert 'title="churn-001">XGBoost 1</a> of churn' in asked.text
    assert "Requests and responses stay as they are" in asked.text
    assert jobs.find(Endpoint, SCOPE, "churn-live") == before
    answer = browser.post(f"{HERE}/deploy", {**REPLACE, "confirmed": "yes"})
    assert (answer.status, answer.headers["location"]) == (303, "/console/endpoints/churn-live")
    after = jobs.find(Endpoint, SCOPE, "churn-live")
    assert after.status is EndpointStatus.UPDATING
    [was], [now] = before.desired, after.desired
    assert replace(now.variant, model_name="") == replace(was.variant, model_name="")
    model = jobs.find(Model, SCOPE, now.variant.model_name)
    assert model.containers[-1].environment["WINDVANE_DECISION_THRESHOLD"] == "0.35"
    assert jobs.find(Model, SCOPE, was.variant.model_name) is not None
    with jobs.store.snapshot() as tx:
        assert tx.tags(arn(SCOPE, Kind.ENDPOINT_CONFIG, after.config_name)) == tags


def test_before_a_model_is_replaced_it_is_said_that_the_new_one_scores_worse(
    jobs, console, browser
):
    live_endpoint(jobs, browser)
    jobs.insert(a_candidate(2, score=0.8))
    console.operations["windvane", "DescribeEndpointSchema"] = lambda _: SCHEMA
    asked = words_of(browser.post(f"{HERE.replace('001', '002')}/deploy", REPLACE).text)
    assert "scores worse than the one in service: 0.8 against 0.9 (F1)." in asked
    assert "F1 0.900 ± 0.012 0.800 ± 0.012" in asked
    assert "the same folds of the same job" in asked
    assert "UpdateEndpoint" not in asked
    same = words_of(browser.post(f"{HERE}/deploy", REPLACE).text)
    assert "The endpoint serves this candidate already." in same


def test_of_two_replacements_at_once_one_is_made_and_nothing_is_left_of_the_other(jobs, browser):
    live_endpoint(jobs, browser)
    fields = {"csrf_token": browser.csrf, **REPLACE, "confirmed": "yes"}
    headers = {
        "host": browser.host,
        "origin": f"http://{browser.host}",
        "content-type": "application/x-www-form-urlencoded",
        "cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
    }

    async def both():
        body, where = urlencode(fields).encode(), (f"{HERE}/deploy", "http")
        return await asyncio.gather(
            *(ask_site(browser.site, "POST", where[0], body, headers, where[1]) for _ in range(2))
        )

    assert sorted(one.status for one in asyncio.run(both())) == [303, 400]
    with jobs.store.snapshot() as tx:
        assert sum(tx.counts_by_status(Model).values()) == 2
        assert sum(tx.counts_by_status(EndpointConfig).values()) == 2


def test_a_challenger_gets_its_share_beside_the_others(jobs, browser):
    live_endpoint(jobs, browser)
    wishes = {"how": "challenge", "place": "churn-live/AllTraffic", "share": "20"}
    asked = browser.post(f"{HERE}/deploy", wishes)
    assert "Add this candidate to churn-live?" in asked.text
    assert "could not be compared" in asked.text
    assert browser.post(f"{HERE}/deploy", {**wishes, "confirmed": "yes"}).status == 303
    first, second = (one.variant for one in jobs.find(Endpoint, SCOPE, "churn-live").desired)
    assert (first.name, second.name) == ("AllTraffic", "xgboost-1")
    assert second.weight / (first.weight + second.weight) == pytest.approx(0.2)


def test_a_shadow_is_sent_its_share_of_copies_and_replaces_an_earlier_one(jobs, browser):
    endpoint = live_endpoint(jobs, browser)
    wishes = {"how": "shadow", "place": "churn-live/AllTraffic", "copied": "25"}
    asked = words_of(browser.post(f"{HERE}/deploy", wishes).text)
    assert "Add this candidate to churn-live as a shadow?" in asked
    assert "Copies of 25 % of the requests" in asked
    assert browser.post(f"{HERE}/deploy", {**wishes, "confirmed": "yes"}).status == 303
    shadowed = jobs.find(Endpoint, SCOPE, "churn-live")
    first, shadow = (one.variant for one in shadowed.desired)
    assert (first.name, shadow.name) == ("AllTraffic", "xgboost-1")
    assert shadowed.desired_shadow == shadow.name
    assert shadow.weight == pytest.approx(0.25 * first.weight)

    running = {"running": shadowed.desired, "running_shadow": shadowed.desired_shadow}
    with jobs.store.transaction() as tx:
        in_service = {
            "status": EndpointStatus.IN_SERVICE,
            "running_config_name": shadowed.config_name,
        }
        tx.update(replace(shadowed, **running, **in_service))
    assert browser.post(f"{HERE}/deploy", {**wishes, "confirmed": "yes"}).status == 303
    again = jobs.find(Endpoint, SCOPE, "churn-live")
    assert [one.variant.model_name for one in again.desired][:1] == [first.model_name]
    assert len(again.desired) == 2
    assert again.generation == endpoint.generation + 2


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"how": "shadow", "copied": "0"}, "must be from 1 to 100 percent"),
        ({"place": ""}, "Choose a running endpoint."),
        ({"place": "other/AllTraffic"}, "There is no endpoint called other in"),
        ({"place": "churn-live/none", "confirmed": "yes"}, "has no variant none"),
        ({"how": "challenge", "share": "100"}, "must be from 1 to 99 percent"),
        ({"threshold": "much"}, "must be a number from 0 to 1"),
        ({"threshold": "nan"}, "must be a number from 0 to 1"),
    ],
)
def test_a_replacement_that_cannot_be_is_told_and_changes_nothing(jobs, browser, changes, told):
    before = live_endpoint(jobs, browser)
    answer = browser.post(f"{HERE}/deploy", {**REPLACE, **changes})
    assert (answer.status, told in answer.text) == (400, True)
    assert jobs.find(Endpoint, SCOPE, "churn-live") == before


def test_an_endpoint_on_its_way_is_not_offered_and_not_changed(jobs, browser):
    endpoint = live_endpoint(jobs, browser)
    with jobs.store.transaction() as tx:
        tx.update(replace(endpoint, status=EndpointStatus.UPDATING))
    assert "churn-live/AllTraffic" not in browser.get(HERE).text
    answer = browser.post(f"{HERE}/deploy", {**REPLACE, "confirmed": "yes"})
    assert (answer.status, "once it is InService" in answer.text) == (400, True)
    with jobs.store.snapshot() as tx:
        assert sum(tx.counts_by_status(Model).values()) == 1


def test_nothing_is_deployed_for_a_strange_page(jobs, browser):
    deployable(jobs)
    browser.csrf = "forged"
    assert browser.post(f"{HERE}/deploy", {"endpoint": "a"}).status == 403
    assert jobs.find(Endpoint, SCOPE, "a") is None
