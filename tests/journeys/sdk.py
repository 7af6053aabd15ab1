"""Scripts that use the unmodified SageMaker SDK 2.x, as processes of their own, as a user runs them.

The SDK's pollers sleep for ten to thirty seconds at a time. In the ordinary run `quick/sitecustomize.py` shortens that from
outside; what is marked `long` runs without it.
"""

import ast
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from journeys.small import table

HERE = Path(__file__).parent
QUICK = HERE / "quick"
N_ANSWERED = 40
PACES = ("quickly", pytest.param("in real time", marks=pytest.mark.long))


def quick_path():
    """PYTHONPATH of processes in which time passes quickly."""
    return os.pathsep.join(filter(None, (str(QUICK), os.environ.get("PYTHONPATH"))))


def told_by(server, home, script, *arguments, pace="quickly"):
    """What a script of `scripts/` printed, and its last line as JSON."""
    environment = server.shell_env(HOME=str(home), SAGEMAKER_SUPPRESS_V2_WARNING="1")
    if pace == "quickly":
        environment["PYTHONPATH"] = quick_path()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", HERE / "scripts" / script, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout, json.loads(done.stdout.strip().splitlines()[-1])


class Flow:
    """`sdk_automl.py` with AutoML or AutoMLV2, and what is to be true of it."""

    def __init__(self, server, home, api, pace):
        self.server, self.home, self.pace = server, home, pace
        self.name = f"sdk-{api.lower()}-{pace.split()[-1]}"
        self.sagemaker = server.client("sagemaker")
        train, rows = home / "train.csv", home / "rows.csv"
        train.write_bytes(table(of_classes=True))
        rows.write_text(without_target(train.read_text(), N_ANSWERED))
        self.said, self.told = told_by(
            server, home, "sdk_automl.py", api, self.name, train, rows, pace=pace
        )

    def answers(self):
        """The endpoint's as (predicted_label, probability, probabilities, labels)."""
        return [(label, *map(ast.literal_eval, rest)) for label, *rest in self.told["answers"]]

    def check_answers(self):
        """The endpoint's are those of the transform job, and consistent in themselves."""
        assert list(csv.reader(io.StringIO(self.told["batch"]))) == self.told["answers"]
        answers = self.answers()
        assert len(answers) == N_ANSWERED
        assert {label for label, *_ in answers} == {"no", "yes"}
        for _, probability, probabilities, labels in answers:
            assert labels == ["no", "yes"]
            assert sum(probabilities) == pytest.approx(1)
            assert probability in probabilities

    def check_logs(self):
        """Those of the steps, and of the transform job that was waited for."""
        split, _, transformed, trained = self.told["steps"]
        assert f"The processing job {split} started" in self.said
        assert f"The transform job {transformed} is Completed" in self.said
        assert f"The training job {trained} is Completed" in self.said
        assert f"The transform job {self.name}-batch" in self.said
        assert "validation:AUC = " in self.said

    def check_that_nothing_is_left(self):
        of_this_flow = {"NameContains": self.name}
        assert self.sagemaker.list_models(**of_this_flow)["Models"] == []
        assert self.sagemaker.list_endpoint_configs(**of_this_flow)["EndpointConfigs"] == []
        assert [
            endpoint["EndpointStatus"]
            for endpoint in self.sagemaker.list_endpoints(**of_this_flow)["Endpoints"]
        ] in ([], ["Deleting"])

    def check_that_steps_were_done_again(self):
        """All that CandidateEstimator sends, by the names that it gave, and with the scores of the first time."""
        assert self.told["described"] == ["TrainingJob", "TransformJob", "TrainingJob"]
        check_steps(self.sagemaker, self.told["again"], self.told["steps"], self.told["metric"])


def check_steps(sagemaker, again, steps, metric):
    """Transformers, transform and candidate are Completed again, and the candidate has the score of its step.

    steps     names of the candidate's own
    metric    that it was scored by
    """
    kinds = [kind for kind, _ in again]
    assert kinds == ["ProcessingJob", "TrainingJob", "TransformJob", "TrainingJob"]
    fitted, transformed, trained = (name for _, name in again[1:])
    assert fitted.startswith("sagemaker-automl-training-rerun-")
    assert transformed.startswith("sagemaker-automl-transform-rerun-")
    transform = sagemaker.describe_transform_job(TransformJobName=transformed)
    assert transform["TransformJobStatus"] == "Completed", transform
    jobs = [sagemaker.describe_training_job(TrainingJobName=name) for name in (fitted, trained)]
    assert [job["TrainingJobStatus"] for job in jobs] == ["Completed"] * 2, jobs
    assert jobs[0]["HyperParameters"]["_target"] == "y"
    first = sagemaker.describe_training_job(TrainingJobName=steps[-1])
    found = f"validation:{metric['MetricName']}"
    scores = [
        {one["MetricName"]: one["Value"] for one in job["FinalMetricDataList"]}
        for job in (first, jobs[1])
    ]
    assert scores[0][found] == scores[1][found]


def without_target(text, n_rows):
    """The first rows of a CSV text without header and last column."""
    out = io.StringIO(newline="")
    rows = list(csv.reader(io.StringIO(text)))[1 : 1 + n_rows]
    csv.writer(out, lineterminator="\n").writerows(row[:-1] for row in rows)
    return out.getvalue()
