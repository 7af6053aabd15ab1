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


def test_no_secret_is_printed(tmp_path, capsys):
    from windvane.api.key_file import load_or_create_keys

    where = ("--data-dir", str(tmp_path))
    shown = run(capsys, "rotate", *where)[1] + run(capsys, "list", *where)[1]
    for key in load_or_create_keys(tmp_path, "000000000000").root_keys:
        assert key.secret_key not in shown
