"""Reports on candidates that are not the best, asked for by one signed HTTP request, and by the command."""

import json
import subprocess
import urllib.error
import urllib.request

import numpy as np
import onnxruntime
import pytest
from journeys import own
from journeys.running import BIN
from journeys.small import N_ROWS, OF_CLASSES, trained
from journeys.stepping import WAIT

JOB = OF_CLASSES


@pytest.fixture(scope="module")
def others(server):
    """Names of the finished candidates without reports, the worst first."""
    trained(server, JOB)
    ranked = server.client("sagemaker").list_candidates_for_auto_ml_job(
        AutoMLJobName=JOB, SortBy="FinalObjectiveMetricValue", StatusEquals="Completed"
    )["Candidates"]
    names = [one["CandidateName"] for one in ranked if not places(one)]
    assert len(names) >= 2, ranked
    return names[::-1]


def places(candidate):
    return candidate.get("CandidateProperties", {}).get("CandidateArtifactLocations")


def listed(server, name):
    [found] = server.client("sagemaker").list_candidates_for_auto_ml_job(
        AutoMLJobName=JOB, CandidateNameEquals=name
    )["Candidates"]
    return found


def asked(server, method, candidate):
    return own.asked(server, f"/windvane/jobs/{JOB}/candidates/{candidate}/reports", method)


def test_nobody_is_served_unsigned(server):
    for method in ("POST", "GET"):
        url = f"{server.url}/windvane/jobs/{JOB}/candidates/any/reports"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=240)
        assert json.load(caught.value)["__type"] == "MissingAuthenticationTokenException"


def found_below(server, prefix, file):
    """The document of this name whose key has the candidate's name right after the prefix, by that name."""
    bucket, _, key = prefix.removeprefix("s3://").partition("/")
    s3 = server.client("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]]
    return {
        one.removeprefix(key).split("/")[1]: json.load(
            s3.get_object(Bucket=bucket, Key=one)["Body"]
        )
        for one in keys
        if one.endswith(f"/{file}")
    }


def test_one_request_explains_and_judges_the_worst_candidate(server, others):
    worst = others[0]
    status, answer = asked(server, "POST", worst)
    assert (status, answer["Status"]) == (202, "InProgress"), answer
    assert asked(server, "POST", worst)[1]["ProcessingJobArn"] == answer["ProcessingJobArn"]
    name = answer["ProcessingJobName"]
    sagemaker = server.client("sagemaker")
    waiter = sagemaker.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName=name, WaiterConfig=WAIT)
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    assert job["ProcessingJobStatus"] == "Completed", job
    told = places(listed(server, worst))
    assert told == {one: answer[one] for one in ("Explainability", "ModelInsights")}
    status, answer = asked(server, "GET", worst)
    assert (status, answer["Status"]) == (200, "Completed")
    explained = found_below(server, told["Explainability"], "analysis.json")[worst]
    assert explained["explanations"]["kernel_shap"]
    judged = found_below(server, told["ModelInsights"], "statistics.json")[worst]
    assert judged["binary_classification_metrics"]
    exports = f"{told['Explainability'].partition('/documentation/')[0]}/exports"
    parity = found_below(server, exports, "model.onnx.parity.json")[worst]
    assert (parity["other_labels"], parity["rows_of_table"]) == (0, N_ROWS)
    assert answered(server, f"{exports}/{worst}/model.onnx") in (["yes"], ["no"])


def answered(server, uri):
    """What ONNX Runtime predicts for a row with a model."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    content = server.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    row = {"a": 1.0, "colour": "red", "b": 1.0, "day": 1.7e9}
    feeds = {
        one.name: np.array([[row[one.name]]], object if "string" in one.type else float)
        for one in session.get_inputs()
    }
    return session.run(["label"], feeds)[0].tolist()


def report(server, candidate, job=JOB, folder=None):
    return subprocess.run(
        [
            *(BIN / "windvane", "report", "--data-dir", folder or server.folder),
            *("--job", job, "--candidate", candidate),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_command_waits_for_the_reports_and_says_where_they_are(server, others):
    done = report(server, others[1])
    assert done.returncode == 0, done.stderr
    told = places(listed(server, others[1]))
    assert done.stdout.split() == [told["Explainability"], told["ModelInsights"]]
    assert f"{others[1]}-reports-1 is InProgress" in done.stderr
    assert others[1] in found_below(server, told["Explainability"], "analysis.json")
    again = report(server, others[1])
    assert (again.returncode, again.stdout) == (0, done.stdout)


def test_the_command_says_what_is_wrong_in_one_sentence(server, others, tmp_path):
    for done, told in (
        (report(server, "nobody"), "has no candidate called nobody"),
        (report(server, "a/../b"), "candidateName"),
        (report(server, others[0], job="nothing"), "can't find an AutoML job called nothing"),
        (report(server, others[0], folder=tmp_path), f"No server is running on {tmp_path}"),
    ):
        assert (done.returncode, done.stdout) == (2, "")
        assert told in done.stderr
        assert done.stderr.count("\n") == 1
