"""From a CSV in S3 to a prediction with boto3, as the direct-marketing sample does it."""

import io
import json
import os
import sys

import nbformat
import pandas as pd
import pytest
from journeys.pages import blocks, look_like_a_clone, run
from journeys.running import limits
from journeys.stepping import WAIT
from sklearn.metrics import f1_score

from windvane.domain.problem import Mode
from windvane.work.layout import LAYOUT

JOB = "Bank-Boto3"
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def some_rows(bank_train):
    """Every twelfth: they are sorted by date."""
    header, *lines = bank_train.splitlines(keepends=True)
    return b"".join([header, *lines[::12]])


@pytest.fixture(scope="module")
def job(server, some_rows):
    uri = server.upload("boto3/train/train.csv", some_rows)
    answer = server.create_job(
        JOB,
        uri,
        traceparent=f"00-{TRACE}-{CALLER}-01",
        AutoMLJobConfig=limits(3, 160),
        ModelDeployConfig={"AutoGenerateEndpointName": False, "EndpointName": "bank-endpoint"},
        Tags=[{"Key": "team", "Value": "marketing"}],
    )
    assert (
        answer["AutoMLJobArn"]
        == f"arn:aws:sagemaker:us-east-1:000000000000:automl-job/{JOB.lower()}"
    )
    return server.wait_for_job(JOB, 270)


def test_the_job_completes_with_a_best_candidate_and_says_what_it_resolved(job):
    assert job["AutoMLJobStatus"] == "Completed", job
    assert job["AutoMLJobSecondaryStatus"] == "MaxCandidatesReached"
    assert job["ResolvedAttributes"]["ProblemType"] == "BinaryClassification"
    assert job["ResolvedAttributes"]["AutoMLJobObjective"] == {"MetricName": "F1"}
    assert "ProblemType" not in job
    best = job["BestCandidate"]
    assert best["FinalAutoMLJobObjectiveMetric"]["Value"] > 0.5
    assert len(best["InferenceContainers"]) == 3
    assert [step["CandidateStepType"].rsplit("::", 1)[1] for step in best["CandidateSteps"]] == [
        "ProcessingJob",
        "TrainingJob",
        "TransformJob",
        "TrainingJob",
    ]
    names = {
        metric["StandardMetricName"] for metric in best["CandidateProperties"]["CandidateMetrics"]
    }
    assert {"F1", "AUC", "Accuracy", "BalancedAccuracy", "Precision", "Recall", "LogLoss"} <= names


def test_candidates_are_ranked_and_no_more_than_asked_for(job, server):
    sagemaker = server.client("sagemaker")
    ranked = sagemaker.list_candidates_for_auto_ml_job(
        AutoMLJobName=JOB, SortBy="FinalObjectiveMetricValue"
    )
    values = [
        candidate["FinalAutoMLJobObjectiveMetric"]["Value"] for candidate in ranked["Candidates"]
    ]
    assert values == sorted(values, reverse=True)
    assert 1 <= len(values) <= 3
    names = [candidate["CandidateName"] for candidate in ranked["Candidates"]]
    best = names.index(job["BestCandidate"]["CandidateName"])
    assert best in (0, 1), (
        "an ensemble is placed by the weights it has, and told by a score without the row"
    )


def test_the_endpoint_answers_the_test_rows_well(job, server, bank_test):
    assert job["ModelDeployResult"] == {"EndpointName": "bank-endpoint"}
    rows, truth = bank_test
    body = rows.head(3000).to_csv(header=False, index=False)
    answer = server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="bank-endpoint", ContentType="text/csv", Body=body
    )
    labels = pd.read_csv(io.BytesIO(answer["Body"].read()), header=None)[0].to_numpy()
    assert answer["ContentType"].startswith("text/csv")
    assert set(labels) == {"yes", "no"}
    assert f1_score(truth[:3000] == "yes", labels == "yes") > 0.5


