"""Two servers on one store: the instances of an endpoint are divided among them, and both answer for it."""

import asyncio
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from peered import Wired, gateway_of
from unit.work.hosting.test_hosting import FAKE, SCOPE, World, one, processes, serverless, until

from windvane.domain.deployment import EndpointStatus
from windvane.errors import InvalidRequest, ModelFault, WindvaneError
from windvane.notes.sentences import reason
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

    def __init__(self, world, name, gateways):
        self.world, self.name, self.gateways = world, name, gateways
        self.router = Router(Bounds(answer_s=60.0), Wired(SECRET, time.time, gateways))
        self.hosting = Hosting(
            world.store,
            world.artifacts,
            world.folder / name,
            self.router,
            program=(sys.executable, str(FAKE)),
            placing=SharedPlacing(name, 512),
        )

    def start(self, started_s):
        self.beat(started_s=started_s)
        self.hosting.start()
        asks = asks_of(self.router, Explaining(self.router, {}))
        self.gateways[f"https://{self.name}:8470"] = gateway_of(SECRET, asks)

    def beat(self, *, started_s=0, **members):
        """As others see it: its heart beats, however slow this test is."""
        heartbeat = datetime.now(UTC) + timedelta(hours=1)
        told = {"heartbeat": heartbeat, "memory_mb": 1 << 20, **members}
        with self.world.store.transaction() as tx:
            tx.put_server(replace(a_server(self.name, started_s), **told))

    async def stop(self):
        self.gateways.pop(f"https://{self.name}:8470", None)
        await asyncio.to_thread(self.hosting.stop)

    async def die(self):
        """As others see it: it does not answer, and its heart has stopped."""
        await self.stop()
        with self.world.store.transaction() as tx:
            tx.put_server(a_server(self.name))

    @property
    def n_instances(self):
        with self.world.store.snapshot() as tx:
            return sum(one.server == self.name for one in tx.instances())

    def looks_after(self):
        return self.hosting.looks_after(self.world.endpoint.arn)

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
        gateways = {}
        servers = [Server(world, name, gateways) for name in ("a", "b")]
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


def settled_on(world, *servers):
    """Whether every instance is up, and those of two are divided."""
    with world.store.snapshot() as tx:
        placed = tx.instances()
    return all(one.state.is_up for one in placed) and {one.server for one in placed} == {
        one.name for one in servers
    }


class Asking:
    """Requests to some servers in turn, as many as are answered while a block runs."""

    def __init__(self, *servers):
        self.servers, self.answers, self.failures = servers, [], []
        self._is_over = False

    async def __aenter__(self):
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_):
        self._is_over = True
        await self._task
        assert not self.failures

    async def _run(self):
        while not self._is_over:
            for server in self.servers:
                try:
                    self.answers.append(await server.ask())
                except WindvaneError as error:
                    self.failures.append(error)
            await asyncio.sleep(0.005)

    async def some(self, n=10):
        """Returns after so many more answers."""
        wanted = len(self.answers) + n
        await until(lambda: len(self.answers) >= wanted or self.failures)


def test_requests_to_a_dead_server_go_elsewhere_before_another_one_may_write(world):
    """Who is to place its instances anew waits for its turn to write: whoever has it may be the server that died."""

    async def scene(first, second):
        world.create(one(world.upload("m", 3.5), count=2))
        await world.settled()
        has_turn = threading.Event()
        placing, settle = second.hosting._placing, second.hosting._placing.settle

        def settle_in_turn(tx):
            assert has_turn.wait(60)
            settle(tx)

        placing.settle = settle_in_turn
        try:
            await first.die()
            forwarding = second.router._forwarding
            await until(lambda: forwarding._live == {"b"})
            assert second.n_instances == 1
            assert [await second.ask() for _ in range(4)] == [3.5] * 4
        finally:
            has_turn.set()
        await until(lambda: second.n_instances == 2)

    play(world, scene)


def test_two_instances_are_on_two_servers_and_both_servers_answer(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5), count=2))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.IN_SERVICE
        assert [one.n_instances for one in (first, second)] == [1, 1]
        assert len(processes()) == 2
        assert [one.looks_after() for one in (first, second)] == [True, False]
        for server in (first, second):
            assert [await server.ask() for _ in range(4)] == [3.5] * 4
        told = await asyncio.to_thread(second.router.snapshot, SCOPE, "E")
        assert told.variants["A"].n_up == 2
        assert len(told.last) == 8
        arrived = [
            sum((await asyncio.to_thread(one.router.arrivals)).values()) for one in (first, second)
        ]
        assert arrived == [4, 4], "requests are divided evenly, wherever they came in"

    play(world, scene)


def test_a_single_instance_runs_on_one_server_and_both_answer(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5)))
        await world.settled()
        assert [await server.ask() for server in (first, second)] == [3.5, 3.5]
        assert len(processes()) == 1

    play(world, scene)


def test_a_serverless_variant_runs_on_one_server_and_both_answer(world):
    async def scene(first, second):
        world.create(serverless(world.upload("m", 3.5), max_concurrency=4))
        assert (await world.settled()).status is EndpointStatus.IN_SERVICE
        for server in (second, first):
            answers = await asyncio.gather(*(server.ask("sleep:0.2") for _ in range(4)))
            assert set(answers) == {3.5}
        assert [one.n_instances for one in (first, second)] == [1, 0]
        await first.die()
        assert await second.ask() == 3.5
        assert second.n_instances == 1

    play(world, scene)


