"""Our own operation that has any candidate explained and judged, over the real edge."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from api.records import JOB_ARN, finished_candidate, job_record
from api.steps import step_input, step_output
from api.world import ACCOUNT, OTHER_ACCOUNT, OUTPUT, READER, REGION, SCOPE, World, _call
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from windvane.artifacts.base import parse_location
from windvane.domain.candidate import (
    Candidate,
    CandidateStatus,
    Container,
    ProcessingJob,
    StepStatus,
)
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.images import image_uri
from windvane.domain.job import AutoMLJob
from windvane.domain.problem import MetricName
from windvane.domain.task import TaskKind, TaskStatus
from windvane.notes.note import said
from windvane.wire.model import load_service
from windvane.wire.validate import validate
from windvane.work.workers.stepjobs import advance

ROOT = f"{OUTPUT}/churn"
EXPLANATIONS = f"{ROOT}/documentation/explainability/output"
INSIGHTS = f"{ROOT}/documentation/model_monitor/output"
PATH = "/windvane/jobs/churn/candidates/churn-001/reports"
NAME = "churn-001-reports-1"


def container(name: str, algorithm: str = "xgboost") -> Container:
    return Container(image_uri(SCOPE, algorithm), f"{ROOT}/{name}/model.tar.gz")


PIPELINE = (container("dpp0", "sklearn-automl"), container("m"), container("dpp0"))


def dataset_step(world: World, status: StepStatus = StepStatus.COMPLETED) -> ProcessingJob:
    now = world.clock()
    output = {"OutputName": "dataset", "S3Output": {"S3Uri": f"{ROOT}/dataset"}}
    return ProcessingJob(
        scope=SCOPE,
        name="db-1",
        parent=JOB_ARN,
        created=now,
        modified=now,
        status=status,
        details={"ProcessingOutputConfig": {"Outputs": [output]}},
    )


def put_artefacts(world: World) -> None:
    for name in ("dataset/analysis.json", "dpp0/model.tar.gz", "m/model.tar.gz", "m/output.tar.gz"):
        world.put(f"{ROOT}/{name}")


@pytest.fixture
def job(world: World) -> World:
    """The job churn with one finished candidate."""
    now = world.clock()
    world.insert(job_record(now, objective=MetricName.F1), dataset_step(world))
    world.insert(finished_candidate(now, containers=PIPELINE))
    put_artefacts(world)
    return world


def signed(method: str, path: str, secret: str = "secret", account: str = ACCOUNT) -> AWSRequest:
    request = AWSRequest(method, f"http://windvane.test{path}", data=b"")
    SigV4Auth(Credentials(account, secret), "sagemaker", REGION).add_auth(request)
    return request


def sent(world: World, request: AWSRequest) -> tuple[int, dict[str, Any]]:
    prepared = AWSPreparedRequest(
        request.method, request.url, request.headers, request.data or b"", stream_output=False
    )
    status, _, body = asyncio.run(_call(world.edge, prepared))
    return status, json.loads(body)


def post(world: World, path: str = PATH) -> tuple[int, dict[str, Any]]:
    return sent(world, signed("POST", path))


def get(world: World, path: str = PATH) -> tuple[int, dict[str, Any]]:
    return sent(world, signed("GET", path))


def refused(answer: tuple[int, dict[str, Any]]) -> tuple[int, str, str]:
    status, body = answer
    assert body["message"] == body["Message"]
    return status, body["__type"], body["message"]


def made(world: World, name: str = NAME) -> ProcessingJob:
    with world.store.snapshot() as tx:
        found = tx.find(ProcessingJob, SCOPE, name)
    assert found is not None
    return found


def end(world: World, status: StepStatus, name: str = NAME) -> None:
    world.update(replace(made(world, name), status=status, failure=said("No luck.")))


def test_reports_are_started_and_are_told_of(job: World) -> None:
    status, answer = post(job)
    assert status == 202
    assert answer == {
        "ProcessingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/{NAME}",
        "ProcessingJobName": NAME,
        "Status": "InProgress",
        "Explainability": EXPLANATIONS,
        "ModelInsights": INSIGHTS,
    }
    assert get(job) == (200, answer)


def test_the_job_is_one_that_a_client_could_create(job: World) -> None:
    post(job)
    described = job.client().describe_processing_job(ProcessingJobName=NAME)
    assert described["ProcessingJobStatus"] == "InProgress"
    assert "AutoMLJobArn" not in described
    named = {"CANDIDATE_NAME": "churn-001", "CANDIDATE_TITLE": "XGBoost 1"}
    assert described["Environment"] == named
    inputs = {"dataset": "dataset", "model": "m/model.tar.gz"}
    inputs |= {"transformers": "dpp0/model.tar.gz", "output": "m/output.tar.gz"}
    assert described["ProcessingInputs"] == [
        step_input(name, f"{ROOT}/{key}") for name, key in inputs.items()
    ]
    assert described["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/windvane"
    outputs = {"explanation": EXPLANATIONS, "insights": INSIGHTS, "onnx": f"{ROOT}/exports"}
    assert written(described) == outputs
    request = {"ProcessingJobName": "again", **made(job).details}
    validate(request, load_service("sagemaker").operation("CreateProcessingJob").input_shape)
    assert job.client().create_processing_job(**request)["ProcessingJobArn"].endswith("/again")


def written(job: dict[str, Any]) -> dict[str, str]:
    """Prefixes by the names of outputs."""
    outputs = job["ProcessingOutputConfig"]["Outputs"]
    return {one["OutputName"]: one["S3Output"]["S3Uri"] for one in outputs}


def test_a_candidate_of_one_container_has_both_packages_in_it(job: World) -> None:
    job.insert(finished_candidate(job.clock(), 2, containers=(container("m", "ensemble"),)))
    post(job, PATH.replace("churn-001", "churn-002"))
    inputs = made(job, "churn-002-reports-1").details["ProcessingInputs"]
    assert [one["InputName"] for one in inputs] == ["dataset", "model", "output"]


def test_asking_twice_is_the_same_as_once(job: World) -> None:
    first, second = post(job), post(job)
    assert first == second
    assert post(job, PATH.replace("churn", "CHURN")) == first
    assert len(job.client().list_processing_jobs()["ProcessingJobSummaries"]) == 2


def test_the_candidate_has_its_reports_once_the_job_is_completed(job: World) -> None:
    post(job)
    task_ends(job)
    [candidate] = job.client().list_candidates_for_auto_ml_job(AutoMLJobName="churn")["Candidates"]
    assert candidate["CandidateProperties"]["CandidateArtifactLocations"] == {
        "Explainability": EXPLANATIONS,
        "ModelInsights": INSIGHTS,
    }
    assert post(job)[1]["Status"] == get(job)[1]["Status"] == "Completed"
    assert post(job)[1]["ProcessingJobName"] == NAME


def task_ends(world: World) -> None:
    now = world.clock()
    with world.store.transaction() as tx:
        task = tx.claim_task([TaskKind.STEP], "w", now, now)
        assert task is not None
        assert tx.finish_task(task, TaskStatus.DONE, now, result={})
        advance(tx, made(world).arn, now)


@pytest.mark.parametrize("status", [StepStatus.FAILED, StepStatus.STOPPED])
def test_what_came_to_nothing_is_told_and_tried_again_when_asked_for(
    job: World, status: StepStatus
) -> None:
    post(job)
    end(job, status)
    told = get(job)[1]
    assert (told["Status"], told["FailureReason"]) == (status.value, "No luck.")
    again = post(job)[1]
    assert (again["ProcessingJobName"], again["Status"]) == ("churn-001-reports-2", "InProgress")
    assert get(job)[1] == again


def test_a_clients_own_job_of_the_same_name_is_none_of_ours(job: World) -> None:
    job.insert(replace(dataset_step(job), name=NAME))
    assert get(job)[1]["__type"] == "ResourceNotFound"
    assert post(job)[1]["ProcessingJobName"] == "churn-001-reports-2"


def test_reports_that_the_automl_job_made_are_there(job: World) -> None:
    best = finished_candidate(job.clock(), 2, explainability=EXPLANATIONS, model_insights=INSIGHTS)
    job.insert(best)
    path = PATH.replace("churn-001", "churn-002")
    told = {"Status": "Completed", "Explainability": EXPLANATIONS, "ModelInsights": INSIGHTS}
    assert post(job, path) == (202, told)
    assert get(job, path) == (200, told)


def test_reports_of_the_automl_job_are_made_anew_where_that_is_asked_for(job: World) -> None:
    with job.store.snapshot() as tx:
        candidate = tx.find(Candidate, SCOPE, "churn-001")
    assert candidate is not None
    job.update(replace(candidate, explainability=EXPLANATIONS, model_insights=INSIGHTS))
    assert "ProcessingJobName" not in post(job)[1]
    again = post(job, f"{PATH}?again=true")
    assert (again[0], again[1]["ProcessingJobName"], again[1]["Status"]) == (
        202,
        NAME,
        "InProgress",
    )
    assert post(job, f"{PATH}?again=true") == again, "once, however often it is asked for"


def test_reports_that_were_asked_for_are_made_anew_once_they_are_there(job: World) -> None:
    first = post(job)[1]
    assert post(job, f"{PATH}?again=true")[1] == first, "they are being made"
    task_ends(job)
    assert post(job)[1]["Status"] == "Completed"
    again = post(job, f"{PATH}?again=true")[1]
    assert (again["ProcessingJobName"], again["Status"]) == ("churn-001-reports-2", "InProgress")
    assert get(job)[1] == again


def test_nothing_is_told_before_it_is_asked_for(job: World) -> None:
    status, code, message = refused(get(job))
    assert (status, code) == (400, "ResourceNotFound")
    assert "no reports on the candidate churn-001" in message


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(
    ("path", "told"),
    [
        (PATH.replace("/churn/", "/nope/"), "can't find an AutoML job called nope."),
        (PATH.replace("churn-001", "churn-009"), "has no candidate called churn-009"),
    ],
)
def test_unknown_names_are_told(job: World, method: str, path: str, told: str) -> None:
    status, code, message = refused(sent(job, signed(method, path)))
    assert (status, code) == (400, "ResourceNotFound")
    assert told in message


def test_a_candidate_of_another_job_is_unknown(job: World) -> None:
    job.insert(job_record(job.clock(), "other"))
    assert "has no candidate" in post(job, PATH.replace("/churn/", "/other/"))[1]["message"]


def test_reports_on_a_forecast_are_made_of_its_package_and_all_backtests(job: World) -> None:
    with job.store.snapshot() as tx:
        record = tx.find(AutoMLJob, SCOPE, "churn")
    assert record is not None
    problem = ForecastSpec(target="y", timestamp="t", item_id="id", horizon=2)
    job.update(replace(record, spec=replace(record.spec, problem=problem)))
    job.insert_anew(finished_candidate(job.clock(), containers=(container("m", "forecaster"),)))
    job.put(f"{ROOT}/backtest-results/churn-001/outcome.json")
    assert post(job)[0] == 202
    inputs = {"backtests": "backtest-results", "model": "m/model.tar.gz"}
    assert made(job).details["ProcessingInputs"] == [
        step_input(name, f"{ROOT}/{key}") for name, key in inputs.items()
    ]
    request = {"ProcessingJobName": "again", **made(job).details}
    assert job.client().create_processing_job(**request)["ProcessingJobArn"].endswith("/again")
    assert written(request) == {"explanation": EXPLANATIONS, "insights": INSIGHTS}
    outputs = {"Outputs": [step_output("onnx")]}
    with pytest.raises(ClientError, match="'onnx', which forecasting models do not have"):
        job.client().create_processing_job(
            **request | {"ProcessingJobName": "onnx", "ProcessingOutputConfig": outputs}
        )
    mixed = {
        **request,
        "ProcessingJobName": "mixed",
        "ProcessingInputs": [
            *request["ProcessingInputs"],
            step_input("dataset", f"{ROOT}/dataset"),
        ],
    }
    with pytest.raises(ClientError, match="which goes with tables"):
        job.client().create_processing_job(**mixed)


def test_another_account_sees_nothing(job: World) -> None:
    answer = sent(job, signed("POST", PATH, account=OTHER_ACCOUNT))
    assert refused(answer)[1] == "ResourceNotFound"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": CandidateStatus.IN_PROGRESS}, "is in status InProgress"),
        ({"status": CandidateStatus.FAILED}, "is in status Failed"),
        ({"containers": ()}, "was not kept when its job ended"),
    ],
)
def test_what_cannot_be_explained_says_why(job: World, changes: dict[str, Any], told: str) -> None:
    job.insert_anew(replace(finished_candidate(job.clock()), **changes))
    status, code, message = refused(post(job))
    assert (status, code) == (400, "ValidationException")
    assert told in message
    assert get(job)[1]["__type"] == "ResourceNotFound", "nothing was started"


def test_a_job_whose_data_are_not_there_yet_says_so(job: World) -> None:
    job.insert_anew(dataset_step(job, StepStatus.IN_PROGRESS))
    message = refused(post(job))[2]
    assert "the processing job db-1, which writes them, is InProgress" in message


def test_artefacts_that_were_deleted_are_named(job: World) -> None:
    job.artifacts.delete(parse_location(f"{ROOT}/m/output.tar.gz"))
    assert f"{ROOT}/m/output.tar.gz" in refused(post(job))[2]


def test_the_role_is_that_of_the_job(world: World) -> None:
    now = world.clock()
    world.insert(job_record(now, request={"RoleArn": READER}), dataset_step(world))
    world.insert(finished_candidate(now, containers=PIPELINE))
    put_artefacts(world)
    assert f'the role "{READER}" has no "s3:ListBucket"' in refused(post(world))[2]


# who asks


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_nobody_is_served_unsigned(job: World, method: str) -> None:
    answer = sent(job, AWSRequest(method, f"http://windvane.test{PATH}", data=b""))
    assert refused(answer)[:2] == (400, "MissingAuthenticationTokenException")
    assert get(job)[1]["__type"] == "ResourceNotFound", "nothing was started"


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_wrong_signature_is_refused(job: World, method: str) -> None:
    assert refused(sent(job, signed(method, PATH, secret="other")))[1] == (
        "InvalidSignatureException"
    )
    moved = signed(method, PATH)
    moved.url = moved.url.replace("churn-001", "churn-002")
    assert refused(sent(job, moved))[1] == "InvalidSignatureException"
    swapped = signed(method, PATH)
    swapped.method = {"POST": "GET", "GET": "POST"}[method]
    assert refused(sent(job, swapped))[1] == "InvalidSignatureException"
    assert get(job)[1]["__type"] == "ResourceNotFound", "nothing was started"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["a%2Fb", "..", "%2e%2e", "%2E%2E%2Fx", "a%0Ab", "a%20b", "%3Cb%3E", "%25", "-a", "a" * 65,
     "%C3%A9", "a%27%3B--", "churn-001%2Freports"],
)  # fmt: skip
@pytest.mark.parametrize("part", ["/churn/", "/churn-001/"])
def test_hostile_names_are_refused_by_their_pattern(job: World, part: str, name: str) -> None:
    status, code, message = refused(post(job, PATH.replace(part, f"/{name}/")))
    assert (status, code) == (400, "ValidationException")
    assert "failed to satisfy constraint" in message


@pytest.mark.parametrize("name", ["%FF", "%00", "a%00b"])
def test_a_name_that_is_no_text_is_malformed(job: World, name: str) -> None:
    assert refused(post(job, PATH.replace("churn-001", name)))[1] == "SerializationException"


def test_a_name_may_be_percent_encoded(job: World) -> None:
    assert post(job, PATH.replace("churn-001", "%63hurn%2D001"))[0] == 202


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", PATH),
        ("DELETE", PATH),
        ("POST", f"{PATH}/"),
        ("POST", f"{PATH}/x"),
        ("POST", PATH.replace("churn-001", "")),
        ("POST", "/windvane/jobs/churn"),
    ],
)
def test_other_paths_and_methods_name_no_operation(job: World, method: str, path: str) -> None:
    assert refused(sent(job, signed(method, path)))[1] == "UnknownOperationException"


def test_a_body_is_not_ignored(job: World) -> None:
    request = AWSRequest("POST", f"http://windvane.test{PATH}", data=b'{"Budget": 1}')
    SigV4Auth(Credentials(ACCOUNT, "secret"), "sagemaker", REGION).add_auth(request)
    _, code, message = refused(sent(job, request))
    assert code == "SerializationException"
    assert "StartCandidateReports takes no parameters in the body" in message
