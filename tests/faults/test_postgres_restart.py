"""PostgreSQL is restarted while a server works: what was acknowledged is there, and work goes on by itself."""

import signal
import time

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from journeys.running import RunningServer
from journeys.stepping import Steps
from kills.acting import ROWS

from windvane.testing.throwaway_postgres import NoPostgres, throwaway_postgres

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=60)


@pytest.fixture
def postgres():
    try:
        with throwaway_postgres() as server:
            yield server
    except NoPostgres as none:
        pytest.skip(str(none))


@pytest.fixture
def server(tmp_path, postgres):
    config = tmp_path / "windvane.toml"
    config.write_text(f'[store]\nurl = "{postgres.url(postgres.new_database())}"\n')
    running = RunningServer(tmp_path / "data", "--config", str(config))
    yield running
    running.stop()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "crash"])
def test_a_restart_in_the_middle_of_work_loses_nothing(server, postgres, how):
    steps = Steps(server)
    steps.read(server.upload("restart/train.csv", ROWS))
    steps.create("under-way", "catboost", {"iterations": "300", "_folds": "2"})
    steps.create("waiting", "linear-learner", {"_folds": "2"})
    began = time.monotonic()
    while "TrainingStartTime" not in steps.described("under-way"):
        assert time.monotonic() - began < 60
    with postgres.stopped(how):
        once = server.client("sagemaker", config=ONCE)
        with pytest.raises(ClientError) as refused:
            once.list_training_jobs()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    began = time.monotonic()
    while (status := answered(server)) != 200:
        assert time.monotonic() - began < 30, status
        time.sleep(0.1)
    for name in ("under-way", "waiting"):
        job = steps.wait(name)
        assert job["TrainingJobStatus"] == "Completed", job
        statuses = [one["Status"] for one in job["SecondaryStatusTransitions"]]
        assert statuses.count("Completed") == 1
    assert len(steps.sagemaker.list_training_jobs()["TrainingJobSummaries"]) == 2
    steps.create("after", "linear-learner", {"_folds": "2"})
    assert steps.wait("after")["TrainingJobStatus"] == "Completed"


def answered(server):
    try:
        answer = server.client("sagemaker", config=ONCE).list_training_jobs()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    return answer["ResponseMetadata"]["HTTPStatusCode"]
