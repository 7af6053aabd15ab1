"""Two servers and a host on one database, and an endpoint whose instances are divided among them: servers are killed and hang,
and no request fails."""

import signal
import subprocess
import time

import pytest
from journeys import own
from journeys.deploying import Deploying, model_processes_of
from journeys.running import BIN, RunningServer
from journeys.several import Traffic, free_port, shared_place

pytestmark = pytest.mark.timeout(300)

PERIOD_S = 4
"""Longer than servers take to tell each other what they counted."""

TWO = {"InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}


class RunningHost(RunningServer):
    """`windvane host`, which answers nobody but servers."""

    def start(self):
        self._log = (self.folder.parent / f"{self.folder.name}.stderr").open("ab")
        self.process = subprocess.Popen(
            [BIN / "windvane", "host", "--data-dir", self.folder, *self._options],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout.readline().startswith("windvane host ready on http"), self.log()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with shared_place(tmp_path_factory) as shared:
        yield shared


@pytest.fixture(scope="module")
def pair(place):
    servers = [place.server(name, f"[scaling]\nperiod_s = {PERIOD_S}\n") for name in ("one", "two")]
    yield servers
    for server in servers:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="module")
def endpoint(pair, packed):
    """An endpoint of two instances, and what it answers; it is asked through the second server."""
    deploying = Deploying(pair[0], packed)
    deploying.create_config("spread", deploying.whole(), **TWO)
    deploying.create("spread", "spread")
    runtime = pair[1].client("sagemaker-runtime")

    def ask():
        answer = runtime.invoke_endpoint(
            EndpointName="spread", ContentType="text/csv", Body=packed.row
        )
        return answer["Body"].read()

    return ask


def wait_until(condition, timeout_s=240):
    """How long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s
        time.sleep(0.02)
    return time.monotonic() - began


def test_each_server_tells_where_the_instances_are(pair, endpoint):
    for asked in pair:
        status, told = own.asked(asked, "/windvane/cluster")
        assert status == 200, told
        assert told["IsShared"]
        servers = {one["Address"]: one for one in told["Servers"]}
        assert servers.keys() == {server.url for server in pair}
        assert [address for address, one in servers.items() if one["IsThisServer"]] == [asked.url]
        assert sum(one["IsLeader"] for one in servers.values()) == 1
        assert {(one["Status"], one["InstanceCount"]) for one in servers.values()} == {("Live", 1)}
        assert {one["ServerId"] for one in told["Instances"]} == {
            one["ServerId"] for one in servers.values()
        }
        assert {(one["EndpointName"], one["InstanceCount"]) for one in told["Instances"]} == {
            ("spread", 1)
        }


@pytest.mark.long
def test_a_server_of_two_is_killed_and_no_request_fails(pair, endpoint):
    one, two = pair
    assert [len(model_processes_of(server)) for server in pair] == [1, 1]
    expected = endpoint()
    with Traffic(endpoint).running() as traffic:
        traffic.wait_for(20)
        one.kill()
        took_s = wait_until(lambda: len(model_processes_of(two)) == 2)
        traffic.wait_for(20)
    assert traffic.failures == []
    assert set(traffic.answers) == {expected}
    assert took_s < 15
    one.start()
    wait_until(lambda: [len(model_processes_of(server)) for server in pair] == [1, 1])


@pytest.mark.long
def test_a_server_that_hangs_keeps_no_request_for_longer_than_it_takes_to_notice(pair, endpoint):
    one, two = pair
    slowest_s = 0.0

    def timed():
        nonlocal slowest_s
        began = time.monotonic()
        answer = endpoint()
        slowest_s = max(slowest_s, time.monotonic() - began)
        return answer

    with Traffic(timed).running() as traffic:
        traffic.wait_for(20)
        one.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: len(model_processes_of(two)) == 2)
        traffic.wait_for(20)
        one.process.send_signal(signal.SIGCONT)
        wait_until(lambda: [len(model_processes_of(server)) for server in pair] == [1, 1])
        traffic.wait_for(20)
    assert traffic.failures == []
    assert slowest_s < 15


@pytest.mark.long
def test_a_host_gets_instances_and_gives_them_back(place, pair, endpoint):
    config = place.folder / "one.toml"
    options = ("--config", str(config), "--port", str(free_port()))
    host = RunningHost(place.folder / "host", *options)
    sagemaker = pair[0].client("sagemaker")
    wish = {"VariantName": "AllTraffic", "DesiredInstanceCount": 3}

    def counts():
        return [len(model_processes_of(server)) for server in (*pair, host)]

    with Traffic(endpoint).running() as traffic:
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="spread", DesiredWeightsAndCapacities=[wish]
        )
        wait_until(lambda: counts() == [1, 1, 1])
        traffic.wait_for(30)
        host.stop()
        wait_until(lambda: sum(counts()) == 3)
        host.start()
        traffic.wait_for(30)
        host.kill()
        traffic.wait_for(30)
        wait_until(lambda: sum(counts()[:2]) == 3)
    assert traffic.failures == []


@pytest.mark.long
def test_requests_on_all_servers_count_and_scaling_out_and_in_fails_none(pair, endpoint):
    """Four requests a second are 120 a minute for each of two instances, of which each server counts half."""
    scaling = pair[0].client("application-autoscaling")
    variant = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/spread/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    tracking = {
        "TargetValue": 90.0,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
        },
    }
    began, n_asked = time.monotonic(), 0

    def paced():
        nonlocal n_asked
        n_asked += 1
        time.sleep(max(0.0, began + n_asked / 4 - time.monotonic()))
        return endpoint()

    def n_instances():
        return sum(len(model_processes_of(server)) for server in pair)

    scaling.register_scalable_target(**variant, MinCapacity=2, MaxCapacity=2)
    wait_until(lambda: n_instances() == 2)
    scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=3)
    scaling.put_scaling_policy(
        **variant,
        PolicyName="requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    with Traffic(paced).running() as traffic:
        wait_until(lambda: n_instances() == 3)
        traffic.wait_for(8)
        scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=1)
        wait_until(lambda: n_instances() == 1)
        traffic.wait_for(8)
    assert traffic.failures == []
