"""An external S3 store that answers 500, stalls or cuts its answers: jobs go on once it is well, or end and say why, and
what has nothing to do with the store is served meanwhile."""

import threading
import time
import urllib.request
from contextlib import contextmanager

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from faults.proxies import SickProxy
from journeys.running import RunningServer, limits
from kills.acting import ROWS
from s3.served import ServedStore

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

SOON_S = 30
N_WAITING = 6
"""Requests of one account, which may have half of the 16 threads of operations (wire/fair_semaphore.py)."""
CONCURRENT_JOBS = 4
"""[limits] concurrent_jobs, unless it is configured."""

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=400)


@contextmanager
def behind_a_proxy(tmp_path):
    """A server whose external store is reached through a proxy; both."""
    store = ServedStore(tmp_path / "store")
    host, port = store.connection.endpoint.removeprefix("http://").split(":")
    proxy = SickProxy((host, int(port)))
    with proxy.running() as proxied:
        config = tmp_path / "windvane.toml"
        keys = store.connection
        config.write_text(
            f'[s3]\nendpoint = "http://127.0.0.1:{proxied}"\naccess_key = "{keys.access_key}"\n'
            f'secret_key = "{keys.secret_key}"\n'
        )
        server = RunningServer(tmp_path / "data", "--config", str(config))
        try:
            yield server, proxy
        finally:
            proxy.cure()
            server.stop()
    store.stop()


@pytest.fixture
def sick(tmp_path):
    with behind_a_proxy(tmp_path) as found:
        yield found


def create(server, name, runtime_s=200):
    uri = server.upload(f"{name}/train.csv", ROWS)
    server.create_job(
        name, uri, AutoMLJobConfig=limits(1, runtime_s), GenerateCandidateDefinitionsOnly=True
    )


def until(condition, timeout_s=240):
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up, "the condition was not met in time"
        time.sleep(0.02)


def check_served(server):
    """What needs no store is answered soon."""
    began = time.monotonic()
    server.client("sagemaker", config=ONCE).list_auto_ml_jobs()
    with urllib.request.urlopen(f"{server.url}/healthz", timeout=SOON_S) as answer:
        assert answer.status == 200
    assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize("ailment", ["error", "cut"])
def test_a_job_outlives_an_illness_of_the_store(sick, ailment):
    server, proxy = sick
    create(server, "ill")
    proxy.fall_ill(ailment)
    until(lambda: proxy.n_sick >= 2)
    check_served(server)
    proxy.cure()
    assert server.wait_for_job("ill")["AutoMLJobStatus"] == "Completed"


def test_a_job_whose_store_only_answers_500_fails_and_says_why(sick):
    server, proxy = sick
    create(server, "failing")
    proxy.fall_ill("error")
    s3 = server.client("s3", config=ONCE)
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=server.env["WINDVANE_BUCKET"], Key="refused", Body=b"x")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (500, 503)
    job = server.wait_for_job("failing", 240)
    assert job["AutoMLJobStatus"] == "Failed", job
    assert "store" in job["FailureReason"].lower() or "S3" in job["FailureReason"], job
    proxy.cure()
    create(server, "well-again")
    assert server.wait_for_job("well-again")["AutoMLJobStatus"] == "Completed"


def test_a_job_whose_store_stalls_ends_in_its_time(sick):
    server, proxy = sick
    create(server, "stalled", runtime_s=30)
    proxy.fall_ill("stall")
    job = server.wait_for_job("stalled", 120)
    assert job["AutoMLJobStatus"] == "Failed", job
    assert "30 s" in job["FailureReason"], job
    check_served(server)


def test_requests_that_wait_for_a_stalled_store_keep_nobody_else_waiting(sick):
    server, proxy = sick
    uri = server.upload("waiting/train.csv", ROWS)
    proxy.fall_ill("stall")
    ends = []

    def ask(number):
        try:
            server.create_job(f"waiting-{number}", uri, AutoMLJobConfig=limits(1, 60))
            ends.append("created")
        except (ClientError, BotoCoreError) as error:
            ends.append(repr(error))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(N_WAITING)]
    for thread in threads:
        thread.start()
    until(lambda: proxy.n_sick >= N_WAITING // 2)
    check_served(server)
    proxy.cure()
    for thread in threads:
        thread.join(120)
    assert len(ends) == N_WAITING, "somebody hangs"
    assert ends.count("created") == CONCURRENT_JOBS, ends
    assert all(end == "created" or "ResourceLimitExceeded" in end for end in ends), ends
