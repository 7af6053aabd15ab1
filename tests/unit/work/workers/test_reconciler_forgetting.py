"""Lines and events beyond their days are removed, bit by bit."""

from datetime import timedelta

import pytest
from migrated import migrated_store

from windvane.domain.logs import LogLine, LogPlace
from windvane.store.logbook import LineQuery
from windvane.testing.store_laws.place import HOME, START, a_job
from windvane.work.workers import reconciler
from windvane.work.workers.reconciler import forget

DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path):
    opened = migrated_store(tmp_path)
    with opened.transaction() as tx:
        tx.insert(a_job())
        for n in range(3):
            tx.log(LogPlace(HOME, "g", "s"), [LogLine(str(n))], START + n * DAY)
    yield opened
    opened.close()


def left(store):
    with store.snapshot() as tx:
        lines = tx.log_lines(LineQuery(scope=HOME, group="g"))
        return [line.message for line in lines], tx.last_event()


def test_what_is_older_than_its_days_goes(store):
    forget(store, START + 3 * DAY, 2, 9)
    assert left(store) == (["1", "2"], 1)
    forget(store, START + 3 * DAY, 9, 2)
    assert left(store) == (["1", "2"], 0)


def test_no_days_means_for_ever(store):
    forget(store, START + 1000 * DAY, 0, 0)
    assert left(store) == (["0", "1", "2"], 1)


def test_only_so_much_goes_at_once(store, monkeypatch):
    monkeypatch.setattr(reconciler, "_MOST_FORGOTTEN", 2)
    forget(store, START + 1000 * DAY, 1, 1)
    assert left(store) == (["2"], 0)
