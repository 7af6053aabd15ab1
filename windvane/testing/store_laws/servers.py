"""What a store owes about the servers that share it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from windvane.domain.server import Lease, ServerRecord
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


class ServerLaws:
    def test_servers_are_kept_as_they_are_in_the_order_of_their_start(self, store: Store) -> None:
        late, early = a_server("late", 1), a_server("early")
        with store.transaction() as tx:
            tx.put_server(late)
            tx.put_server(early)
            tx.put_server(replace(late, told={"since": [1, 2.5]}, is_leaving=True))
        with store.snapshot() as tx:
            assert tx.servers() == [
                early,
                replace(late, told={"since": [1, 2.5]}, is_leaving=True),
            ]
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

    def test_a_shared_secret_is_the_one_put_last(self, store: Store) -> None:
        with store.transaction() as tx:
            assert tx.shared_secret("keys") is None
            tx.put_shared_secret("keys", SharedSecret(1, "first"))
            tx.put_shared_secret("keys", SharedSecret(2, "second"))
        with store.snapshot() as tx:
            assert tx.shared_secret("keys") == SharedSecret(2, "second")
