"""A store for each test, migrated once."""

import shutil

import pytest

from windvane.store.open import FILE_NAME, open_store


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("migrated")
    store = open_store("", folder)
    store.migrate()
    store.close()
    return folder / FILE_NAME


@pytest.fixture
def store(tmp_path, migrated):
    shutil.copy(migrated, tmp_path / FILE_NAME)
    opened = open_store("", tmp_path)
    yield opened
    opened.close()
