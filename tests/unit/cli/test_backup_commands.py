"""`windvane backup`, `restore` and `check`: what they say, and how they end."""

import json

import pytest
from unit.maintenance.folders import contents, lived_in

from windvane.cli.folder import locked
from windvane.cli.main import main
from windvane.testing.store_laws.place import a_job
from windvane.work.workspace import workspace_of


@pytest.fixture
def data(tmp_path):
    folder = lived_in(tmp_path / "data")
    (folder / "work" / "first-123").rename(workspace_of(folder, a_job(name="first")).folder)
    (folder / "work").chmod(0o700)
    return folder


@pytest.fixture
def ended(capsys):
    """Exit code and what was printed."""

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


@pytest.mark.slow
def test_a_backup_is_made_and_restored(data, tmp_path, ended):
    config = tmp_path / "server.toml"
    config.write_text("[server]\nport = 1\n")
    code, said = ended("backup", tmp_path / "b.tar", "--data-dir", data, "--config", config)
    assert code == 0
    assert "as of 20" in said
    assert "No --config" not in said
    code, said = ended("restore", tmp_path / "b.tar", "--data-dir", tmp_path / "again")
    assert code == 0
    assert f"serve with --config {tmp_path / 'again' / 'config.toml'}" in said
    assert contents(tmp_path / "again") == contents(data)
    assert ended("check", "--data-dir", tmp_path / "again")[0] == 0


def test_what_is_not_part_of_a_backup_is_said(data, tmp_path, ended):
    config = tmp_path / "server.toml"
    config.write_text(
        '[s3]\nendpoint = "https://s3.example.org"\naccess_key = "a"\nsecret_key = "b"\n'
    )
    _, said = ended("backup", tmp_path / "one", "--data-dir", data, "--config", config)
    assert "The objects are in https://s3.example.org and are not included" in said
    assert not (tmp_path / "one" / "s3").exists()
    assert not json.loads((tmp_path / "one" / "manifest.json").read_text())["objects"]
    _, said = ended("restore", tmp_path / "one", "--data-dir", tmp_path / "again")
    assert "in an external S3 store" in said
    _, said = ended("backup", tmp_path / "two", "--data-dir", data)
    assert "keys of further accounts, roles and webhooks are not included" in said


def test_a_store_in_postgresql_is_left_to_its_own_tools(data, tmp_path, ended):
    config = tmp_path / "server.toml"
    config.write_text('[store]\nurl = "postgresql://user:secret@localhost/db"\n')
    code, said = ended("backup", tmp_path / "b", "--data-dir", data, "--config", config)
    assert code == 2
    assert "pg_dump" in said
    assert "secret" not in said
    assert not (tmp_path / "b").exists()


def test_a_backup_shares_objects_with_an_earlier_one(data, tmp_path, ended):
    ended("backup", tmp_path / "one", "--data-dir", data)
    code, _ = ended("backup", tmp_path / "two", "--data-dir", data, "--link-from", tmp_path / "one")
    assert code == 0
    [shared, *_] = [f for f in (tmp_path / "two/s3/data").rglob("*") if f.is_file()]
    assert shared.stat().st_nlink == 2
    code, said = ended("backup", tmp_path / "3", "--data-dir", data, "--link-from", tmp_path / "no")
    assert code == 2
    assert "is no backup" in said


def test_a_check_ends_with_0_1_or_2(data, tmp_path, ended):
    assert ended("check", "--data-dir", data)[0] == 0
    (data / "work" / "stray-1").mkdir()
    code, said = ended("check", "--data-dir", data)
    assert code == 1
    assert "workspace-without-job" in said
    assert "1 more that --mend can repair" in said
    code, said = ended("check", "--data-dir", data, "--mend")
    assert code == 0
    assert "(repaired)" in said
    assert "lost+found" in said
    assert ended("check", "--data-dir", data)[0] == 0
    assert ended("check", "--data-dir", tmp_path / "nowhere")[0] == 2


def test_a_folder_in_use_is_looked_at_and_not_mended(data, ended):
    with locked(data):
        assert ended("check", "--data-dir", data)[0] == 0
        code, said = ended("check", "--data-dir", data, "--mend")
    assert code == 2
    assert "stop it first" in said


def test_damaged_keys_are_found_and_none_are_made(data, ended):
    (data / "keys.json").write_text("{")
    code, said = ended("check", "--data-dir", data)
    assert code == 1
    assert "keys-unreadable" in said
    (data / "keys.json").unlink()
    ended("check", "--data-dir", data)
    assert not (data / "keys.json").exists()
    assert not (data / "keyring.json").exists()
