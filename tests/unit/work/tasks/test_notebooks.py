"""The notebooks that a job publishes."""

import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from unit.work.world import START, make_job

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.automl.exchange import SharedFolder
from windvane.domain.problem import ProblemSpec
from windvane.domain.task import Task, TaskKind, TaskStatus
from windvane.engine.data.analyse import analyse
from windvane.engine.data.analysis import ReadOptions, SourceFile
from windvane.engine.definitions.define import NOTEBOOK
from windvane.errors import CorruptArtifact
from windvane.notes.note import note_from_json
from windvane.notes.sentences import sentence
from windvane.work.allowance import TaskAllowance
from windvane.work.tasks import notebooks
from windvane.work.tasks.stage_context import StageContext
from windvane.work.tasks.stages import perform
from windvane.work.workspace import Keys, Workspace


@pytest.fixture
def exploring(tmp_path: Path) -> StageContext:
    """An exploration of a small table that has been analysed."""
    file = tmp_path / "table.csv"
    frame = pd.DataFrame({"a": np.random.default_rng(0).random(60), "y": ["no", "yes", "yes"] * 20})
    frame.to_csv(file, index=False)
    workspace = Workspace(tmp_path / "work")
    workspace.folder.mkdir()
    options = ReadOptions(scratch=tmp_path, min_rows=20)
    analyse([SourceFile(file, file.name)], options, ProblemSpec("y"), workspace.dataset)
    store = LocalArtifacts(tmp_path / "objects")
    store.ensure_bucket("bucket")
    job = make_job(max_candidates=7, max_runtime_s=900)
    task = Task(
        id=1,
        job_arn=job.arn,
        kind=TaskKind.EXPLORE,
        key="explore",
        payload={},
        status=TaskStatus.RUNNING,
        created=START,
        lease_until=START + timedelta(seconds=60),
        token=1,
    )
    return StageContext(
        job=job,
        task=task,
        exchange=SharedFolder(workspace.folder),
        stop_at=time.time() + 60,
        allowance=TaskAllowance(lambda: store, 1, 1000, 10**9, 100),
    )


def keys(context: StageContext) -> list[str]:
    return [
        one.location.key for one in context.allowance.open_artifacts().list(Location("bucket", ""))
    ]


def read(context: StageContext, location: Location) -> str:
    return context.allowance.open_artifacts().read(location).decode()


def test_both_notebooks_and_the_modules_are_published(exploring: StageContext) -> None:
    result = perform(exploring)
    where = Keys(exploring.job)
    assert result == {
        "failures": [],
        "definitions": str(where.definitions / NOTEBOOK),
        "notebook": str(where.notebooks / "SageMakerAutopilotDataExplorationNotebook.ipynb"),
    }
    assert str(where.notebooks) == str(where.definitions / "notebooks")
    notebook = read(exploring, where.definitions / NOTEBOOK)
    for told in (str(where.generated_module), exploring.job.spec.role, "windvane-mlp"):
        assert told in notebook
    module = read(exploring, where.generated_module / "candidate_data_processors/dpp0.py")
    assert 'HEADER = ["y", "a"]' in module
    limits = exploring.job.limits
    assert f'\\"max_candidates\\": {limits.max_candidates},' in notebook
    assert f'\\"max_runtime_s\\": {limits.max_runtime_s},' in notebook


@pytest.mark.parametrize(
    ("broken", "there", "told"),
    [
        ("define", "notebook", "The candidate definition notebook is missing: It is damaged."),
        ("explore", "definitions", "The data exploration notebook is missing: It is damaged."),
    ],
)
def test_a_notebook_is_there_though_the_other_is_not(
    broken: str, there: str, told: str, exploring: StageContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise CorruptArtifact("It is damaged.")

    monkeypatch.setattr(notebooks, broken, fail)
    result = perform(exploring)
    assert set(result) == {there, "failures"}
    assert [sentence(note_from_json(one)) for one in result["failures"]] == [told]


def test_without_either_the_task_fails(exploring: StageContext) -> None:
    (exploring.workspace.dataset / "analysis.json").unlink()
    with pytest.raises(CorruptArtifact):
        perform(exploring)
    assert keys(exploring) == []
