"""A data folder, and a database of SQLite, have one server at a time."""

import pytest

from windvane.cli.folder import FolderInUse, FolderNotThere, locked, locked_database, make_folder


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


@pytest.mark.parametrize(
    ("name", "words"), [("file", "is a file"), ("file/below", "Cannot make the folder")]
)
def test_a_folder_that_cannot_be_made_is_told(tmp_path, name, words):
    (tmp_path / "file").touch()
    with pytest.raises(FolderNotThere, match=f"{words}.*--data-dir") as refused:
        make_folder(tmp_path / name)
    assert f"{tmp_path / name}" in f"{refused.value}"