def test_two_variants_are_asked_by_weight_wherever_they_are(world):
    async def scene(first, second):
        one_of_two = one(world.upload("m", 3.5), name="A", weight=1.0)
        world.create(one_of_two, one(world.upload("n", 4.5), name="B", weight=3.0))
        await world.settled()
        assert [one.n_instances for one in (first, second)] == [1, 1]
        for server in (first, second):
            answers = [await server.ask() for _ in range(8)]
            assert answers.count(3.5) == 2
            assert answers.count(4.5) == 6

    play(world, scene)


def test_an_instance_that_has_room_nowhere_is_told_and_comes_up_once_it_has(world):
    async def scene(first, second):
        second.beat(is_leaving=True)
        first.beat(memory_mb=600)
        world.create(one(world.upload("m", 3.5)))
        await world.settled()
        await first.die()
        second.beat(memory_mb=100)

        def without_room():
            return dict(second.hosting.gauges())["model_instances_without_room"]

        await until(lambda: without_room() == 1)
        second.beat(memory_mb=600)
        assert await second.ask() == 3.5
        assert without_room() == 0

    play(world, scene)


def test_no_request_fails_when_one_of_two_servers_dies_and_its_instance_is_placed_anew(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5), count=2))
        await world.settled()
        async with Asking(second) as asking:
            await asking.some()
            await first.die()
            await asking.some()
            await until(lambda: second.n_instances == 2 and settled_on(world, second))
            await asking.some()
        assert second.looks_after()
        assert set(asking.answers) == {3.5}
        assert len(processes()) == 2

    play(world, scene)


def test_a_request_whose_instance_dies_goes_to_the_one_on_the_other_server(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5), count=2))
        await world.settled()
        async with Asking(first, second) as asking:
            await asking.some()
            for server in (first, second):
                once = f"die-once:{world.folder / server.name}-died"
                assert await server.ask(once) == 3.5
                await until(lambda: settled_on(world, first, second))
            await asking.some()
        assert set(asking.answers) == {3.5}
        with pytest.raises(ModelFault, match="500"):
            await second.ask("die")

    play(world, scene)


def test_what_a_dead_server_had_alone_comes_up_on_the_other_and_requests_wait_for_it(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5)))
        await world.settled()
        await first.die()
        assert await second.ask() == 3.5
        assert second.n_instances == 1
        assert len(processes()) == 1

    play(world, scene)


def test_a_server_that_leaves_answers_until_the_other_one_does(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5)))
        await world.settled()
        async with Asking(first, second) as asking:
            await asking.some()
            first.beat(is_leaving=True)
            await until(lambda: first.hosting.n_here == 0)
            await asking.some()
        assert set(asking.answers) == {3.5}
        await until(second.looks_after)
        await until(lambda: len(processes()) == 1)

    play(world, scene)


def test_a_server_that_comes_gets_one_of_two_instances_and_no_request_fails(world):
    async def scene(first, second):
        second.beat(is_leaving=True)
        world.create(one(world.upload("m", 3.5), count=2))
        await world.settled()
        assert first.n_instances == 2
        async with Asking(first) as asking:
            await asking.some()
            second.beat(started_s=1)
            await until(lambda: first.n_instances == second.n_instances == 1)
            await asking.some()
        await until(lambda: len(processes()) == 2)

    play(world, scene)


def test_an_update_and_a_change_of_capacity_go_on_everywhere_and_no_request_fails(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5), count=2))
        await world.settled()
        async with Asking(first, second) as asking:
            await asking.some()
            world.update(one(world.upload("n", 4.5), count=2))
            await world.settled()
            await until(lambda: asking.answers[-1] == 4.5)
            world.rescale(one(world.upload("n", 4.5), count=4))
            assert (await world.settled()).failure is None
            assert [one.n_instances for one in (first, second)] == [2, 2]
            world.rescale(one(world.upload("n", 4.5), count=1))
            await world.settled()
            await until(lambda: first.n_instances + second.n_instances == 1)
            await asking.some()
        await until(lambda: len(processes()) == 1)
        assert set(asking.answers) == {3.5, 4.5}

    play(world, scene)


def test_an_endpoint_whose_model_cannot_be_loaded_fails(world):
    async def scene(first, second):
        world.create(one(world.upload("m", load="refuse"), count=2))
        endpoint = await world.settled()
        assert endpoint.status is EndpointStatus.FAILED
        assert "damaged" in reason(endpoint.failure)
        await until(lambda: not processes())
        for server in (first, second):
            with pytest.raises(InvalidRequest, match="damaged"):
                await server.ask()

    play(world, scene)


def test_an_endpoint_that_is_deleted_leaves_nothing_on_any_server(world):
    async def scene(first, second):
        world.create(one(world.upload("m", 3.5), count=2))
        await world.settled()
        world.change(status=EndpointStatus.DELETING)
        await until(lambda: world.endpoint is None)
        with world.store.snapshot() as tx:
            assert (tx.placements(), tx.instances()) == ({}, [])
        await until(lambda: not processes())
        folders = [world.folder / one.name / "endpoints" for one in (first, second)]
        await until(lambda: not any(list(folder.iterdir()) for folder in folders))

    play(world, scene)
