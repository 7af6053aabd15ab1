"""Jobs with a key for their volume: where they work, what holds while the key is disabled, and a machine that went off."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from migrated import migrated_store
from unit.work.workers.test_worker import Shop
from unit.work.world import SCOPE, make_job

from windvane.control.kms.lookup import new_key
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.materials import Materials
from windvane.domain.forecasting import ForecastSpec
from windvane.domain.job import JobStatus
from windvane.domain.keys import Key, KeyState
from windvane.errors import JobFault
from windvane.notes.sentences import reason
from windvane.process import volatile
from windvane.process.volatile import memory_folder
from windvane.work.exchange import InFolder
from windvane.work.workers.performing import perform_order
from windvane.work.workers.task_handlers import TaskHandler, TaskHandlers
from windvane.work.workers.worker import MAX_ATTEMPTS


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(volatile, "SHARED_MEMORY", tmp_path / "memory")
    store = migrated_store(tmp_path)
    yield Shop(store, tmp_path)
    store.close()


@pytest.fixture
def key(shop: Shop) -> Key:
    materials = Materials(MasterKeys(master_key(b"m" * 32)))
    made = new_key(SCOPE, materials, datetime.now(UTC))
    with shop.store.transaction() as tx:
        tx.insert(made)
    return made


def first_duty(shop: Shop) -> TaskHandler:
    handlers = TaskHandlers(shop.config(), shop.reconciler(), MAX_ATTEMPTS)
    [task] = shop.tasks()
    with shop.store.transaction() as tx:
        handler = handlers.of(tx, task, shop.now())
    assert handler is not None
    return handler


FORECAST = ForecastSpec(target="y", timestamp="t", item_id="item", horizon=2)


def open_with(shop: Shop, key: Key, forecast: ForecastSpec | None = None) -> None:
    shop.open(replace(make_job(forecast=forecast), volume_key=key.arn))


def test_a_job_with_a_key_works_in_memory(shop: Shop, key: Key) -> None:
    open_with(shop, key)
    order = first_duty(shop).order
    assert isinstance(order.exchange, InFolder)
    assert order.exchange.folder.is_relative_to(memory_folder(shop.folder))
    assert order.why_not is None
    other = Shop(shop.store, shop.folder, job=make_job(name="plain"))
    other.open(other.job)
    where = first_duty(other).order.exchange
    assert isinstance(where, InFolder)
    assert where.folder.is_relative_to(shop.folder / "work")


@pytest.mark.parametrize("state", [KeyState.DISABLED, KeyState.PENDING_DELETION, None])
def test_nothing_is_begun_while_the_key_cannot_be_used(
    shop: Shop, key: Key, state: KeyState | None
) -> None:
    open_with(shop, key)
    with shop.store.transaction() as tx:
        if state is None:
            tx.delete(key)
        else:
            tx.update(replace(key, status=state))
    order = first_duty(shop).order
    assert key.arn in reason(order.why_not)
    with pytest.raises(JobFault, match="The volume cannot be used"):
        perform_order(order, shop.folder, lambda: pytest.fail("It was begun."))


@pytest.mark.parametrize("forecast", [None, FORECAST], ids=["table", "forecast"])
def test_a_job_whose_machine_went_off_says_so(
    shop: Shop, key: Key, forecast: ForecastSpec | None
) -> None:
    open_with(shop, key, forecast)
    assert shop.worker().work_once()
    first_folder = memory_folder(shop.folder) / "work"
    made = "dataset" if forecast is None else "series"
    assert not first_folder.joinpath(made).exists()
    assert first_folder.is_dir()
    shop.sweep()
    job = shop.look()
    assert job.status is JobStatus.FAILED
    assert "was lost when the server's machine restarted" in reason(job.failure)
