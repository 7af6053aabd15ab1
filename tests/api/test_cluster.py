"""Our own operation that describes the machines, over the real edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from api.records import job_record
from api.test_progress import get
from api.world import OTHER_ACCOUNT, REGION, SCOPE, World, own_server

from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Serverless, Variant
from windvane.domain.instance import InstanceState, PlacedInstance, Unit
from windvane.domain.server import DEAD_AFTER
from windvane.domain.task import NewTask, TaskKind
from windvane.names import Scope
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.store.base import Store

CLUSTER = "/windvane/cluster"


def told(world: World) -> dict[str, Any]:
    status, answer = get(world, CLUSTER)
    assert status == 200, answer
    return answer


def endpoint(
    world: World, name: str = "Live", scope: Scope = SCOPE, n: int = 2, **changes: Any
) -> Endpoint:
    now = world.clock()
    deployed = (
        Deployed(Variant("a", "m", n, 1.0, "ml.m5.large"), (Container("image", "s3://b/m"),)),
        Deployed(Variant("s", "m", 0, 1.0, serverless=Serverless(2048, 5)), ()),
    )
    given = {"desired": deployed, "running": deployed, "running_generation": 1} | changes
    return Endpoint(
        scope=scope,
        name=name,
        created=now,
        modified=now,
        config_name="c",
        generation=1,
        **{"status": EndpointStatus.IN_SERVICE} | given,
    )


def queue(world: World, arn: str, *keys: str, kind: TaskKind = TaskKind.TRAIN) -> None:
    with world.store.transaction() as tx:
        tx.add_tasks(arn, [NewTask(kind, key, {"index": 7}) for key in keys], world.clock())


def claim(world: World, worker: str) -> None:
    with world.store.transaction() as tx:
        now = world.clock()
        assert tx.claim_task((TaskKind.TRAIN,), worker, now, now + timedelta(minutes=1))


@pytest.fixture
def shared(world: World) -> Iterator[Store]:
    """The store as several servers use it: this one, one more that leads, and a host."""
    with world.store.transaction() as tx:
        now = tx.store_time()
        own = own_server(now)
        tx.put_server(own)
        other = replace(own, id="other", host="machine-2", address="http://10.0.0.2:8470")
        tx.put_server(replace(other, is_leaving=True))
        silent = now - DEAD_AFTER - timedelta(seconds=1)
        tx.put_server(
            replace(own, id="host", host="machine-3", is_host_only=True, heartbeat=silent)
        )
        tx.hand_lease("other")
    world.store.is_shared = True
    yield world.store
    world.store.is_shared = False


def test_one_server_tells_of_itself(world: World) -> None:
    answer = told(world)
    [server] = answer.pop("Servers")
    now = answer.pop("Now")
    assert answer == {
        "IsShared": False,
        "TasksRunOn": "Servers",
        "RunningTaskCount": 0,
        "WaitingTaskCount": 0,
        "Tasks": [],
        "Instances": [],
    }
    began = world.clock().timestamp()
    assert server == {
        "ServerId": "run",
        "HostName": "machine-1",
        "Address": "http://10.0.0.1:8470",
        "Version": "0.1.0",
        "Status": "Live",
        "IsThisServer": True,
        "IsLeader": True,
        "IsHostOnly": False,
        "StartTime": began,
        "LastHeartbeatTime": now,
        "WorkerCount": 2,
        "CoreCount": 4,
        "MemoryInMB": 8000,
        "RunningTaskCount": 0,
        "InstanceCount": 0,
    }


def test_one_server_has_every_instance_and_says_which_are_up(world: World) -> None:
    desired = endpoint(world, "new", running=(), status=EndpointStatus.CREATING, n=1)
    failed = endpoint(world, "failed", running=(), status=EndpointStatus.FAILED)
    world.insert(endpoint(world), desired, failed)
    answer = told(world)
    assert [server["InstanceCount"] for server in answer["Servers"]] == [5]
    assert answer["Instances"] == [
        {
            "EndpointName": name,
            "VariantName": variant,
            "ServerId": "run",
            "IsServerless": variant == "s",
        }
        | {"InstanceCount": n, "ReadyInstanceCount": n_up}
        for name, variant, n, n_up in (
            ("Live", "a", 2, 0),
            ("Live", "s", 1, 1),
            ("new", "a", 1, 0),
            ("new", "s", 1, 0),
        )
    ]


def test_tasks_are_told_with_the_server_that_has_them_in_hand(world: World) -> None:
    job = job_record(world.clock(), name="Churn")
    world.insert(job)
    queue(world, job.arn, "a", "b")
    claim(world, "run/train-1/1")
    answer = told(world)
    assert (answer["RunningTaskCount"], answer["WaitingTaskCount"]) == (1, 1)
    assert answer["Servers"][0]["RunningTaskCount"] == 1
    now = world.clock().timestamp()
    common = {"JobName": "Churn", "JobType": "automl-job", "Task": "train", "CandidateNumber": 7}
    assert answer["Tasks"] == [
        common | {"Status": "Running", "ServerId": "run", "CreationTime": now, "StartTime": now},
        common | {"Status": "Waiting", "CreationTime": now},
    ]


def test_servers_tell_who_leads_who_leaves_and_who_is_silent(world: World, shared: Store) -> None:
    answer = told(world)
    assert answer["IsShared"]
    servers = {one["HostName"]: one for one in answer["Servers"]}
    assert {name: one["Status"] for name, one in servers.items()} == {
        "machine-1": "Live",
        "machine-2": "Leaving",
        "machine-3": "Silent",
    }
    assert [name for name, one in servers.items() if one["IsLeader"]] == ["machine-2"]
    assert [name for name, one in servers.items() if one["IsThisServer"]] == ["machine-1"]
    assert [name for name, one in servers.items() if "WorkerCount" not in one] == ["machine-3"]
    assert {one["ReservedMemoryInMB"] for one in servers.values()} == {0}


def test_instances_are_told_where_they_are_placed(world: World, shared: Store) -> None:
    one = endpoint(world, n=3)
    world.insert(one)
    arn = one.arn.lower()
    failure = Note(NoteCode.NO_SERVER_HAS_ROOM, {"memory_mb": 512})
    with world.store.transaction() as tx:
        tx.place_instances(
            [
                PlacedInstance("1", Unit(arn, 1, "a", 0), "run", 512, InstanceState(is_up=True)),
                PlacedInstance(
                    "2", Unit(arn, 1, "a", 1), "host", 512, InstanceState(False, failure)
                ),
                PlacedInstance(
                    "3", Unit(arn, 1, "s"), "run", 2048, InstanceState(why_down="It died")
                ),
            ]
        )
    answer = told(world)
    rows = [
        [
            row.get(name)
            for name in ("VariantName", "ServerId", "InstanceCount", "ReadyInstanceCount")
        ]
        for row in answer["Instances"]
    ]
    assert rows == [["a", "host", 1, 0], ["a", "run", 1, 1], ["s", "run", 1, 0], ["a", None, 1, 0]]
    reasons = [row.get("Reason") for row in answer["Instances"]]
    assert "512" in reasons[0]
    assert reasons[1:] == [None, "It died.", None]
    loads = {one["ServerId"]: one for one in answer["Servers"]}
    assert [loads[name]["InstanceCount"] for name in ("run", "other", "host")] == [2, 0, 1]
    assert [loads[name]["ReservedMemoryInMB"] for name in ("run", "other", "host")] == [
        2560,
        0,
        512,
    ]


@pytest.mark.parametrize("is_shared", [False, True])
def test_the_work_of_others_is_told_as_sums_alone(
    world: World, is_shared: bool, request: pytest.FixtureRequest
) -> None:
    if is_shared:
        request.getfixturevalue("shared")
    elsewhere = [Scope(OTHER_ACCOUNT, REGION), Scope(SCOPE.account, "eu-west-1")]
    for scope in elsewhere:
        job = replace(job_record(world.clock(), name="secret-job"), scope=scope)
        hosted = endpoint(world, "secret-endpoint", scope=scope)
        world.insert(job, hosted)
        queue(world, job.arn, "a", "b")
        claim(world, "run/train-1/1")
        with world.store.transaction() as tx:
            unit = Unit(hosted.arn.lower(), 1, "a")
            tx.place_instances([PlacedInstance(scope.region, unit, "run", 512)])
    answer = told(world)
    assert "secret" not in str(answer)
    assert (answer["RunningTaskCount"], answer["WaitingTaskCount"]) == (2, 2)
    assert (answer["Tasks"], answer["Instances"]) == ([], [])
    [server] = [one for one in answer["Servers"] if one["ServerId"] == "run"]
    assert server["RunningTaskCount"] == 2
    assert server["InstanceCount"] == (2 if is_shared else 6)


def test_another_account_is_told_nothing(world: World, shared: Store) -> None:
    status, answer = get(world, CLUSTER, OTHER_ACCOUNT)
    assert (status, answer["__type"]) == (400, "AccessDeniedException")
    assert "machine" in answer["message"]
    assert "10.0.0" not in str(answer)


def test_a_page_of_tasks_is_all_that_is_told(world: World) -> None:
    job = job_record(world.clock())
    world.insert(job)
    queue(world, job.arn, *map(str, range(250)))
    answer = told(world)
    assert (len(answer["Tasks"]), answer["WaitingTaskCount"]) == (200, 250)
