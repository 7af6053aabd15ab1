"""A data folder, and a database of SQLite, have one server at a time."""

import pytest

from windvane.cli.folder import FolderInUse, locked, locked_database


def test_a_data_folder_has_one_server(tmp_path):
    refused = pytest.raises(FolderInUse, match="Another Windvane server uses")
    with locked(tmp_path), refused, locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_a_sqlite_database_has_one_server_wherever_their_data_folders_are(tmp_path):
    url = f"sqlite:///{tmp_path / 'shared' / 'windvane.db'}"
    with locked_database(url):
        refused = pytest.raises(FolderInUse, match=r"shared/windvane\.db.*PostgreSQL")
        with refused, locked_database(url):
            pass
        with locked_database(f"{url}2"):
            pass
    with locked_database(url):
        pass


def test_the_database_of_a_data_folder_and_one_of_postgresql_need_no_lock(tmp_path):
    for url in ("", "postgresql://windvane@example.org/windvane"):
        with locked_database(url), locked_database(url):
            pass
