from dataclasses import replace
from pathlib import Path

import pytest

from windvane.automl.forecasting.job import ForecastJob
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.frequency import Frequency
from windvane.engine.data.analysis import SourceFile

JOB = ForecastJob(
    file=SourceFile(Path("/tmp/rows.csv"), "rows.csv"),
    format="csv",
    compression="None",
    spec=ForecastSpec(target="y", timestamp="t", horizon=7, frequency=Frequency.parse("D")),
    started=1000.0,
    max_runtime_s=60.0,
    threads=2,
    memory_mb=2048,
    out=Path("/tmp/out"),
)


def test_a_job_is_the_same_after_json():
    assert ForecastJob.from_json(JOB.to_json()) == JOB


@pytest.mark.parametrize("seconds", [1.0, 10.0, 60.0, 3600.0])
def test_parts_of_the_time_follow_each_other(seconds):
    schedule = replace(JOB, max_runtime_s=seconds).request.schedule
    times = [schedule.started, schedule.search_end, schedule.packing, schedule.deadline]
    assert times == sorted(times)
    assert schedule.deadline == JOB.started + seconds
