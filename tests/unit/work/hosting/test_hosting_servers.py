"""Two servers on one store: each endpoint has its processes on one of them, and both answer for it."""

import asyncio
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from peered import Wired, door_of
from unit.work.hosting.test_hosting import FAKE, SCOPE, World, one, processes, until

from windvane.domain.deployment import EndpointStatus
from windvane.serving.explaining import Explaining
from windvane.serving.peer_asks import asks_of
from windvane.serving.pool import Bounds
from windvane.serving.router import Router
from windvane.serving.routes import Invocation
from windvane.testing.store_laws.servers import a_server
from windvane.work.hosting.hosting import Hosting
from windvane.work.hosting.placing import SharedPlacing

SECRET = b"s" * 32


class Server:
    """One of several, with a data folder and a router of its own."""

    def __init__(self, world, name, doors):
        self.world, self.name, self.doors = world, name, doors
        self.router = Router(Bounds(answer_s=60.0), Wired(SECRET, time.time, doors))
        self.hosting = Hosting(
            world.store,
            world.artifacts,
            world.folder / name,
            self.router,
            program=(sys.executable, str(FAKE)),
            placing=SharedPlacing(name),
        )

    def start(self, started_s):
        self.beat(started_s=started_s)
        self.hosting.start()
        asks = asks_of(self.router, Explaining(self.router, {}))
        self.doors[f"https://{self.name}:8470"] = door_of(SECRET, asks)

    def beat(self, *, started_s=0, **members):
        with self.world.store.transaction() as tx:
            tx.put_server(
                replace(a_server(self.name, started_s), heartbeat=datetime.now(UTC), **members)
            )

    async def stop(self):
        self.doors.pop(f"https://{self.name}:8470", None)
        await asyncio.to_thread(self.hosting.stop)

    async def die(self):
        """As others see it: it does not answer, and its heart has stopped."""
        await self.stop()
        with self.world.store.transaction() as tx:
            tx.put_server(a_server(self.name))

    async def ask(self, first="1"):
        answer = await self.router.invoke(SCOPE, "E", Invocation(f"{first},2".encode()))
        return float(answer.body)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.store.close()
    assert not processes()


def play(world, scene):
    async def run():
        doors = {}
        servers = [Server(world, name, doors) for name in ("a", "b")]
        world.hosting = servers[0].hosting
        for number, server in enumerate(servers):
            server.start(number)
        try:
            await scene(*servers)
        finally:
            for server in servers:
                if not server.hosting._is_closed:
                    await server.stop()
            await asyncio.sleep(0.02)

    asyncio.run(run())


def test_an_endpoint_runs_on_one_server_and_both_answer(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5), count=2))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.IN_SERVICE
        assert [await server.ask() for server in (first, second)] == [3.5, 3.5]
        assert len(processes()) == 2
        assert sorted(one.hosting.n_hosted for one in (first, second)) == [0, 1]
        ends = [one.name for one in (first, second) if one.hosting.hosts(endpoint.arn)]
        assert ends == ["a"]
        told = await asyncio.to_thread(second.router.snapshot, SCOPE, "E")
        assert told == replace(first.router.own_snapshot(SCOPE, "E"), at=told.at)
        assert told.variants["A"].n_up == 2
        assert len(told.last) == 2

    play(world, scene)


def test_what_a_dead_server_hosted_comes_up_on_the_other_and_requests_wait_for_it(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5)))
        await world.settled()
        await first.die()
        second.beat()
        assert await second.ask() == 3.5
        assert second.hosting.n_hosted == 1
        assert len(processes()) == 1

    play(world, scene)


def test_a_server_that_leaves_answers_until_the_other_one_does(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5)))
        await world.settled()
        answers = []

        async def keep_asking():
            while second.hosting.n_hosted == 0 or first.hosting.n_hosted == 1:
                answers.extend([await server.ask() for server in (first, second)])
                await asyncio.sleep(0.01)

        first.beat(is_leaving=True)
        await keep_asking()
        assert set(answers) == {3.5}
        assert [await server.ask() for server in (first, second)] == [3.5, 3.5]
        await until(lambda: len(processes()) == 1)

    play(world, scene)


def test_an_endpoint_that_is_deleted_is_deleted_by_its_own_server(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5)))
        await world.settled()
        world.change(status=EndpointStatus.DELETING)
        await until(lambda: world.endpoint is None)
        with world.store.snapshot() as tx:
            assert tx.placements() == {}
        await until(lambda: not processes())

    play(world, scene)