def test_the_commands_of_the_page_on_the_open_inference_protocol_work(job, server, tmp_path):
    look_like_a_clone(tmp_path)
    (tmp_path / "windvane-data").symlink_to(server.folder)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    said = []
    for block in blocks("docs/open-inference.md", "sh", "python"):
        output, environment = run(block, tmp_path, environment)
        said.append(output)
    metadata, answer = json.loads(said[0]), json.loads(said[1])
    assert {"name": "age", "datatype": "FP64", "shape": [-1]} in metadata["inputs"]
    assert (answer["model_name"], answer["model_version"]) == (
        "bank-endpoint",
        metadata["versions"][0],
    )
    labels, chances, known = (one["data"] for one in answer["outputs"])
    assert set(labels) <= set(known) == {"no", "yes"}
    assert sum(chances) == pytest.approx(2)
    assert str(labels) in said[2]


def test_the_program_of_the_page_on_traces_gets_a_trace_with_the_models_process(
    job, server, collector, tmp_path
):
    [block] = blocks("docs/observability.md", "python")
    trace_id, _ = run(block, tmp_path, server.shell_env(), sys.executable)
    request, model = sorted(
        collector.trace(trace_id.strip(), "sagemaker-runtime/InvokeEndpoint", "model process"),
        key=lambda span: span.name == "model process",
    )
    assert request.attributes["http.route"] == "/endpoints/{EndpointName}/invocations"
    assert request.attributes["http.response.status_code"] == 200
    assert request.parent_id != ""
    assert model.parent_id == request.span_id
    assert model.attributes["windvane.endpoint"] == "bank-endpoint"


def test_the_tasks_of_a_job_are_in_the_trace_of_the_request_that_created_it(job, collector):
    asked, done = "sagemaker/CreateAutoMLJob", ("task analyze", "task train", "task insights")
    spans = collector.trace(TRACE, asked, *done, "task process", "fetch inputs", "publish outputs")
    [created] = [span for span in spans if span.name == asked]
    assert created.parent_id == CALLER
    tasks = [span for span in spans if "windvane.task" in span.attributes]
    assert {span.parent_id for span in tasks} == {created.span_id}
    assert {span.attributes["windvane.job"] for span in tasks} == {JOB}
    assert {span.attributes["windvane.task.end"] for span in tasks} >= {"finished"}
    ids = {span.span_id for span in tasks}
    processes = [span for span in spans if span.name == "task process"]
    assert {span.parent_id for span in processes} <= ids
    assert {
        span.parent_id for span in spans if span.name in ("fetch inputs", "publish outputs")
    } <= {span.span_id for span in processes}


def test_the_log_is_json_and_says_to_which_trace_a_line_belongs(job, server):
    records = [json.loads(line) for line in server.log().splitlines()]
    told = [one for one in records if f"of {JOB}: done" in one["message"]]
    assert "Task analyze" in " ".join(one["message"] for one in told)
    assert {one["trace_id"] for one in told} == {TRACE}
    assert len({one["span_id"] for one in told}) == len(told)
    assert all(one["process"] for one in told)
    for line in (server.folder / "logs" / "server.log").read_text().splitlines():
        assert json.loads(line).keys() >= {"time", "level", "logger", "message"}


def test_every_step_and_every_container_leads_to_something_real(job, server):
    sagemaker, s3 = server.client("sagemaker"), server.client("s3")
    describe = {
        "ProcessingJob": lambda name: sagemaker.describe_processing_job(ProcessingJobName=name),
        "TrainingJob": lambda name: sagemaker.describe_training_job(TrainingJobName=name),
        "TransformJob": lambda name: sagemaker.describe_transform_job(TransformJobName=name),
    }
    for step in job["BestCandidate"]["CandidateSteps"]:
        kind = step["CandidateStepType"].rsplit("::", 1)[1]
        assert describe[kind](step["CandidateStepName"])[f"{kind}Status"] == "Completed"
    for container in job["BestCandidate"]["InferenceContainers"]:
        bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
        assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] > 0
        assert container["Environment"]


