"""What a store owes about the servers that share it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from windvane.domain.instance import InstanceState, PlacedInstance, Unit
from windvane.domain.server import Lease, ServerRecord
from windvane.notes.note import said
from windvane.store.base import Store
from windvane.store.server_book import SharedSecret
from windvane.testing.store_laws.place import START, a_model


def a_server(name: str, started_s: float = 0) -> ServerRecord:
    started = START + timedelta(seconds=started_s)
    return ServerRecord(
        id=name,
        folder=f"folder of {name}",
        version="1.0",
        host="host",
        address=f"https://{name}:8470",
        certificate="",
        objects="objects",
        workers=2,
        started=started,
        up_since=started,
        heartbeat=started,
    )


def an_instance(
    name: str, arn: str = "arn:e", number: int = 0, server: str = "one", memory_mb: int = 512
) -> PlacedInstance:
    return PlacedInstance(name, Unit(arn, 1, "A", number), server, memory_mb)


class ServerLaws:
    def test_servers_are_kept_as_they_are_in_the_order_of_their_start(self, store: Store) -> None:
        late, early = a_server("late", 1), a_server("early")
        with store.transaction() as tx:
            tx.put_server(late)
            tx.put_server(early)
            late = replace(late, told={"since": [1, 2.5]}, is_leaving=True, is_host_only=True)
            tx.put_server(replace(late, memory_mb=1 << 40, cores=64))
        with store.snapshot() as tx:
            assert tx.servers() == [early, replace(late, memory_mb=1 << 40, cores=64)]
        with store.transaction() as tx:
            tx.remove_server("late")
            tx.remove_server("unknown")
            assert tx.servers() == [early]

    def test_a_heartbeat_is_of_the_clock_that_all_share(self, store: Store) -> None:
        before = datetime.now(UTC)
        with store.transaction() as tx:
            tx.put_server(a_server("one"))
        with store.out_of_turn() as tx:
            assert tx.beat("one", {"n": 1}, is_leaving=True)
            assert not tx.beat("unknown", {}, is_leaving=False)
        with store.snapshot() as tx:
            (one,) = tx.servers()
            assert before <= one.heartbeat <= tx.store_time()
            assert (one.told, one.is_leaving) == ({"n": 1}, True)

    def test_a_heartbeat_is_as_old_as_the_silence_of_its_server(self, store: Store) -> None:
        silent = timedelta(seconds=5)
        with store.transaction() as tx:
            tx.put_server(a_server("one"))
            assert tx.beat("one", {}, is_leaving=False, silent=silent)
        with store.snapshot() as tx:
            (one,) = tx.servers()
            assert silent <= tx.store_time() - one.heartbeat < 2 * silent

    def test_the_number_of_the_lease_grows_whenever_it_changes_hands(self, store: Store) -> None:
        with store.transaction() as tx:
            assert tx.lease() == Lease("", 0)
            assert tx.hand_lease("one") == Lease("one", 1)
            assert tx.hand_lease("") == Lease("", 2)
            assert tx.hand_lease("one") == Lease("one", 3)
        with store.snapshot() as tx:
            assert tx.lease() == Lease("one", 3)

    def test_a_placement_goes_with_what_was_placed(self, store: Store) -> None:
        model = a_model()
        with store.transaction() as tx:
            tx.insert(model)
            tx.place(model.arn, "one")
            tx.place(model.arn.upper(), "two")
            tx.place("arn:another", "one")
            assert tx.placements() == {model.arn.lower(): "two", "arn:another": "one"}
            tx.delete(model)
            assert tx.placements() == {"arn:another": "one"}

    def test_instances_are_kept_as_they_are_in_the_order_of_what_they_are(
        self, store: Store
    ) -> None:
        second, moved, first = (
            an_instance("a", number=1),
            an_instance("c", server="two"),
            an_instance("b"),
        )
        with store.transaction() as tx:
            tx.place_instances([second, moved, first])
            assert tx.instances() == [first, moved, second]
            tx.remove_instances(["c", "unknown"])
            tx.remove_instances([])
        with store.snapshot() as tx:
            assert tx.instances() == [first, second]

    def test_what_is_told_of_an_instance_is_kept_while_it_is_placed_there(
        self, store: Store
    ) -> None:
        with store.transaction() as tx:
            tx.place_instances([an_instance("a"), an_instance("b", number=1)])
        failed = InstanceState(failure=said("No."), why_down="It ended")
        with store.out_of_turn() as tx:
            assert tx.tell_instance("a", InstanceState(is_up=True))
            assert tx.tell_instance("b", failed)
            assert not tx.tell_instance("unknown", InstanceState(is_up=True))
        with store.snapshot() as tx:
            assert [one.state for one in tx.instances()] == [InstanceState(is_up=True), failed]
        with store.transaction() as tx:
            tx.tell_instance("b", InstanceState())
            assert tx.instances()[1] == an_instance("b", number=1)

    def test_instances_go_with_their_endpoint(self, store: Store) -> None:
        model = a_model()
        with store.transaction() as tx:
            tx.insert(model)
            tx.place_instances([an_instance("a", model.arn.lower()), an_instance("b")])
            tx.delete(model)
            assert tx.instances() == [an_instance("b")]

    def test_a_shared_secret_is_the_one_put_last(self, store: Store) -> None:
        with store.transaction() as tx:
            assert tx.shared_secret("keys") is None
            tx.put_shared_secret("keys", SharedSecret(1, "first"))
            tx.put_shared_secret("keys", SharedSecret(2, "second"))
        with store.snapshot() as tx:
            assert tx.shared_secret("keys") == SharedSecret(2, "second")
