"""The page of the machines, over the real operation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from api.records import job_record
from api.test_cluster import claim, endpoint, queue
from api.world import OTHER_ACCOUNT, REGION, SCOPE, World, own_server
from unit.console.desk import Desk, opened
from unit.console.test_charts import HOSTILE

from windvane.domain.instance import InstanceState, PlacedInstance, Unit
from windvane.domain.server import DEAD_AFTER, ServerRecord
from windvane.domain.task import TaskKind

URL = "/console/cluster"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        yield made


def share(world: World, *others: ServerRecord) -> ServerRecord:
    """Have this server and others use the store, as one that several can use."""
    world.store.is_shared = True
    with world.store.transaction() as tx:
        own = own_server(tx.store_time())
        for one in (own, *others):
            tx.put_server(one)
        tx.hand_lease("run")
    return own


def other(world: World, **changes: object) -> ServerRecord:
    with world.store.snapshot() as tx:
        own = own_server(tx.store_time())
    return replace(own, **{"id": "two", "host": "machine-2"} | changes)


def test_one_server_is_called_so_and_has_a_link_at_the_foot(desk: Desk) -> None:
    job = job_record(desk.world.clock(), name="Churn")
    desk.world.insert(job, endpoint(desk.world))
    queue(desk.world, job.arn, "a")
    queue(desk.world, job.arn, "b", kind=TaskKind.ENSEMBLE)
    claim(desk.world, "run/train-1/1")
    words = desk.get(URL).words
    assert "This server One server, which shares its database with no other." in words
    assert "Tasks running 1 Tasks waiting 1 Instances of endpoints 3" in words
    assert "machine-1 live 1 2 3 8,000 MiB 4 http://10.0.0.1:8470 0.1.0" in words
    assert "Churn Training candidate 7 running machine-1" in words
    assert "Churn Combining the best candidates waiting –" in words
    assert "Live a machine-1 0 of 2 –" in words
    assert "Live s serverless machine-1 yes –" in words
    text = desk.get("/console/").text
    assert '<a href="/console/cluster">This server</a>' in text.split("<footer")[1]
    assert "/console/cluster" not in text.split("<footer")[0]


def test_several_servers_are_told_apart(desk: Desk) -> None:
    world = desk.world
    silent = DEAD_AFTER + timedelta(seconds=3)
    host = other(world, id="three", host="machine-1", is_host_only=True)
    share(world, replace(host, heartbeat=host.heartbeat - silent), other(world, is_leaving=True))
    hosted = endpoint(world)
    world.insert(hosted)
    unit = Unit(hosted.arn.lower(), 1, "a", 0)
    state = InstanceState(why_down="It died")
    with world.store.transaction() as tx:
        tx.place_instances([PlacedInstance("1", unit, "two", 512, state)])
    words = desk.get(URL).words
    assert "Cluster The servers that share one database" in words
    assert "Servers 2 of 3" in words
    assert "machine-1 (run) this server leads live" in words
    assert "machine-1 (three) hosts only silent" in words
    assert "machine-2 stopping" in words
    assert "512 of 8,000 MiB" in words
    assert "Live a machine-2 0 of 1 It died." in words
    assert "Live a not placed yet 0 of 1 –" in words


@pytest.mark.slow
def test_what_happens_is_shown_without_loading_the_page_again(desk: Desk) -> None:
    job = job_record(desk.world.clock(), name="Churn")
    desk.world.insert(job)
    seen = desk.watch(f"{URL}/live", 6, {4: lambda: queue(desk.world, job.arn, "a")})
    assert ["No task runs or waits." in text for text in seen["tasks"]] == [True, False]
    assert "Churn" in seen["tasks"][1]


def test_texts_of_others_are_shown_as_text(desk: Desk) -> None:
    share(
        desk.world,
        *(
            other(desk.world, id=f"h{i}", host=text, address=text, version=text)
            for i, text in enumerate(HOSTILE[:3])
        ),
    )
    text = desk.get(URL).text
    for one in HOSTILE[:3]:
        assert one not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_another_account_sees_neither_the_page_nor_a_link(desk: Desk) -> None:
    share(desk.world)
    session = desk.site._parts.authenticator.by_keys(OTHER_ACCOUNT, "secret", REGION)
    assert session is not None
    theirs = replace(desk, cookie=desk.site._parts.authenticator.text_of(session))
    answer = theirs.get(URL)
    assert answer.status == 403
    assert "machine-1" not in answer.text
    assert URL not in theirs.get("/console/").text
    assert desk.get(URL).status == 200


def test_work_of_other_regions_is_no_row(desk: Desk) -> None:
    job = replace(
        job_record(desk.world.clock(), name="far"), scope=replace(SCOPE, region="eu-west-1")
    )
    desk.world.insert(job)
    queue(desk.world, job.arn, "a")
    words = desk.get(URL).words
    assert "Tasks waiting 1" in words
    assert "No task runs or waits." in words