def _places(document):
    """Every S3 URI in an answer."""
    if isinstance(document, dict):
        return [uri for value in document.values() for uri in _places(value)]
    if isinstance(document, list):
        return [uri for value in document for uri in _places(value)]
    is_place = isinstance(document, str) and document.startswith("s3://")
    return [document] if is_place else []


def _describe_steps(sagemaker, job):
    """Every step of every finished candidate, described, by its name."""
    describe = {
        "ProcessingJob": lambda name: sagemaker.describe_processing_job(ProcessingJobName=name),
        "TrainingJob": lambda name: sagemaker.describe_training_job(TrainingJobName=name),
        "TransformJob": lambda name: sagemaker.describe_transform_job(TransformJobName=name),
    }
    candidates = sagemaker.list_candidates_for_auto_ml_job(
        AutoMLJobName=JOB, StatusEquals="Completed"
    )["Candidates"]
    return {
        step["CandidateStepName"]: describe[step["CandidateStepType"].rsplit("::", 1)[1]](
            step["CandidateStepName"]
        )
        for candidate in candidates
        for step in candidate["CandidateSteps"]
    }


def test_what_steps_name_is_there_and_all_that_is_there_is_listed(job, server):
    s3 = server.client("s3")
    bucket = server.env["WINDVANE_BUCKET"]
    root = f"output/{JOB}/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=root)
    paths = {one["Key"].removeprefix(root) for page in pages for one in page["Contents"]}
    for path in paths:
        assert sum(artefact.matches(path) for artefact in LAYOUT) == 1, path
    expected = {one.path for one in LAYOUT if Mode.AUTO in one.modes}
    assert expected == {one.path for path in paths for one in LAYOUT if one.matches(path)}
    for name, described in _describe_steps(server.client("sagemaker"), job).items():
        for uri in _places(described):
            where, _, key = uri.removeprefix("s3://").partition("/")
            assert s3.list_objects_v2(Bucket=where, Prefix=key, MaxKeys=1)["KeyCount"], (name, uri)


def test_steps_say_what_they_were_told_and_what_came_of_it(job, server):
    steps = _describe_steps(server.client("sagemaker"), job)
    trainings = [step for step in steps.values() if "TrainingJobName" in step]
    singles = [step for step in trainings if "_seed" in step["HyperParameters"]]
    assert singles
    for step in singles:
        assert step["HyperParameters"]["_recipe"].startswith("dpp")
        assert int(step["HyperParameters"]["_folds"]) >= 1
        assert [channel["ChannelName"] for channel in step["InputDataConfig"]] == ["dataset"]
        assert {metric["MetricName"] for metric in step["FinalMetricDataList"]} >= {"validation:F1"}
        assert step["TrainingEndTime"] >= step["TrainingStartTime"]
    for step in trainings:
        members = json.loads(step["HyperParameters"].get("_members", "{}"))
        if members:
            assert sum(members.values()) == pytest.approx(1)
            channels = [channel["ChannelName"] for channel in step["InputDataConfig"]]
            numbered = [f"member-{number}" for number in range(1, len(members) + 1)]
            assert channels == ["dataset", *numbered]
            assert set(members) <= set(steps)


def test_the_transform_step_of_every_candidate_can_be_sent_back(job, server):
    sagemaker = server.client("sagemaker")
    steps = _describe_steps(sagemaker, job)
    told = {name: step for name, step in steps.items() if "TransformJobName" in step}
    members = (
        "ModelName",
        "TransformInput",
        "TransformOutput",
        "TransformResources",
        "DataProcessing",
    )
    assert told
    for number, step in enumerate(told.values()):
        request = {member: step[member] for member in members}
        if "Environment" in step:
            request["Environment"] = step["Environment"]
        sagemaker.create_transform_job(TransformJobName=f"step-again-{number}", **request)
    waiter = sagemaker.get_waiter("transform_job_completed_or_stopped")
    for number in range(len(told)):
        name = f"step-again-{number}"
        waiter.wait(TransformJobName=name, WaiterConfig=WAIT)
        again = sagemaker.describe_transform_job(TransformJobName=name)
        assert again["TransformJobStatus"] == "Completed", again


