"""What only a server can do wrong."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, OperationalError

from windvane.domain.deployment import Model
from windvane.errors import StoreUnreachable, StoreUnusable
from windvane.store import postgres as postgres_module
from windvane.store.open import open_store
from windvane.store.schema import METADATA
from windvane.testing.store_laws.place import HOME
from windvane.testing.store_laws.servers import a_server
from windvane.testing.throwaway_postgres import (
    NoPostgres,
    ThrowawayPostgres,
    throwaway_postgres,
)


def test_the_migrations_end_at_the_schema_of_the_code(postgres_url: str) -> None:
    engine = create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_lost_connection_is_replaced(postgres_url: str) -> None:
    store = open_store(postgres_url, Path())
    with store.snapshot() as tx:
        tx.find(Model, HOME, "x")
    with psycopg.connect(postgres_url, autocommit=True) as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with store.snapshot() as tx:
        assert tx.find(Model, HOME, "x") is None
    store.close()


def test_a_database_that_cannot_be_opened_is_told_without_its_password(
    postgres: ThrowawayPostgres,
) -> None:
    url = postgres.url("no_such_database").replace("postgres@", "postgres:sesame@")
    store = open_store(url, Path())
    with pytest.raises(StoreUnreachable) as refused, store.snapshot():
        pass
    store.close()
    told = str(refused.value)
    assert told.startswith("Cannot open the database 'no_such_database' of [store] url as ")
    assert told.endswith('database "no_such_database" does not exist')
    assert "sesame" not in told


def test_a_user_who_may_not_use_the_database_is_told(postgres: ThrowawayPostgres) -> None:
    name = postgres.new_database()
    user = f"outsider_{name}"
    with psycopg.connect(postgres.url(name), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN".encode())
        connection.execute(b"REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    store = open_store(postgres.url(name).replace("postgres@", f"{user}@"), Path())
    told = f"The user '{user}' of .store. url may not use the database '{name}': permission denied"
    assert isinstance(store, postgres_module.PostgresStore)
    for use in (store.check_rights, store.migrate):
        with pytest.raises(StoreUnreachable, match=told):
            use()
    owner = open_store(postgres.url(name), Path())
    owner.migrate()
    with pytest.raises(StoreUnreachable, match=f"{told} for table"):
        store.migrate()
    assert isinstance(owner, postgres_module.PostgresStore)
    owner.check_rights()
    for one in (store, owner):
        one.close()


@pytest.fixture
def own_postgres() -> Iterator[ThrowawayPostgres]:
    """A database server that no other test uses."""
    try:
        with throwaway_postgres() as server:
            yield server
    except NoPostgres as none:
        pytest.skip(str(none))


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "crash"])
def test_a_database_that_is_restarted_is_waited_for(
    own_postgres: ThrowawayPostgres, how: signal.Signals
) -> None:
    store = open_store(own_postgres.url(own_postgres.new_database()), Path())
    store.migrate()

    def asked(n: int) -> bool:
        with store.transaction() if n % 2 else store.snapshot() as tx:
            return tx.find(Model, HOME, "x") is None

    with ThreadPoolExecutor(4) as threads:
        with own_postgres.stopped(how):
            waiting = [threads.submit(asked, n) for n in range(4)]
            with pytest.raises(TimeoutError):
                waiting[0].result(0.5)
        assert all(one.result(240) for one in waiting)
    store.close()


def test_a_database_that_was_never_reached_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres_module, "_AWAY_S", 3600)
    store = open_store("postgresql://nobody@127.0.0.1:1/none", Path())
    with pytest.raises(StoreUnreachable, match="port 1 failed"), store.snapshot():
        pass
    store.close()


def test_a_database_that_stays_away_is_given_up(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "_AWAY_S", 0.3)
    store = open_store(postgres_url, Path())
    with store.snapshot():
        pass
    monkeypatch.setattr(
        store._engine, "connect", partial(_refuse, OperationalError("", {}, Exception("refused")))
    )
    with pytest.raises(StoreUnreachable) as refused, store.snapshot():
        pass
    store.close()
    # Clients are told so: nothing of where the database is.
    assert str(refused.value) == str(StoreUnreachable.away())


def _refuse(error: Exception) -> None:
    raise error


def test_a_writer_that_gets_no_turn_says_so(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_store(postgres_url, Path())
    monkeypatch.setattr(postgres_module, "LOCK_TIMEOUT_S", 1)
    second = open_store(postgres_url, Path())
    refused = pytest.raises(StoreUnusable, match="busy with another writer")
    with first.transaction(), refused, second.transaction():
        pass
    with second.transaction():
        pass
    first.close()
    second.close()


def test_a_database_that_asks_for_stricter_isolation_still_reads_the_newest_inside_a_transaction(
    postgres_url: str,
) -> None:
    strict = open_store(
        f"{postgres_url}&options=-c default_transaction_isolation=serializable", Path()
    )
    with strict.transaction() as tx:
        level = tx._connection.exec_driver_sql("SHOW transaction_isolation").scalar()  # type: ignore[attr-defined]
    assert level == "read committed"
    strict.close()


def test_a_heartbeat_waits_for_no_writer(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "LOCK_TIMEOUT_S", 1)
    writing, beating = open_store(postgres_url, Path()), open_store(postgres_url, Path())
    with writing.transaction() as tx:
        tx.put_server(a_server("one"))
    with writing.transaction(), beating.out_of_turn() as tx:
        assert tx.beat("one", {}, is_leaving=False)
    with writing.transaction() as tx:
        tx.remove_server("one")
    writing.close()
    beating.close()


def test_a_writer_that_falls_silent_loses_its_turn(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one whose process hangs, or whose machine is gone, in the middle of a transaction."""
    monkeypatch.setattr(postgres_module, "_HELD_UP_S", 1)
    silent, other = open_store(postgres_url, Path()), open_store(postgres_url, Path())

    def write_after_the_others() -> None:
        with silent.transaction() as tx:
            tx.put_server(a_server("silent"))
            with other.transaction() as tx_of_other:
                assert tx_of_other.servers() == []
            tx.servers()

    with pytest.raises(DBAPIError, match="idle-in-transaction"):
        write_after_the_others()
    with silent.transaction() as tx:
        assert tx.servers() == []
    silent.close()
    other.close()


def test_a_session_ends_soon_after_its_machine_is_cut_off(postgres_url: str) -> None:
    """What the database is asked for; tests/chaos/test_hosts.py cuts a machine off."""
    store = open_store(postgres_url, Path())
    with store.snapshot() as tx:
        asked = {
            name: tx._connection.exec_driver_sql(f"SHOW {name}").scalar()  # type: ignore[attr-defined]
            for name in ("client_connection_check_interval", "lock_timeout")
        }
    assert asked == {"client_connection_check_interval": "2s", "lock_timeout": "30s"}
    store.close()
