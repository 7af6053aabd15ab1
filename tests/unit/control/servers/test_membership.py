"""Servers that join, die, are taken for dead and leave; and what becomes of their tasks and of the lead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from windvane.control.servers.membership import SharedMembership, SingleServerMembership
from windvane.domain.server import DEAD_AFTER
from windvane.domain.task import NewTask, TaskKind, TaskStatus
from windvane.store.open import open_store
from windvane.store.server_rows import ServerRows
from windvane.testing.store_laws.servers import a_server

JOB = "arn:aws:sagemaker:us-east-1:000000000000:automl-job/one"


@pytest.fixture
def ahead(monkeypatch):
    """Seconds by which the clock of the store, and of every server, is ahead."""
    seconds = [0.0]

    def now(_=None):
        return datetime.now(UTC) + timedelta(seconds=seconds[0])

    monkeypatch.setattr(ServerRows, "store_time", now)
    return seconds


@pytest.fixture
def join(tmp_path, ahead):
    """Open a store and make a member of it; nothing runs by itself."""
    stores = []

    def joined(name, folder="", skew_s=0.0, spared=None, **own):
        store = open_store("", tmp_path)
        stores.append(store)
        store.migrate()
        record = replace(a_server(name), folder=folder or name, **own)
        clock = lambda: datetime.now(UTC) + timedelta(seconds=ahead[0] + skew_s)  # noqa: E731
        member = SharedMembership(store, record, clock, spared=spared)
        member._thread.start = lambda: None
        member.start()
        return member

    yield joined
    for store in stores:
        store.close()


def running(member, key, worker):
    with member._store.transaction() as tx:
        now = tx.store_time()
        tx.add_tasks(JOB, [NewTask(TaskKind.TRAIN, key)], now)
        return tx.claim_task([TaskKind.TRAIN], worker, now, now + timedelta(hours=1))


def status(member, task):
    with member._store.snapshot() as tx:
        return tx.task(task.id).status


def die(ahead):
    ahead[0] += DEAD_AFTER.total_seconds() + 0.1


def test_the_first_server_leads_and_another_one_is_up_as_long_as_it(join, ahead):
    first = join("first")
    ahead[0] = 5
    second = join("second")
    first.look()
    assert [one.id for one in first.live()] == ["first", "second"]
    assert (first.lead(), second.lead()) == (1, None)
    assert second.up_since == first.up_since


def test_what_a_dead_server_had_in_hand_is_given_back_at_once_and_another_one_leads(join, ahead):
    first, second = join("first"), join("second")
    lost, kept = running(first, "a", "first/train-1/1"), running(first, "b", "second/train-1/1")
    second.look()
    assert status(second, lost) is TaskStatus.RUNNING
    die(ahead)
    second._beat()
    second.look()
    assert [one.id for one in second.live()] == ["second"]
    assert (status(second, lost), status(second, kept)) == (TaskStatus.READY, TaskStatus.RUNNING)
    number = second.lead()
    assert number == 2
    with second._store.transaction() as tx:
        assert second.still_leads(tx, number)
        assert not first.still_leads(tx, 1), "whatever it still believes"


def test_a_server_that_was_taken_for_dead_joins_again_without_the_lead(join, ahead):
    first, second = join("first"), join("second")
    die(ahead)
    second._beat()
    second.look()
    first._beat()
    assert first.lead() is None, "before it has looked who leads"
    first.look()
    assert {one.id for one in first.live()} == {"first", "second"}
    assert (first.lead(), second.lead()) == (None, 2)


def test_a_server_takes_nothing_from_others_that_live_and_all_from_its_own_earlier_life(join):
    other, before = join("other"), join("before", folder="same")
    theirs, own = running(other, "a", "other/train-1/1"), running(other, "b", "before/train-1/1")
    after = join("after", folder="same")
    other.look()
    assert {one.id for one in other.live()} == {"other", "after"}
    assert (status(after, theirs), status(after, own)) == (TaskStatus.RUNNING, TaskStatus.READY)
    assert after.up_since == before.up_since


def test_tasks_that_go_on_without_their_server_are_given_back_when_nobody_has_taken_them_over(
    join, ahead
):
    before = join("before", folder="same")
    taken, left = (running(before, key, "before/train-1/1") for key in "ab")
    ahead[0] = 3
    after = join("after", folder="same", spared=timedelta(hours=1, seconds=-10))
    assert status(after, taken) is status(after, left) is TaskStatus.RUNNING
    with after._store.transaction() as tx:
        assert tx.take_over_task(taken, "after/train-1/1", tx.store_time() + timedelta(hours=2))
    after.look()
    assert status(after, left) is TaskStatus.RUNNING
    ahead[0] = 11
    after._beat()
    after.look()
    assert (status(after, taken), status(after, left)) == (TaskStatus.RUNNING, TaskStatus.READY)
    assert not after._has_spared


def test_after_a_gap_the_time_up_begins_anew(join, ahead):
    first = join("first")
    die(ahead)
    second = join("second")
    assert second.up_since >= first.up_since + DEAD_AFTER
    assert second.lead() == 2


def test_a_server_that_leaves_hands_the_lead_on_and_is_gone_when_it_has_stopped(join):
    first, second = join("first"), join("second")
    first.leave()
    assert first.lead() is None
    second.look()
    assert second.lead() == 3
    (leaving,) = [one for one in second.live() if one.id == "first"]
    assert leaving.is_leaving
    first.look()
    assert first.lead() is None, "it does not take it back"


def test_a_stopped_server_is_gone(tmp_path, ahead):
    store = open_store("", tmp_path)
    store.migrate()
    member = SharedMembership(store, a_server("one"), lambda: datetime.now(UTC))
    member.start()
    assert member.faults() == []
    member.stop()
    with store.snapshot() as tx:
        assert tx.servers() == []
        assert tx.lease().holder == ""
    store.close()


def test_a_clock_that_goes_wrong_costs_the_lead_and_is_told(join, ahead):
    first, second = join("first"), join("second")
    first._clock = lambda: datetime.now(UTC) + timedelta(seconds=3)
    first.look()
    first.look()
    second.look()
    assert (first.lead(), second.lead()) == (None, 3)
    assert "3.0 s ahead of the database's" in first.faults()[0]
    first._clock = lambda: datetime.now(UTC)
    first.look()
    assert first.faults() == []


def test_what_servers_tell_is_heard_by_the_others_alone(join):
    first, second = join("first"), join("second")
    heard = []
    second._hear = heard.append
    first._tell = lambda: {"figure": 1}
    first._beat()
    second.look()
    assert heard == [{"first": {"figure": 1}}]


def test_what_only_hosts_instances_leads_nothing_and_keeps_no_service_up(join, ahead):
    host = join("host", is_host_only=True)
    ahead[0] = 5
    server = join("server")
    host.look()
    assert (host.lead(), server.lead()) == (None, 1)
    assert server.up_since > host.up_since


def test_a_server_alone_leads_and_gives_back_the_tasks_of_its_last_life(tmp_path):
    store = open_store("", tmp_path)
    store.migrate()
    alone = SingleServerMembership("run", store, lambda: datetime.now(UTC))
    with store.transaction() as tx:
        now = datetime.now(UTC)
        tx.add_tasks(JOB, [NewTask(TaskKind.TRAIN, "a")], now)
        task = tx.claim_task([TaskKind.TRAIN], "past/train-1/1", now, now + timedelta(hours=1))
    alone.start()
    with store.transaction() as tx:
        assert tx.task(task.id).status is TaskStatus.READY
        assert tx.servers() == []
        assert alone.still_leads(tx, alone.lead())
    store.close()


def test_a_server_whose_workers_do_not_work_leaves_the_lead_to_another_one(join):
    first, second = join("first"), join("second")
    able = [False]
    first.lead_only_while(lambda: able[0])
    first.look()
    second.look()
    assert (first.lead(), second.lead()) == (None, 3)
    able[0] = True
    first.look()
    assert first.lead() is None
    second.leave()
    first.look()
    assert first.lead() == 5


def test_a_server_that_serves_no_requests_is_taken_for_dead_though_its_heart_could_beat(
    join, ahead
):
    first, second = join("first"), join("second")
    silent = [0.0]
    first.beat_with(lambda: silent[0])
    task = running(first, "a", "first/train-1/1")
    for seconds in (3.0, 6.0, 8.0):
        ahead[0], silent[0] = seconds, seconds
        first._beat()
        second._beat()
        second.look()
        assert {one.id for one in second.live()} == {"first", "second"}
    assert first.lead() is None, "before anybody takes over"
    ahead[0] = silent[0] = DEAD_AFTER.total_seconds() + 0.1
    first._beat()
    second._beat()
    second.look()
    assert [one.id for one in second.live()] == ["second"]
    assert (second.lead(), status(second, task)) == (2, TaskStatus.READY)
    first._beat()
    first._look()
    second.look()
    assert [one.id for one in second.live()] == ["second"], "it does not join again as it is"
    assert first.lead() is None
    silent[0] = 0.0
    first._beat()
    second.look()
    assert {one.id for one in second.live()} == {"first", "second"}
