"""What a transaction and a snapshot owe."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from windvane.domain.deployment import Model
from windvane.domain.task import NewTask, TaskKind
from windvane.store.base import Store, Transaction
from windvane.testing.store_laws.place import HOME, START, StorePlace, a_model


class TransactionLaws:
    def test_what_was_committed_is_there_for_another_store_object(
        self, store: Store, place: StorePlace
    ) -> None:
        with store.transaction() as tx:
            tx.insert(a_model())
        other = place.open()
        with other.snapshot() as tx:
            assert tx.find(Model, HOME, "model") == a_model()
        other.close()

    def test_an_exception_rolls_everything_back_and_goes_on(self, store: Store) -> None:
        def write_and_fail() -> None:
            with store.transaction() as tx:
                tx.insert(a_model())
                tx.set_tags(a_model().arn, {"a": "b"})
                tx.add_tasks("job", [NewTask(TaskKind.TRAIN, "1")], START)
                tx.claim_bucket("bucket", "account", START)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        with store.snapshot() as tx:
            assert tx.find(Model, HOME, "model") is None
            assert tx.tags(a_model().arn) == {}
            assert tx.tasks("job") == []
            assert tx.bucket_owner("bucket") is None

    def test_an_exception_undoes_a_savepoint_alone(self, store: Store) -> None:
        def write_and_fail(tx: Transaction) -> None:
            with tx.savepoint():
                tx.claim_bucket("inside", "account", START)
                raise ZeroDivisionError

        with store.transaction() as tx:
            tx.claim_bucket("before", "account", START)
            with pytest.raises(ZeroDivisionError):
                write_and_fail(tx)
            with tx.savepoint():
                tx.claim_bucket("after", "account", START)
        with store.snapshot() as tx:
            assert sorted(tx.buckets("account")) == ["after", "before"]

    def test_a_transaction_sees_its_own_writes(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.insert(a_model())
            assert tx.find(Model, HOME, "model") == a_model()

    def test_a_snapshot_refuses_to_write(self, store: Store) -> None:
        with pytest.raises(Exception, match=r"read-?only"), store.snapshot() as tx:
            tx.insert(a_model())
        with store.transaction() as tx:
            assert tx.insert(a_model())

    def test_a_snapshot_does_not_wait_for_a_writer_nor_see_its_work(self, store: Store) -> None:
        with store.transaction() as writing:
            writing.insert(a_model())
            with store.snapshot() as tx:
                assert tx.find(Model, HOME, "model") is None

    def test_a_snapshot_stays_the_same_while_others_write(self, store: Store) -> None:
        with store.snapshot() as before:
            assert before.find(Model, HOME, "model") is None
            with store.transaction() as tx:
                tx.insert(a_model())
            assert before.find(Model, HOME, "model") is None
        with store.snapshot() as after:
            assert after.find(Model, HOME, "model") is not None

    def test_what_a_transaction_has_read_is_still_true_at_its_commit(
        self, store: Store, place: StorePlace
    ) -> None:
        with store.transaction() as tx:
            tx.insert(a_model())

        def count_up(mine: Store) -> None:
            for _ in range(10):
                with mine.transaction() as tx:
                    tags = tx.tags("counter")
                    tx.set_tags("counter", {"n": str(int(tags.get("n", "0")) + 1)})

        stores = [store, store, place.open(), place.open()]
        threads = [threading.Thread(target=count_up, args=(each,)) for each in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.snapshot() as tx:
            assert tx.tags("counter") == {"n": "40"}
        for opened in stores[2:]:
            opened.close()

    def test_a_transaction_inside_another_is_refused_not_waited_for(self, store: Store) -> None:
        refused = pytest.raises(RuntimeError, match="inside a transaction")
        with store.transaction(), refused, store.transaction():
            pass
        with store.transaction() as tx:
            assert tx.insert(a_model())

    def test_times_come_back_to_the_microsecond(self, store: Store) -> None:
        late = START + timedelta(days=300_000, microseconds=1)
        with store.transaction() as tx:
            tx.add_tasks("job", [NewTask(TaskKind.TRAIN, "1")], late)
            assert tx.tasks("job")[0].created == late

    def test_migrating_again_changes_nothing(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.insert(a_model())
        store.migrate()
        with store.snapshot() as tx:
            assert tx.find(Model, HOME, "model") == a_model()
