"""What a store owes about tasks: one owner at a time, turns between jobs, lost workers found out."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from windvane.domain.task import NewTask, Task, TaskKind, TaskStatus
from windvane.names import Scope, arn
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, said
from windvane.store.base import Store
from windvane.testing.store_laws.place import (
    LEASE_S,
    START,
    TRAIN,
    StorePlace,
    at,
    claim,
    claimed,
    queue,
)


class TaskLaws:
    def test_a_queued_task_is_ready(self, store: Store) -> None:
        payload = {"n": 1, "list": [1.5, None, "\x00"]}
        with store.transaction() as tx:
            tx.add_tasks("job", [NewTask(TaskKind.ANALYZE, "key", payload)], START)
            (task,) = tx.tasks("job")
            assert tx.task(task.id) == task
            assert tx.task(task.id + 1) is None
        expected = Task(
            id=task.id,
            job_arn="job",
            kind=TaskKind.ANALYZE,
            key="key",
            payload=payload,
            created=START,
        )
        assert task == expected

    def test_the_same_work_is_never_queued_twice(self, store: Store) -> None:
        queue(store, "job", "a", "b", "a")
        first = claimed(store)
        queue(store, "job", "b", "a", "c", now=at(1))
        queue(store, "another", "a")
        with store.snapshot() as tx:
            assert [task.key for task in tx.tasks("job")] == ["a", "b", "c"]
            assert tx.task(first.id) == first
            assert [task.key for task in tx.tasks("another")] == ["a"]

    def test_a_claimed_task_is_running_under_a_new_token(self, store: Store) -> None:
        queue(store, "job", "a")
        task = claimed(store, 5, "me")
        assert task.status is TaskStatus.RUNNING
        assert (task.token, task.attempts, task.worker) == (1, 1, "me")
        assert (task.started, task.lease_until) == (at(5), at(65))
        with store.snapshot() as tx:
            assert tx.task(task.id) == task

    def test_what_a_task_says_is_kept_while_it_runs(self, store: Store) -> None:
        queue(store, "job", "a", "b")
        first, second = claimed(store), claimed(store)
        for words in ({"n": 1}, {"n": 2}):
            with store.transaction() as tx:
                assert tx.keep_said(first, words)
                assert tx.task(first.id) == replace(first, said=words)
        with store.transaction() as tx:
            assert tx.keep_said(second, {"n": 3})
            assert tx.finish_task(first, TaskStatus.DONE, at(1), result={"made": 1})
            assert tx.release_task(second)
            assert not tx.keep_said(first, {"n": 4})
            assert not tx.keep_said(second, {"n": 5})
            told = [tx.task(task.id) for task in (first, second)]
        assert [task and (task.said, task.result) for task in told] == [
            (None, {"made": 1}),
            (None, None),
        ]

    def test_what_waits_for_a_worker_is_known_by_its_kind(self, store: Store) -> None:
        queue(store, "job", "a")
        others = [kind for kind in TaskKind if kind not in TRAIN]
        with store.snapshot() as tx:
            assert tx.has_ready(TRAIN)
            assert not tx.has_ready(others)
            assert not tx.has_ready([])
        claimed(store)
        with store.snapshot() as tx:
            assert not tx.has_ready(TRAIN)

    def test_nothing_is_claimed_when_nothing_of_the_kind_is_ready(self, store: Store) -> None:
        with store.transaction() as tx:
            tx.add_tasks("job", [NewTask(TaskKind.ANALYZE, "a")], START)
            assert claim(tx) is None
            assert tx.claim_task([], "worker", START, at(60)) is None
            kinds = [TaskKind.TRAIN, TaskKind.ANALYZE]
            assert tx.claim_task(kinds, "worker", START, at(60)) is not None
            assert tx.claim_task(kinds, "worker", START, at(60)) is None

    def test_the_older_task_comes_first(self, store: Store) -> None:
        queue(store, "job", "younger", now=at(1))
        queue(store, "job", "older", "twin", now=at(0))
        assert [claimed(store).key for _ in range(3)] == ["older", "twin", "younger"]

    def test_jobs_take_turns(self, store: Store) -> None:
        queue(store, "long", "1", "2", "3", now=at(0))
        queue(store, "short", "1", "2", now=at(1))
        turns = [claimed(store).job_arn for _ in range(5)]
        assert turns == ["long", "short", "long", "short", "long"]

    def test_accounts_take_turns_however_many_jobs_they_have(self, store: Store) -> None:
        for n in range(3):
            queue(store, f"arn:aws:sagemaker:r:111111111111:automl-job/{n}", "1", "2", now=at(0))
        queue(store, "arn:aws:sagemaker:r:222222222222:automl-job/x", "1", "2", now=at(1))
        turns = [claimed(store).job_arn.split(":")[4][0] for _ in range(6)]
        assert turns == ["1", "2", "1", "2", "1", "1"]

    def test_jobs_in_flight_are_those_of_the_account_in_all_regions(self, store: Store) -> None:
        for region, n in (("r", 1), ("s", 1), ("r", 2)):
            queue(store, f"arn:aws:sagemaker:{region}:{str(n) * 12}:automl-job/x", "1", "2")
        with store.transaction() as tx:
            assert [tx.jobs_in_flight(str(n) * 12) for n in (1, 2, 3)] == [2, 1, 0]
            assert claim(tx) is not None
            tx.cancel_ready_tasks(f"arn:aws:sagemaker:r:{'2' * 12}:automl-job/x", TRAIN, at(1))
            assert [tx.jobs_in_flight(str(n) * 12) for n in (1, 2)] == [2, 0]

    def test_an_account_holds_no_more_workers_than_it_may(self, store: Store) -> None:
        mine, others = (f"arn:aws:sagemaker:r:{n * 12}:automl-job/x" for n in "12")
        queue(store, mine, "1", "2", "3")
        with store.transaction() as tx:
            tx.add_tasks(mine, [NewTask(TaskKind.ANALYZE, key) for key in "ab"], START)
            analysis = [TaskKind.ANALYZE]
            assert tx.claim_task(analysis, "run/express-0/1", START, at(60)) is not None
            assert tx.claim_task(TRAIN, "run/train-1/1", START, at(60), 1) is not None
            for kinds in (TRAIN, analysis):
                assert tx.claim_task(kinds, "run/train-2/1", START, at(60), 1) is None
        queue(store, others, "1", now=at(1))
        with store.transaction() as tx:
            found = tx.claim_task(TRAIN, "run/train-2/1", START, at(60), 1)
            assert found is not None
            assert found.job_arn == others

    def test_a_job_whose_task_ended_is_in_turn_again(self, store: Store) -> None:
        queue(store, "busy", "1", "2", now=at(0))
        queue(store, "idle", "1", "2", now=at(1))
        busy, idle = claimed(store), claimed(store)
        assert (busy.job_arn, idle.job_arn) == ("busy", "idle")
        with store.transaction() as tx:
            tx.finish_task(idle, TaskStatus.DONE, at(2), result={})
        assert claimed(store).job_arn == "idle"

    def test_a_finished_task_keeps_its_result(self, store: Store) -> None:
        queue(store, "job", "a")
        task = claimed(store)
        with store.transaction() as tx:
            assert tx.finish_task(task, TaskStatus.DONE, at(7), result={"score": 0.1})
            assert tx.task(task.id) == replace(
                task, status=TaskStatus.DONE, ended=at(7), lease_until=None, result={"score": 0.1}
            )

    def test_a_failed_task_keeps_any_error_text(self, store: Store) -> None:
        queue(store, "job", "a")
        task = claimed(store)
        with store.transaction() as tx:
            assert tx.finish_task(task, TaskStatus.FAILED, at(7), failure=said("bad \x00 \ud800"))
            ended = tx.task(task.id)
        assert ended is not None
        assert (ended.status, ended.result, ended.failure) == (
            TaskStatus.FAILED,
            None,
            said("bad \x00 \ud800"),
        )

    def test_a_task_cannot_end_as_open(self, store: Store) -> None:
        queue(store, "job", "a")
        task = claimed(store)
        with pytest.raises(ValueError, match="not as ready"), store.transaction() as tx:
            tx.finish_task(task, TaskStatus.READY, START)

    def test_a_task_ends_once(self, store: Store) -> None:
        queue(store, "job", "a")
        task = claimed(store)
        with store.transaction() as tx:
            assert tx.finish_task(task, TaskStatus.DONE, at(1), result={})
            assert not tx.finish_task(task, TaskStatus.FAILED, at(2), failure=said("late"))
            assert not tx.renew_lease(task, at(99))

    def test_a_renewed_lease_lasts(self, store: Store) -> None:
        queue(store, "job", "a")
        task = claimed(store)
        with store.transaction() as tx:
            assert tx.renew_lease(task, at(100))
            assert tx.release_expired(at(99), 3) == []
            assert tx.task(task.id) == replace(task, lease_until=at(100))

    def test_a_task_whose_lease_is_over_is_ready_again(self, store: Store) -> None:
        queue(store, "job", "a", "b")
        lost, kept = claimed(store, 0, "dead"), claimed(store, 1, "alive")
        with store.transaction() as tx:
            assert tx.release_expired(at(LEASE_S - 0.000001), 3) == []
            (released,) = tx.release_expired(at(LEASE_S), 3)
            assert (released.id, released.status, released.worker) == (
                lost.id,
                TaskStatus.READY,
                "",
            )
            assert tx.task(lost.id) == released
            assert tx.task(kept.id) == kept
            again = claim(tx, 70)
        assert again is not None
        assert (again.id, again.token, again.attempts) == (lost.id, 2, 2)

    def test_a_worker_that_comes_back_from_the_dead_changes_nothing(self, store: Store) -> None:
        queue(store, "job", "a")
        zombie = claimed(store)
        with store.transaction() as tx:
            (released,) = tx.release_expired(at(61), 3)
            assert not tx.renew_lease(zombie, at(999))
            assert not tx.finish_task(zombie, TaskStatus.DONE, at(62), result={"by": "zombie"})
            assert tx.task(zombie.id) == released
        owner = claimed(store, 63)
        with store.transaction() as tx:
            assert not tx.renew_lease(zombie, at(999))
            assert not tx.finish_task(zombie, TaskStatus.DONE, at(64), result={"by": "zombie"})
            assert tx.task(zombie.id) == owner
            assert tx.finish_task(owner, TaskStatus.DONE, at(65), result={"by": "owner"})

    def test_a_task_given_back_is_ready_and_its_claim_not_counted(self, store: Store) -> None:
        queue(store, "job", "a")
        task = claimed(store)
        with store.transaction() as tx:
            assert tx.release_task(task)
            assert tx.task(task.id) == replace(
                task, status=TaskStatus.READY, worker="", lease_until=None, attempts=0
            )
            assert not tx.release_task(task)
            assert not tx.finish_task(task, TaskStatus.DONE, at(1), result={})
        again = claimed(store, 2)
        assert (again.token, again.attempts) == (2, 1)
        with store.transaction() as tx:
            assert not tx.release_task(task)
            assert tx.task(task.id) == again

    def test_a_lost_task_is_ready_and_its_loss_counted_in_place_of_an_attempt(
        self, store: Store
    ) -> None:
        queue(store, "job", "a")
        for losses in (1, 2):
            task = claimed(store, losses)
            with store.transaction() as tx:
                assert tx.lose_task(task)
                assert not tx.lose_task(task)
                ready = tx.task(task.id)
            assert ready is not None
            assert (ready.status, ready.attempts, ready.losses) == (TaskStatus.READY, 0, losses)
        again = claimed(store, 3)
        assert (again.token, again.attempts, again.losses) == (3, 1, 2)

    def test_a_task_that_another_worker_takes_over_is_of_the_same_claim_and_no_longer_its_first_workers(
        self, store: Store
    ) -> None:
        queue(store, "job", "a")
        first = claimed(store, worker="gone/train-1/1")
        with store.transaction() as tx:
            assert tx.keep_said(first, {"folds": 1})
            taken = tx.take_over_task(first, "life_2/train-1/1", at(99))
            assert taken == tx.task(first.id)
            assert taken == replace(
                first, worker="life_2/train-1/1", lease_until=at(99), said={"folds": 1}
            )
            assert tx.take_over_task(first, "life_3/train-1/1", at(99)) is None
            assert not tx.renew_lease(first, at(200))
            assert not tx.finish_task(first, TaskStatus.DONE, at(9), result={})
            assert not tx.lose_task(first)
            assert tx.release_foreign({"life_2"}) == []
            assert tx.finish_task(taken, TaskStatus.DONE, at(9), result={})
            assert tx.take_over_task(taken, "life_3/train-1/1", at(99)) is None

    def test_tasks_of_foreign_workers_are_given_back_and_own_ones_kept(self, store: Store) -> None:
        queue(store, "job", "own", "upper", "foreign", "ready")
        own = claimed(store, worker="life_2/train-1/1")
        upper = claimed(store, worker="LIFE_2/train-1/1")
        foreign = claimed(store, worker="life_23/train-1/1")
        with store.transaction() as tx:
            released = tx.release_foreign({"life_2", "another"})
            assert [task.id for task in released] == [upper.id, foreign.id]
            assert {(task.status, task.attempts) for task in released} == {(TaskStatus.READY, 0)}
            assert [tx.task(task.id) for task in released] == released
            assert tx.task(own.id) == own

    def test_tasks_of_foreign_workers_can_be_given_back_by_the_end_of_their_leases(
        self, store: Store
    ) -> None:
        queue(store, "job", "a", "b", "own")
        first = claimed(store, 0, worker="gone/train-1/1")
        later = claimed(store, 5, worker="gone/train-1/1")
        claimed(store, 0, worker="here/train-1/1")
        with store.transaction() as tx:
            assert tx.release_foreign({"here"}, at(LEASE_S - 0.000001)) == []
            (released,) = tx.release_foreign({"here"}, at(LEASE_S))
            assert (released.id, released.status) == (first.id, TaskStatus.READY)
            assert tx.task(later.id) == later

    def test_a_task_lost_too_often_fails(self, store: Store) -> None:
        queue(store, "job", "a")
        for attempt in (1, 2):
            task = claimed(store, attempt * 100, f"worker-{attempt}")
            with store.transaction() as tx:
                (end,) = tx.release_expired(at(attempt * 100 + LEASE_S), 2)
        assert (end.status, end.ended) == (TaskStatus.FAILED, at(260))
        facts = {"attempts": 2, "worker": "worker-2"}
        assert end.failure == Note(NoteCode.ATTEMPTS_USED, facts)
        with store.transaction() as tx:
            assert tx.task(task.id) == end
            assert claim(tx, 300) is None

    def test_cancelling_takes_ready_tasks_of_the_kinds_and_leaves_running_ones(
        self, store: Store
    ) -> None:
        queue(store, "job", "running", "ready", "ready-too")
        queue(store, "another", "ready", now=at(1))
        running = claimed(store)
        with store.transaction() as tx:
            tx.add_tasks("job", [NewTask(TaskKind.ENSEMBLE, "ensemble")], START)
            cancelled = tx.cancel_ready_tasks("job", TRAIN, at(9))
            assert [task.key for task in cancelled] == ["ready", "ready-too"]
            assert {task.status for task in cancelled} == {TaskStatus.CANCELLED}
            assert [tx.task(task.id) for task in cancelled] == cancelled
            assert tx.task(running.id) == running
            assert [task.status for task in tx.tasks("job")].count(TaskStatus.READY) == 1
            assert tx.tasks("another")[0].status is TaskStatus.READY

    def test_open_tasks_are_listed_for_their_account_and_region_and_counted_for_all(
        self, store: Store
    ) -> None:
        ours, theirs = Scope("111122223333", "eu-west-1"), Scope("444455556666", "eu-west-1")
        queue(store, arn(ours, "automl-job", "a"), "done", "running", "ready")
        queue(store, arn(theirs, "automl-job", "a"), "theirs", now=at(1))
        done, running = claimed(store), claimed(store)
        with store.transaction() as tx:
            tx.finish_task(done, TaskStatus.DONE, at(5), result={})
            [of_theirs] = tx.open_tasks(theirs, 10)
            found = tx.open_tasks(ours, 10)
            by_key = {task.key: task for task in (*found, of_theirs)}
            assert len(by_key) == 3
            assert tx.open_tasks(ours, 1) == found[:1]
            assert tx.open_tasks(Scope(ours.account, "eu-west-2"), 10) == []
            assert tx.open_tasks(Scope("%", "eu-west-1"), 10) == []
            server = running.worker.partition("/")[0]
            counts = {(server, TaskStatus.RUNNING): 1, ("", TaskStatus.READY): 2}
            assert tx.open_task_counts() == counts
        statuses = [task.status for task in found]
        assert statuses == sorted(statuses, key=lambda one: one is not TaskStatus.RUNNING)

    def test_ages_are_of_open_tasks_by_kind(self, store: Store) -> None:
        queue(store, "job", "done", "running", "ready")
        done, _ = claimed(store), claimed(store)
        with store.transaction() as tx:
            tx.add_tasks("job", [NewTask(TaskKind.ANALYZE, "young")], at(4.5))
            tx.finish_task(done, TaskStatus.DONE, at(5), result={})
            assert tx.open_task_ages(at(10)) == {"train": [10.0, 10.0], "analyze": [5.5]}

    def test_threads_that_claim_together_get_each_task_once(
        self, store: Store, place: StorePlace
    ) -> None:
        keys = [str(n) for n in range(40)]
        queue(store, "job", *keys)
        stores = [store, store, place.open(), place.open()]
        got: list[str] = []

        def claim_all(mine: Store) -> None:
            while True:
                with mine.transaction() as tx:
                    task = claim(tx)
                if task is None:
                    return
                got.append(task.key)

        threads = [threading.Thread(target=claim_all, args=(each,)) for each in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got) == sorted(keys)
        for opened in stores[2:]:
            opened.close()
