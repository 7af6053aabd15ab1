"""What a task does in its process."""

import time
from dataclasses import asdict
from datetime import timedelta

import numpy as np
import pytest
from unit.work.world import START, make_job

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.automl.exchange import SharedFolder
from windvane.automl.limits import Limits
from windvane.automl.names import TABLE
from windvane.automl.request import OnAllRows
from windvane.automl.task import ActionTask, Resources
from windvane.domain.task import Task, TaskKind
from windvane.engine import stages
from windvane.engine.candidates import Plan
from windvane.engine.data.dataset import read_analysis
from windvane.errors import Outclassed
from windvane.notes.note import note_to_json, said
from windvane.work.allowance import TaskAllowance
from windvane.work.jobs.workflow import ACTIONS, action_of
from windvane.work.tasks.stage_context import StageContext
from windvane.work.tasks.stages import perform
from windvane.work.workspace import Keys, workspace_of


def _table() -> bytes:
    random = np.random.default_rng(0)
    a = random.normal(size=600)
    y = np.where(a + random.normal(size=600) > 0, "up", "down")
    return "\n".join(["a,y", *(f"{x:.3f},{label}" for x, label in zip(a, y, strict=True))]).encode()


def _bench(folder, kind, is_on=True, **payload):
    """Of a task; the data are in the store of artefacts."""
    job = make_job(mode="HYPERPARAMETER_TUNING")
    artifacts = LocalArtifacts(folder / "objects")
    artifacts.ensure_bucket("bucket")
    artifacts.write(Location("bucket", "train/t.csv"), _table())
    task = Task(id=1, job_arn=job.arn, key=str(kind), kind=kind, payload=payload, created=START)
    return StageContext(
        job=job,
        task=task,
        exchange=SharedFolder(workspace_of(folder, job).folder),
        stop_at=(START + timedelta(hours=1)).timestamp(),
        allowance=TaskAllowance(lambda: artifacts, 1, 1024, 10**9, 100, is_on, is_on),
        action=_action(task) if kind in ACTIONS else None,
    )


def _action(task):
    action, limits = action_of(task), Limits(time.time() + 60, time.time() + 60)
    at_once = OnAllRows.CANDIDATES
    return ActionTask(action, TABLE, (), Resources(1024), limits, on_all_rows=at_once)


@pytest.mark.parametrize("is_on", [True, False])
def test_the_servers_settings_for_scoring_reach_the_analysis(tmp_path, is_on):
    context = _bench(tmp_path, TaskKind.ANALYZE, is_on)
    perform(context)
    analysis = read_analysis(context.workspace.dataset)
    assert (analysis.calibrate, analysis.tune_threshold) == (is_on, is_on)


def test_the_analysis_tells_the_size_of_the_data(tmp_path):
    assert perform(_bench(tmp_path, TaskKind.ANALYZE))["n_bytes"] == len(_table())


def test_a_candidate_that_is_given_up_is_told_with_the_reason(tmp_path, monkeypatch):
    perform(_bench(tmp_path, TaskKind.ANALYZE))
    plan = asdict(Plan(4, "dpp0", "lightgbm", {}, 0))
    seen = []

    def train(dataset, features, plan, limits, into):
        seen.append(limits.rival)
        raise Outclassed("It was stopped early.")

    monkeypatch.setattr(stages, "train", train)
    context = _bench(tmp_path, TaskKind.TRAIN, plan=plan, rival=2)
    assert perform(context) == {"outclassed": note_to_json(said("It was stopped early."))}
    assert seen == [context.workspace.candidate(2)]


def test_a_candidate_is_told_with_the_size_of_what_is_published_for_answering(tmp_path):
    perform(_bench(tmp_path, TaskKind.ANALYZE))
    context = _bench(tmp_path, TaskKind.BASELINE, index=1)
    result = perform(context)
    keys, artifacts = Keys(context.job), context.allowance.open_artifacts()
    published = [keys.transformers("baseline"), keys.model(1, "", "baseline")]
    assert result["n_bytes"] == sum(artifacts.info(one).size for one in published) > 0