def test_split_and_sample_are_the_rows_of_the_input(job, server, some_rows):
    s3 = server.client("s3")
    bucket = server.env["WINDVANE_BUCKET"]
    folder = f"output/{JOB}/preprocessed-data"

    def read(prefix, **options):
        found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/{prefix}")["Contents"]
        parts = [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found]
        return pd.read_csv(io.BytesIO(b"".join(parts)), **options)

    names = list(read("header/headers.csv").columns)
    split = [read(f"tuning_data/{part}/", header=None) for part in ("train", "validation")]
    rows = pd.concat(split).set_axis(names, axis=1)
    raw = pd.read_csv(io.BytesIO(some_rows))
    assert names[0] == "y"
    assert sorted(names) == sorted(raw.columns)
    key = list(raw.columns)
    pd.testing.assert_frame_equal(
        rows[key].sort_values(key, ignore_index=True), raw.sort_values(key, ignore_index=True)
    )
    sample = read("explainability_samples/sample.csv")
    assert len(sample.merge(raw.drop_duplicates(), how="inner", on=key)) == len(sample)


def _read(s3, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _below(s3, prefix):
    """Path below the prefix and the next part of the path -> URI, as the samples look for reports."""
    bucket, _, key = prefix.removeprefix("s3://").partition("/")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]]
    report = keys[0].removeprefix(key).lstrip("/").split("/")[0]
    folder = f"{key.rstrip('/')}/{report}/"
    return {one.removeprefix(folder): f"s3://{bucket}/{one}" for one in keys}


def test_the_exploration_notebook_can_be_read(job, server):
    uri = job["AutoMLJobArtifacts"]["DataExplorationNotebookLocation"]
    assert uri.endswith("/notebooks/SageMakerAutopilotDataExplorationNotebook.ipynb")
    notebook = nbformat.reads(_read(server.client("s3"), uri).decode(), as_version=4)
    nbformat.validate(notebook)
    assert any("Target" in cell.source for cell in notebook.cells)


def test_reports_lie_where_readers_look(job, server):
    s3 = server.client("s3")
    places = job["BestCandidate"]["CandidateProperties"]["CandidateArtifactLocations"]
    explained, insights = (_below(s3, places[name]) for name in ("Explainability", "ModelInsights"))
    analysis = json.loads(_read(s3, explained["analysis.json"]))
    for told in analysis["explanations"]["kernel_shap"].values():
        assert "duration" in told["global_shap_values"]
        assert isinstance(told["expected_value"], float)
    statistics = json.loads(_read(s3, insights["statistics.json"]))
    metrics = statistics["binary_classification_metrics"]
    f1 = job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["Value"]
    assert metrics["f1"]["value"] == pytest.approx(f1, abs=0.02)
    assert set(metrics["confusion_matrix"]) == {"no", "yes"}
    for files in (explained, insights):
        assert {"report.html", "report.ipynb", "report.pdf"} <= set(files)
        assert b"<script" not in _read(s3, files["report.html"])


def test_tags_given_at_creation_are_listed(job, server):
    tags = server.client("sagemaker").list_tags(ResourceArn=job["AutoMLJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "marketing"}]


def test_the_job_is_listed_and_described_in_both_versions(job, server):
    sagemaker = server.client("sagemaker")
    [summary] = sagemaker.list_auto_ml_jobs(NameContains="boto3")["AutoMLJobSummaries"]
    assert summary["AutoMLJobName"] == JOB
    v2 = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=JOB.upper())
    assert v2["AutoMLProblemTypeConfig"]["TabularJobConfig"]["TargetAttributeName"] == "y"


def test_deleting_an_endpoint_ends_its_processes(job, server):
    sagemaker = server.client("sagemaker")
    before = len(server.children())
    sagemaker.delete_endpoint(EndpointName="bank-endpoint")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="bank-endpoint", WaiterConfig=WAIT)
    assert len(server.children()) < before
