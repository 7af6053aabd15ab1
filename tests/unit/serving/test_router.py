import asyncio
import os
import signal
import time
from collections import Counter

import pytest

from windvane.errors import EndpointMissing, InvalidRequest, ModelFault, ModelNotReady, Throttled
from windvane.names import Scope
from windvane.serving import pool
from windvane.serving.endings import InstanceLost
from windvane.serving.peers import NotHere, Peer, PeerLost, Peers
from windvane.serving.pool import USUAL, Bounds, Demand, WorkerSlot
from windvane.serving.readings import read
from windvane.serving.router import Router
from windvane.serving.routes import Elsewhere, Invocation, Route, VariantRoute
from windvane.serving.tally import Outcome
from windvane.tracing.context import TraceContext, within

SCOPE = Scope("000000000000", "us-east-1")


class Bench:
    """A router on a loop of its own, with slots that are given to it."""

    def __init__(self, start_process, hello_of, bounds=USUAL):
        self.router = Router(bounds)
        self.condemned = []
        self._start, self._hello_of = start_process, hello_of
        self._n = 0

    def slot(self, version=1.0):
        process = self._start(version)
        self._hello_of(process)
        self._n += 1
        number = self._n
        return process, WorkerSlot(number, process.channel, lambda: self.condemned.append(number))

    def publish(self, *variants):
        routes = tuple(
            VariantRoute(f"{name}-{key}", name, weight, max(1, len(slots)), "primary", tuple(slots))
            for name, key, weight, slots in variants
        )
        self.router.publish({(SCOPE, "e"): Route(SCOPE, "E", routes)})

    async def ask(self, first="1", variant="", **more):
        invocation = Invocation(f"{first},2".encode(), target_variant=variant, **more)
        return await self.router.invoke(SCOPE, "E", invocation)


class Beside(Peers):
    """Another server that has an instance, and answers with its name; or its instance is lost with each request."""

    def __init__(self):
        super().__init__(b"s" * 32, time.time)
        self.asked, self.is_lost = 0, False

    async def ask(self, peer, header, body, timeout_s):
        self.asked += 1
        if self.is_lost:
            raise PeerLost(peer.id)
        return {"content_type": "text/csv", "variant": header["variant"]}, peer.id.encode()


@pytest.fixture
def bench(start_process, hello_of):
    return Bench(start_process, hello_of)


@pytest.fixture
def bench_with(start_process, hello_of):
    return lambda **bounds: Bench(start_process, hello_of, Bounds(**bounds))


def play(bench, scene):
    async def run():
        bench.router.bind()
        await asyncio.wait_for(scene(), 240)
        bench.router.publish({})
        await asyncio.sleep(0.05)

    asyncio.run(run())


def test_a_request_is_answered_by_its_variant(bench):
    _, slot = bench.slot(3.5)
    bench.publish(("AllTraffic", 1, 1.0, [slot]))

    async def scene():
        answer = await bench.ask()
        assert (answer.body, answer.content_type, answer.variant) == (
            b"3.5\n",
            "text/csv",
            "AllTraffic",
        )
        assert bench.router.figures.answered == 1

    play(bench, scene)


def test_what_the_process_of_a_model_did_is_part_of_the_requests_trace(bench):
    _, slot = bench.slot()
    spans, request = [], TraceContext("4" * 32, "5" * 16, True)
    bench.router = Router(USUAL, record_span=spans.append)
    bench.publish(("A", 1, 1.0, [slot]))

    async def scene():
        await bench.ask()
        with within(request):
            await bench.ask()
            with pytest.raises(ModelFault):
                await bench.ask("fail")
            with pytest.raises(EndpointMissing):
                await bench.router.invoke(SCOPE, "another", Invocation(b"1,2"))

    play(bench, scene)
    assert [span.attributes["windvane.model.status_code"] for span in spans] == [200, 500]
    assert {(span.context.trace_id, span.parent_id) for span in spans} == {("4" * 32, "5" * 16)}
    assert spans[0].context != spans[1].context


def test_the_name_of_an_endpoint_is_found_whatever_its_case(bench):
    _, slot = bench.slot()
    bench.publish(("A", 1, 1.0, [slot]))

    async def scene():
        assert (await bench.router.invoke(SCOPE, "e", Invocation(b"1,2"))).body == b"1.0\n"

    play(bench, scene)


def test_weights_share_the_requests_out(bench):
    slots = [bench.slot()[1] for _ in range(3)]
    bench.publish(("A", 1, 3.0, slots[:1]), ("B", 1, 1.0, slots[1:2]), ("C", 1, 0.0, slots[2:]))

    async def scene():
        shares = Counter([(await bench.ask()).variant for _ in range(40)])
        assert shares == {"A": 30, "B": 10}

    play(bench, scene)


