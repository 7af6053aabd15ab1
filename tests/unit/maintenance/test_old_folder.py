"""Imported objects take the place of the old ones: at whatever step a crash comes, the next try goes on, and a server
does not start in between."""

import pytest

from windvane.maintenance.old_folder import (
    FOLDER,
    IMPORTED,
    OLD,
    NotImported,
    put_in_place,
    require_imported,
)


@pytest.fixture
def data(tmp_path):
    """Imported, and not yet put in place."""
    for name, file in ((FOLDER, "security.toml"), (IMPORTED, "index.sqlite")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(name)
    return tmp_path


def in_place(data):
    put_in_place(data)
    require_imported(data)
    assert (data / FOLDER / "index.sqlite").exists()
    assert (data / OLD / "security.toml").exists()
    assert not (data / IMPORTED).exists()


def test_imported_objects_take_the_place_of_the_old_ones(data):
    with pytest.raises(NotImported, match="import-objects"):
        require_imported(data)
    in_place(data)
    in_place(data)


def test_a_crash_between_the_two_renames_is_no_empty_store(data):
    (data / FOLDER).rename(data / OLD)
    with pytest.raises(NotImported):
        require_imported(data)
    in_place(data)


def test_a_folder_that_never_had_the_old_store_needs_no_import(tmp_path):
    require_imported(tmp_path)
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "index.sqlite").touch()
    require_imported(tmp_path)
    put_in_place(tmp_path)
    assert (tmp_path / FOLDER / "index.sqlite").exists()
