"""What a task does in its process."""

from datetime import timedelta

import numpy as np
import pytest
from unit.work.world import START, make_job

from windvane.artifacts.base import Location
from windvane.artifacts.local import LocalArtifacts
from windvane.domain.task import Task, TaskKind
from windvane.engine.data.dataset import read_analysis
from windvane.work.stages import Bench, perform
from windvane.work.workspace import workspace_of


def _table() -> bytes:
    random = np.random.default_rng(0)
    a = random.normal(size=600)
    y = np.where(a + random.normal(size=600) > 0, "up", "down")
    return "\n".join(["a,y", *(f"{x:.3f},{label}" for x, label in zip(a, y, strict=True))]).encode()


@pytest.mark.parametrize("is_on", [True, False])
def test_the_servers_settings_for_scoring_reach_the_analysis(tmp_path, is_on):
    job = make_job()
    artifacts = LocalArtifacts(tmp_path / "objects")
    artifacts.ensure_bucket("bucket")
    artifacts.write(Location("bucket", "train/t.csv"), _table())
    task = Task(
        id=1,
        job_arn=job.arn,
        key="analyze",
        kind=TaskKind.ANALYZE,
        payload={},
        created=START,
    )
    bench = Bench(
        job=job,
        task=task,
        workspace=workspace_of(tmp_path, job),
        open_artifacts=lambda: artifacts,
        stop_at=(START + timedelta(hours=1)).timestamp(),
        calibrate=is_on,
        tune_threshold=is_on,
        threads=1,
        memory_mb=1024,
        max_data_bytes=10**9,
        max_columns=100,
    )
    perform(bench)
    analysis = read_analysis(bench.workspace.dataset)
    assert (analysis.calibrate, analysis.tune_threshold) == (is_on, is_on)
