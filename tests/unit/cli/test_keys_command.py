"""`windvane keys`."""

from __future__ import annotations

from windvane.cli.main import main


def run(capsys, *arguments):
    code = main(["keys", *arguments])
    told = capsys.readouterr()
    return code, told.out + told.err


def test_keys_are_listed_rotated_and_retired(tmp_path, capsys):
    where = ("--data-dir", str(tmp_path / "data"))
    code, first = run(capsys, "list", *where)
    assert (code, first.count("AKIA")) == (0, 1)
    assert run(capsys, "rotate", *where)[0] == 0
    assert run(capsys, "list", *where)[1].count("AKIA") == 2
    code, text = run(capsys, "rotate", *where)
    assert (code, "retire" in text) == (2, True)
    old = first.split()[0]
    assert run(capsys, "retire", *where) == (
        0,
        f"{old} is retired; every session created with it has ended.\n",
    )
    assert old not in run(capsys, "list", *where)[1]
    assert run(capsys, "rotate", "--tokens", *where)[0] == 0


def test_keys_of_several_servers_are_changed_in_their_database(tmp_path, capsys, monkeypatch):
    from windvane.api.key_file import read_keys
    from windvane.api.shared_keys import SharedKeys
    from windvane.control.kms.master import load_master_keys
    from windvane.store.open import open_store
    from windvane.store.sqlite import SqliteStore

    monkeypatch.setattr(SqliteStore, "is_shared", True)
    monkeypatch.setenv("WINDVANE_MASTER_KEY", "ab" * 32)
    url, account = f"sqlite:///{tmp_path / 'shared.db'}", "000000000000"
    (tmp_path / "windvane.toml").write_text(f'[store]\nurl = "{url}"\n')
    folders = [tmp_path / "one", tmp_path / "two"]
    beside = [
        ("--data-dir", str(folder), "--config", str(tmp_path / "windvane.toml"))
        for folder in folders
    ]
    assert run(capsys, "rotate", *beside[0])[0] == 0, "before the first server"
    store = open_store(url, tmp_path)
    store.migrate()
    masters = load_master_keys(tmp_path, "ab" * 32)
    for folder in folders:
        SharedKeys(store, masters, folder, account, folder / "audit").agree()
    assert run(capsys, "retire", *beside[1])[0] == 0
    assert run(capsys, "rotate", *beside[0])[0] == 0
    held = read_keys(folders[0], account)
    code, text = run(capsys, "rotate", *beside[1])
    assert (code, "two root keys already" in text) == (2, True)
    code, text = run(capsys, "rotate", "--tokens", "--data-dir", str(folders[1]))
    assert (code, "--config" in text) == (2, True)
    code, text = run(capsys, "list", "--data-dir", str(folders[1]))
    assert (code, "--config" in text) == (2, True)
    assert run(capsys, "list", *beside[1])[0] == 0
    monkeypatch.delenv("WINDVANE_MASTER_KEY")
    code, text = run(capsys, "retire", *beside[0])
    assert (code, "set WINDVANE_MASTER_KEY" in text) == (2, True)
    assert not (folders[0] / "keyring.json").exists()
    for folder in folders:
        SharedKeys(store, masters, folder, account, folder / "audit").agree()
        assert read_keys(folder, account) == held
    store.close()


def test_no_secret_is_printed(tmp_path, capsys):
    from windvane.api.key_file import load_or_create_keys

    where = ("--data-dir", str(tmp_path))
    shown = run(capsys, "rotate", *where)[1] + run(capsys, "list", *where)[1]
    for key in load_or_create_keys(tmp_path, "000000000000").root_keys:
        assert key.secret_key not in shown