def test_a_target_variant_is_honoured_and_an_unknown_one_refused(bench):
    _, first = bench.slot()
    _, second = bench.slot()
    bench.publish(("A", 1, 1.0, [first]), ("B", 1, 0.0, [second]))

    async def scene():
        assert (await bench.ask(variant="B")).variant == "B"
        with pytest.raises(InvalidRequest, match=r"no production variant Z\. It has: A, B\."):
            await bench.ask(variant="Z")

    play(bench, scene)


def test_instances_of_a_variant_work_side_by_side(bench, tmp_path):
    bench.publish(("A", 1, 1.0, [bench.slot()[1] for _ in range(2)]))

    async def scene():
        slow = asyncio.create_task(bench.ask(f"hang:{tmp_path / 'go'}"))
        await asyncio.sleep(0)
        await asyncio.gather(*(bench.ask() for _ in range(20)))
        assert not slow.done()
        (tmp_path / "go").touch()
        await slow

    play(bench, scene)


def test_a_request_in_a_dying_process_is_answered_by_another(bench, tmp_path):
    (_, one), (_, two) = bench.slot(), bench.slot()
    bench.publish(("A", 1, 1.0, [one, two]))

    async def scene():
        answers = await asyncio.gather(
            bench.ask(f"die-once:{tmp_path / 'died'}"), *(bench.ask() for _ in range(10))
        )
        assert [answer.body for answer in answers] == [b"1.0\n"] * 11

    play(bench, scene)


def test_killing_processes_under_load_loses_no_request(bench):
    (first, one), (second, two), (_, three) = bench.slot(), bench.slot(), bench.slot()
    bench.publish(("A", 1, 1.0, [one, two, three]))

    async def scene():
        async def load():
            for _ in range(100):
                assert (await bench.ask()).body == b"1.0\n"

        loads = [asyncio.create_task(load()) for _ in range(4)]
        for process in (first, second):
            await asyncio.sleep(0.02)
            os.kill(process.pid, signal.SIGKILL)
        await asyncio.gather(*loads)

    play(bench, scene)


def test_a_request_that_kills_two_processes_is_a_model_error(bench):
    bench.publish(("A", 1, 1.0, [bench.slot()[1] for _ in range(3)]))

    async def scene():
        with pytest.raises(ModelFault, match="from primary and could not load the entire") as fault:
            await bench.ask("die")
        assert (fault.value.status, fault.value.message) == (500, "")
        assert (await bench.ask()).body == b"1.0\n"

    play(bench, scene)


def test_a_models_refusal_is_told_in_the_known_words(bench):
    bench.publish(("A", 1, 1.0, [bench.slot()[1]]))

    async def scene():
        with pytest.raises(ModelFault) as fault:
            await bench.ask(accept="image/png")
        assert str(fault.value) == (
            "Received client error (406) from primary with message \"Accept type 'image/png' is not "
            'supported.". See https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1'
            "#logEventViewer:group=/aws/sagemaker/Endpoints/E in account 000000000000 for more "
            "information."
        )
        assert fault.value.log_group.endswith(":log-group:/aws/sagemaker/Endpoints/E")
        with pytest.raises(ModelFault, match=r"^Received server error \(500\) from primary with"):
            await bench.ask("fail")

    play(bench, scene)


def test_a_model_that_does_not_answer_in_time_is_given_up(bench_with):
    bench = bench_with(answer_s=0.3)
    bench.publish(("A", 1, 1.0, [bench.slot()[1]]))

    async def scene():
        with pytest.raises(ModelFault) as fault:
            await bench.ask("sleep:60")
        assert fault.value.status == 0
        assert fault.value.message.startswith(
            "Your invocation timed out while waiting for a response from container primary."
        )
        async with asyncio.timeout(120):
            while bench.condemned != [1]:
                await asyncio.sleep(0.01)

    play(bench, scene)


