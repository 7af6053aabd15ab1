"""Databases of earlier versions, with jobs in every state and of every kind: bodies-1 is of schema 0005, whose bodies have no
version; bodies-2 of 0006, where failures were sentences.

Each folder holds one, and what its API answered when it was made (make_bodies.py).
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api.world import SCOPE, World, build_world, close
from sqlalchemy import select
from unit.work.world import ANALYSIS
from upgrades.make_bodies import MADE, answer

from windvane.domain.candidate import Candidate
from windvane.domain.job import AutoMLJob, JobStatus, SecondaryStatus
from windvane.domain.problem import MetricName
from windvane.domain.task import TaskKind, TaskStatus
from windvane.notes.codes import NoteCode
from windvane.notes.note import said
from windvane.store.bodies.versions import to_body
from windvane.store.schema import RESOURCES
from windvane.work.workers.exchanges import Exchanges
from windvane.work.workers.reconciler import KnownAnalysis, Reconciler

KEPT = sorted(Path(__file__).parent.glob("bodies-*"))


def answers(kept: Path) -> dict[str, Any]:
    """By "OPERATION" or "OPERATION NAME"."""
    found: dict[str, Any] = json.loads(lzma.decompress((kept / "answers.json.xz").read_bytes()))
    return found


@pytest.fixture(params=KEPT, ids=lambda kept: kept.name)
def kept(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def old(kept: Path, tmp_path: Path) -> Iterator[World]:
    opened = build_world(tmp_path, lzma.decompress((kept / "windvane.db.xz").read_bytes()))
    yield opened
    close(opened)


def test_every_answer_is_what_it_was(old: World, kept: Path) -> None:
    listed = answers(kept)["list_auto_ml_jobs"]["AutoMLJobSummaries"]
    assert {one["AutoMLJobStatus"] for one in listed} == set(JobStatus)
    for asked, before in answers(kept).items():
        assert answer(old, asked) == before, asked


def version(world: World, job: AutoMLJob) -> int:
    """Of its body, as it stands in the database."""
    with world.store.snapshot() as tx:
        query = select(RESOURCES.c.body).where(RESOURCES.c.arn == job.arn.lower())
        return json.loads(tx._connection.execute(query).scalar_one()).get("_version", 1)


def job_named(world: World, name: str) -> AutoMLJob:
    with world.store.snapshot() as tx:
        found = tx.find(AutoMLJob, SCOPE, name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["asked-least", "asked-all", "second-all"])
def test_a_job_under_way_goes_on_and_is_written_anew(old: World, tmp_path: Path, name: str) -> None:
    job = job_named(old, name)
    written_anew = json.loads(to_body(job))["_version"]
    assert version(old, job) < written_anew
    now = MADE + timedelta(seconds=5)
    reconciler = Reconciler(Exchanges(tmp_path), MADE, 2, lambda *_: None)
    with old.store.transaction() as tx:
        [task] = tx.tasks(job.arn)
        held = _claimed(tx, job, now)
        assert held.id == task.id
        reconciler._analyses[held.attempt] = KnownAnalysis(ANALYSIS, 0)
        reconciler.advance(tx, job.arn, now)
    assert job_named(old, name).secondary is SecondaryStatus.ANALYZING_DATA
    assert version(old, job) == written_anew
    found = {"problem_type": "BinaryClassification", "objective": "F1", "n_bytes": 1000}
    with old.store.transaction() as tx:
        assert tx.finish_task(held, TaskStatus.DONE, now, result=found)
        reconciler.advance(tx, job.arn, now)
    with old.store.snapshot() as tx:
        kinds = {one.kind for one in tx.tasks(job.arn)}
    assert {TaskKind.FEATURES, TaskKind.SPLIT} <= kinds
    assert job_named(old, name).objective is MetricName.F1
    assert job_named(old, name).spec == job.spec


def _claimed(tx: Any, job: AutoMLJob, now: datetime) -> Any:
    """The task of this job, whoever is first in turn."""
    until = now + timedelta(seconds=60)
    while (task := tx.claim_task([TaskKind.ANALYZE], "w", now, until)) is not None:
        if task.job_arn == job.arn:
            return task
    raise AssertionError(f"{job.name} has no task that is ready.")


def test_a_job_that_was_told_to_stop_stops(old: World, tmp_path: Path) -> None:
    job = job_named(old, "second-least")
    assert job.status is JobStatus.STOPPING
    with old.store.transaction() as tx:
        Reconciler(Exchanges(tmp_path), MADE, 2, lambda *_: None).advance(tx, job.arn, MADE)
        assert tx.children(Candidate, job.arn) == []
    told = old.client().describe_auto_ml_job_v2(AutoMLJobName=job.name)
    assert told["AutoMLJobStatus"] == "Stopped"


def test_what_was_a_sentence_is_a_note(tmp_path: Path) -> None:
    """Whatever decides on it knows it by its code, and a task that failed says why."""
    kept = Path(__file__).with_name("bodies-2")
    old = build_world(tmp_path, lzma.decompress((kept / "windvane.db.xz").read_bytes()))
    job = job_named(old, "broken")
    codes = [note.code for note in job.partial_failures]
    assert codes == [NoteCode.EXPLAINABILITY_MISSING, NoteCode.INSIGHTS_MISSING, NoteCode.SAID]
    with old.store.snapshot() as tx:
        [task] = tx.tasks(job.arn)
        candidates = tx.children(Candidate, job.arn)
    assert task.failure == said("The model's predictions differ.")
    notes = [note.code for note in candidates[-1].notes]
    assert notes == [NoteCode.CUT_SHORT, NoteCode.NOT_REFITTED, NoteCode.SAID]
    close(old)
