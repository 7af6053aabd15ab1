"""Two servers on one database: what one is told the other knows, and goes on with when it is gone."""

import http.client
import json
import subprocess
import time

import pytest
from journeys.deploying import Deploying, model_processes_of
from journeys.running import BIN, limits
from journeys.several import Balanced, Follower, Traffic, events_of, shared_place
from journeys.small import table
from journeys.stepping import Steps

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with shared_place(tmp_path_factory) as shared:
        yield shared


@pytest.fixture(scope="module")
def pair(place):
    servers = [place.server(name) for name in ("one", "two")]
    yield servers
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="module")
def dataset(pair):
    """What training jobs read is there."""
    one, _ = pair
    Steps(one).read(one.upload("both/train.csv", table(of_classes=True)))


def wait_until(condition, timeout_s=240):
    give_up = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def test_both_have_the_same_keys_and_records(pair, dataset):
    one, two = pair
    assert one.env["AWS_SECRET_ACCESS_KEY"] == two.env["AWS_SECRET_ACCESS_KEY"]
    steps = Steps(one)
    steps.create("on-one", "linear-learner", {"_folds": "2"})
    assert Steps(two).wait("on-one")["TrainingJobStatus"] == "Completed"
    pages = [server.client("sagemaker").list_training_jobs() for server in pair]
    assert pages[0]["TrainingJobSummaries"] == pages[1]["TrainingJobSummaries"]


def test_a_link_that_one_has_made_opens_the_console_of_the_other_once(pair):
    one, two = pair
    made = subprocess.run(
        [BIN / "windvane", "login", "--data-dir", one.folder],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    link = made.removeprefix(one.url)

    def entered(server):
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
        connection.request("GET", link)
        answer = connection.getresponse()
        connection.close()
        return answer.status, "windvane-session" in answer.headers.get("Set-Cookie", "")

    assert [entered(server) for server in (two, one, two)] == [
        (200, True),
        (401, False),
        (401, False),
    ]


def test_what_was_asked_of_either_is_looked_up_at_both(pair):
    one, two = pair
    for n in range(3):
        for server in pair:
            server.client("iam").create_user(UserName=f"ann-{n}-{pair.index(server)}")

    def created(server):
        pages = server.client("cloudtrail").get_paginator("lookup_events")
        wanted = [{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}]
        asked = pages.paginate(LookupAttributes=wanted, PaginationConfig={"PageSize": 2})
        events = [event for page in asked for event in page["Events"]]
        assert len({event["EventId"] for event in events}) == len(events)
        return [json.loads(e["CloudTrailEvent"])["requestParameters"]["UserName"] for e in events]

    wanted = {f"ann-{n}-{server}" for n in range(3) for server in range(2)}
    for server in (one, two):
        assert set(created(server)) == wanted


def test_jobs_and_endpoints_of_a_server_that_is_killed_go_on_at_the_other(pair, packed, dataset):
    one, two = pair
    deploying = Deploying(one, packed)
    deploying.create_config("moved", deploying.whole())
    deploying.create("moved", "moved")
    runtime = [server.client("sagemaker-runtime") for server in pair]

    def answer(client):
        body = client.invoke_endpoint(
            EndpointName="moved", ContentType="text/csv", Body=packed.row
        )["Body"]
        return body.read()

    expected = answer(runtime[0])
    assert answer(runtime[1]) == expected
    (host,) = [server for server in pair if model_processes_of(server)]
    other = two if host is one else one
    steps = Steps(host)
    steps.create("under-way", "catboost", {"iterations": "300", "_folds": "2"})
    steps.create("waiting", "linear-learner", {"_folds": "2"})
    wait_until(lambda: "TrainingStartTime" in steps.described("under-way"))
    host.kill()
    died = time.monotonic()
    assert answer(runtime[pair.index(other)]) == expected
    assert time.monotonic() - died < 240
    for name in ("under-way", "waiting"):
        job = Steps(other).wait(name)
        assert job["TrainingJobStatus"] == "Completed", job
    host.start()
    assert answer(host.client("sagemaker-runtime")) == expected


@pytest.mark.long
def test_an_automl_job_of_a_server_that_is_killed_is_finished_by_the_other(pair):
    one, two = pair
    uri = one.upload("job/train.csv", table(of_classes=True))
    one.create_job("shared", uri, AutoMLJobConfig=limits(4, 180))

    def completed(server):
        found = server.client("sagemaker").list_candidates_for_auto_ml_job(AutoMLJobName="shared")
        return {
            c["CandidateName"] for c in found["Candidates"] if c["CandidateStatus"] == "Completed"
        }

    wait_until(lambda: completed(two))
    before = completed(two)
    one.kill()
    job = two.wait_for_job("shared", 300)
    assert job["AutoMLJobStatus"] == "Completed", job
    assert before <= completed(two)
    one.start()
    assert completed(one) == completed(two)


@pytest.mark.long
def test_both_are_restarted_one_after_the_other_and_no_request_fails(pair, packed, dataset):
    deploying = Deploying(pair[0], packed)
    deploying.create_config("rolling", deploying.whole())
    deploying.create("rolling", "rolling")
    runtime, control = (Balanced(pair, name) for name in ("sagemaker-runtime", "sagemaker"))

    def invoke():
        answer, number = runtime.ask(
            "invoke_endpoint", EndpointName="rolling", ContentType="text/csv", Body=packed.row
        )
        return answer["Body"].read(), number

    def tag():
        arn = control.ask("describe_endpoint", EndpointName="rolling")[0]["EndpointArn"]
        tags = [{"Key": "at", "Value": str(time.monotonic())}]
        return control.ask("add_tags", ResourceArn=arn, Tags=tags)

    def restart(number, server):
        for traffic in (invocations, changes):
            traffic.wait_for(20)
        Steps(server).create(f"rolling-{number}", "linear-learner", {"_folds": "2"})
        server.stop()
        for traffic in (invocations, changes):
            traffic.wait_for(20)
        server.start()

    with (
        Traffic(invoke).running() as invocations,
        Traffic(tag).running() as changes,
        Follower(pair).running() as follower,
    ):
        for number, server in enumerate(pair):
            restart(number, server)
        for number in range(2):
            job = Steps(pair[0]).wait(f"rolling-{number}")
            assert job["TrainingJobStatus"] == "Completed", job
        expected = events_of(pair[1])
        follower.wait_for(expected[-1])
    assert follower.seen == expected
    assert (invocations.failures, changes.failures) == ([], [])
    assert len({body for body, _ in invocations.answers}) == 1
    assert {number for _, number in invocations.answers} == {0, 1}