def test_a_full_queue_refuses_at_once(bench_with, tmp_path):
    bench = bench_with(queue=2)
    bench.publish(("A", 1, 1.0, [bench.slot()[1]]))

    async def scene():
        await bench.ask()
        taken = [asyncio.create_task(bench.ask(f"hang:{tmp_path / 'go'}")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Throttled, match="2 requests are waiting for 1 instance"):
            await bench.ask()
        (tmp_path / "go").touch()
        await asyncio.gather(*taken)
        assert bench.router.figures.turned_away == 1

    play(bench, scene)


def test_a_request_waits_for_a_process_to_come_up(bench):
    bench.publish(("A", 1, 1.0, []))

    async def scene():
        early = asyncio.create_task(bench.ask())
        await asyncio.sleep(0.05)
        bench.publish(("A", 1, 1.0, [bench.slot()[1]]))
        assert (await early).body == b"1.0\n"

    play(bench, scene)


def test_without_any_process_the_model_is_not_ready(bench_with):
    bench = bench_with(answer_s=0.05)
    bench.publish(("A", 1, 1.0, []))

    async def scene():
        with pytest.raises(ModelNotReady, match="No instance of the model is up yet"):
            await bench.ask()

    play(bench, scene)


def test_an_update_finishes_what_is_under_way_and_lets_the_old_process_go(bench):
    (old, first), (_, second) = bench.slot(1.0), bench.slot(2.0)
    bench.publish(("A", "old", 1.0, [first]))

    async def scene():
        await bench.ask()
        under_way = asyncio.create_task(bench.ask("sleep:0.3"))
        queued = asyncio.create_task(bench.ask())
        await asyncio.sleep(0.01)
        bench.publish(("A", "new", 1.0, [second]))
        await asyncio.sleep(0)
        assert (await bench.ask()).body == b"2.0\n"
        assert (await under_way).body == (await queued).body == b"1.0\n"
        await asyncio.to_thread(lambda: os.waitid(os.P_PIDFD, old.pidfd, os.WEXITED | os.WNOWAIT))
        assert old.exit_code() == 0

    play(bench, scene)


def test_a_request_right_after_publishing_sees_what_was_published(bench):
    bench.publish(("A", "old", 1.0, [bench.slot(1.0)[1]]))

    async def scene():
        assert (await bench.ask()).body == b"1.0\n"
        bench.publish(("A", "new", 1.0, [bench.slot(2.0)[1]]))
        assert (await bench.ask()).body == b"2.0\n"

    play(bench, scene)


def test_a_request_queued_where_nothing_comes_up_moves_to_the_new_generation(bench):
    bench.publish(("A", "old", 1.0, []))

    async def scene():
        queued = asyncio.create_task(bench.ask())
        await asyncio.sleep(0.01)
        bench.publish(("A", "new", 1.0, [bench.slot(2.0)[1]]))
        assert (await queued).body == b"2.0\n"

    play(bench, scene)


def test_a_caller_who_goes_away_leaves_the_process_usable(bench):
    bench.publish(("A", 1, 1.0, [bench.slot()[1]]))

    async def scene():
        await bench.ask()
        gone = [asyncio.create_task(bench.ask("sleep:0.2")) for _ in range(2)]
        await asyncio.sleep(0.01)
        for task in gone:
            task.cancel()
        assert (await bench.ask()).body == b"1.0\n"

    play(bench, scene)


def test_endpoints_that_are_missing_unready_or_failed_are_told_apart(bench):
    bench.router.publish(
        {
            (SCOPE, "new"): Route(SCOPE, "new", (), "Endpoint new is Creating."),
            (SCOPE, "bad"): Route(SCOPE, "bad", (), "Endpoint bad failed.", is_hopeless=True),
        }
    )

    async def scene():
        with pytest.raises(EndpointMissing, match="Endpoint x of account 000000000000 not found"):
            await bench.router.invoke(SCOPE, "x", Invocation(b""))
        with pytest.raises(EndpointMissing):
            await bench.router.invoke(Scope("111111111111", "us-east-1"), "new", Invocation(b""))
        with pytest.raises(ModelNotReady, match="Endpoint new is Creating"):
            await bench.router.invoke(SCOPE, "new", Invocation(b""))
        with pytest.raises(InvalidRequest, match="Endpoint bad failed"):
            await bench.router.invoke(SCOPE, "bad", Invocation(b""))

    play(bench, scene)


def test_time_in_the_queue_counts_and_harms_no_process(bench_with, tmp_path):
    bench = bench_with(answer_s=5.0)
    bench.publish(("A", 1, 1.0, [bench.slot()[1]]))

    async def scene():
        first = asyncio.create_task(bench.ask(f"hang:{tmp_path / 'first'}"))
        await asyncio.sleep(0)
        queued = asyncio.create_task(bench.ask(f"hang:{tmp_path / 'second'}"))
        await asyncio.sleep(0.5)
        (tmp_path / "first").touch()
        assert (await first).body == b"1.0\n"
        with pytest.raises(ModelFault) as fault:
            await queued
        (tmp_path / "second").touch()
        assert fault.value.status == 0
        assert (await bench.ask()).body == b"1.0\n"
        assert bench.condemned == []

    play(bench, scene)


def test_no_more_requests_are_in_hand_than_a_variant_may_have(bench, tmp_path):
    demand = Demand(lambda: None)
    slot = bench.slot()[1]
    variant = VariantRoute("A-1", "A", 1.0, 2, "primary", (slot,), most=2, demand=demand)
    bench.router.publish({(SCOPE, "e"): Route(SCOPE, "E", (variant,))})

    async def scene():
        held = [asyncio.create_task(bench.ask(f"hang:{tmp_path / 'go'}")) for _ in range(2)]
        await asyncio.sleep(0)
        assert demand.asked == 2
        with pytest.raises(Throttled, match="2 requests are in hand at once"):
            await bench.ask()
        held[1].cancel()
        await asyncio.sleep(0)
        (tmp_path / "go").touch()
        await held[0]
        assert (await bench.ask()).body == b"1.0\n"
        assert demand.asked == 0

    play(bench, scene)


def test_a_process_is_asked_for_while_requests_wait(bench):
    calls = []
    demand = Demand(lambda: calls.append(1))
    slot = bench.slot()[1]

    def publish(*slots):
        variant = VariantRoute("A-1", "A", 1.0, 1, "primary", slots, most=9, demand=demand)
        bench.router.publish({(SCOPE, "e"): Route(SCOPE, "E", (variant,))})

    publish()

    async def scene():
        early = asyncio.create_task(bench.ask())
        await asyncio.sleep(0)
        assert calls
        publish(slot)
        assert (await early).body == b"1.0\n"

    play(bench, scene)


def test_weights_that_change_keep_the_processes_and_what_was_not_used_up(bench):
    slots = [bench.slot()[1] for _ in range(2)]
    bench.publish(("A", 1, 1.0, slots[:1]), ("B", 1, 0.0, slots[1:]))

    async def scene():
        assert {(await bench.ask()).variant for _ in range(5)} == {"A"}
        bench.publish(("A", 1, 1.0, slots[:1]), ("B", 1, 3.0, slots[1:]))
        await asyncio.sleep(0)
        shares = Counter([(await bench.ask()).variant for _ in range(40)])
        assert shares == {"A": 10, "B": 30}

    play(bench, scene)


def told(bench):
    """The last requests of the endpoint: variant, outcome, status."""
    snapshot = bench.router.own_snapshot(SCOPE, "e")
    return [(one.variant, one.outcome, one.status) for one in snapshot.last]


def test_how_each_request_ended_is_told(bench_with):
    bench = bench_with(answer_s=4, queue=1)
    _, slot = bench.slot()
    bench.publish(("A", 1, 1.0, [slot]))

    async def scene():
        await bench.ask()
        with pytest.raises(ModelFault):
            await bench.ask("fail")
        slow = asyncio.create_task(bench.ask("sleep:30"))
        waits = asyncio.create_task(bench.ask())
        await asyncio.sleep(0)
        with pytest.raises(Throttled):
            await bench.ask()
        with pytest.raises(InvalidRequest):
            await bench.ask(variant="Z")
        with pytest.raises(EndpointMissing):
            await bench.router.invoke(SCOPE, "none", Invocation(b"1,2"))
        with pytest.raises(ModelFault):
            await slow
        with pytest.raises((Throttled, ModelNotReady)):
            await waits
        assert told(bench) == [
            ("A", Outcome.TURNED_AWAY, 429),
            ("A", Outcome.MODEL_ERROR, 0),
            ("A", Outcome.TURNED_AWAY, 429),
            ("A", Outcome.MODEL_ERROR, 500),
            ("A", Outcome.ANSWERED, 200),
        ]

    play(bench, scene)


def test_figures_outlive_a_change_of_variants_and_end_with_the_endpoint(bench):
    _, slot = bench.slot()
    _, other = bench.slot()
    bench.publish(("A", 1, 1.0, [slot]))

    async def scene():
        await bench.ask()
        bench.publish(("B", 2, 1.0, [other]))
        await asyncio.sleep(0)
        await bench.ask()
        snapshot = bench.router.own_snapshot(SCOPE, "e")
        assert list(snapshot.variants) == ["B"]
        everything = [*snapshot.variants.values(), *snapshot.gone]
        assert read(snapshot, everything).windows[60].answered == 2
        bench.router.publish({})
        await asyncio.sleep(0)
        bench.publish(("B", 3, 1.0, []))
        await asyncio.sleep(0)
        assert told(bench) == []

    play(bench, scene)


def test_requests_are_counted_by_variant_as_they_come(bench):
    _, slot = bench.slot()
    bench.publish(("A", 1, 1.0, [slot]), ("B", 1, 0.0, []))
    assert bench.router.arrivals() == {}

    async def scene():
        for _ in range(3):
            await bench.ask(variant="A")
        waits = asyncio.create_task(bench.ask(variant="B"))
        await asyncio.sleep(0)
        told = await asyncio.to_thread(bench.router.arrivals)
        assert told == {(SCOPE, "e", "A"): 3, (SCOPE, "e", "B"): 1}
        waits.cancel()
        bench.publish(("A", 2, 1.0, [slot]))
        await asyncio.sleep(0.05)
        assert await asyncio.to_thread(bench.router.arrivals) == {(SCOPE, "e", "A"): 3}

    play(bench, scene)


def test_other_threads_are_told_by_the_loop(bench):
    _, slot = bench.slot()
    bench.publish(("A", 1, 1.0, [slot]))
    assert bench.router.snapshot(SCOPE, "e").variants == {}

    async def scene():
        await bench.ask()
        snapshot = await asyncio.to_thread(bench.router.snapshot, SCOPE, "E")
        assert (snapshot.variants["A"].n_up, snapshot.variants["A"].n_waiting) == (1, 0)
        assert [(one.bytes_in, one.bytes_out) for one in snapshot.last] == [(3, 4)]
        assert 0 < snapshot.last[0].seconds < 30
        assert (await asyncio.to_thread(bench.router.snapshot, SCOPE, "none")).last == ()

    play(bench, scene)


def test_an_answer_that_is_too_large_is_a_model_error_that_names_the_limit(bench, monkeypatch):
    """Whatever the process says or sends: what is larger is not waited for, and the process is ended."""
    _, slot = bench.slot()
    bench.publish(("A", 1, 1.0, [slot]))
    monkeypatch.setattr(pool, "MOST_ANSWER_BYTES", 3)

    async def scene():
        with pytest.raises(ModelFault, match="the maximum of a response is 26214400 bytes") as told:
            await bench.ask()
        assert told.value.status == 500
        assert bench.condemned == [slot.number]
        assert bench.router.figures.server_errors == 1

    play(bench, scene)


@pytest.fixture
def beside(bench):
    """Another server has an instance too, once `with_other` has published it; this one has what it is given."""
    bench.peers = Beside()
    bench.router = Router(USUAL, bench.peers)

    def with_other(*slots):
        there = (Elsewhere(Peer("b", "https://b:8470"), 1),)
        variant = VariantRoute("A-1", "A", 1.0, len(slots), "primary", slots, elsewhere=there)
        bench.router.publish({(SCOPE, "e"): Route(SCOPE, "E", (variant,))})

    bench.with_other = with_other
    return bench


def test_a_process_that_dies_with_a_request_leaves_it_to_another_server(beside):
    process, slot = beside.slot(3.5)
    beside.with_other(slot)

    async def scene():
        answers = {(await beside.ask()).body for _ in range(2)}
        assert answers == {b"3.5\n", b"b"}
        busy = [asyncio.create_task(beside.ask("sleep:20")) for _ in range(4)]
        async with asyncio.timeout(240):
            while sum(one.done() for one in busy) < 2:
                await asyncio.sleep(0.01)
        assert sum(one.done() for one in busy) == 2, "two of four were for the other server"
        os.kill(process.pid, signal.SIGKILL)
        told = await asyncio.gather(*busy)
        assert [one.body for one in told] == [b"b"] * 4
        assert beside.peers.asked == 5, "of two here one was in hand, and one waited"

    play(beside, scene)


def test_a_request_that_ends_an_instance_here_and_one_elsewhere_goes_to_no_third(beside):
    _, slot = beside.slot()
    beside.with_other(slot)
    beside.peers.is_lost = True

    async def scene():
        with pytest.raises(ModelFault) as told:
            await beside.ask("die")
        assert told.value.status == 500
        assert beside.peers.asked == 1

    play(beside, scene)


def test_a_request_that_another_server_passed_on_goes_back_if_its_instance_dies(beside):
    _, slot = beside.slot()
    beside.with_other(slot)

    async def scene():
        for error in (InstanceLost, NotHere):  # there is none any more when it is asked again
            with pytest.raises(error):
                await beside.router.invoke(
                    SCOPE, "E", Invocation(b"die,2", target_variant="A"), is_passed_on=True
                )
        assert beside.peers.asked == 0

    play(beside, scene)
