"""The contract of the store over SQLite and PostgreSQL."""

from windvane.testing.store_contract import StoreContract


class TestStore(StoreContract):
    pass
