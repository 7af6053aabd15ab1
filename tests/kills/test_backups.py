"""A backup, a restore or an import that is killed at any step leaves the data folder as it was, and either the whole
result or none."""

import shutil

import pytest
from kills.stopping import run, spread, steps
from unit.maintenance.folders import contents, lived_in

from windvane.maintenance.backup import back_up
from windvane.maintenance.manifest import MANIFEST
from windvane.maintenance.restore import restore

FEW, MANY = 4, 400


@pytest.fixture
def data(tmp_path):
    return lived_in(tmp_path / "data")


def every_step(tmp_path, n_points, command):
    """Runs the command once to count, then once for each of so many steps; yields after each kill."""
    log = tmp_path / "steps"
    assert run(log, 0, *command("counted")) == 0
    n_steps = len(steps(log))
    assert n_steps > 10
    for at in spread(n_steps, n_points):
        if run(tmp_path / f"steps-{at}", at, *command(f"killed-{at}")) == -9:
            yield f"killed-{at}"


def backups(data, tmp_path, n_points, suffix):
    before, n_whole = contents(data), 0
    points = every_step(
        tmp_path,
        n_points,
        lambda name: ("backup", tmp_path / f"{name}{suffix}", "--data-dir", data),
    )
    for name in points:
        target = tmp_path / f"{name}{suffix}"
        assert contents(data) == before
        if target.exists():
            restore(target, tmp_path / f"{name}-again")
            assert contents(tmp_path / f"{name}-again") == before
            n_whole += 1
    for left in data.glob(".backup-*"):
        shutil.rmtree(left)
    back_up(data, tmp_path / "after")
    return n_whole


@pytest.mark.parametrize("suffix", ["", ".tar"])
def test_a_killed_backup_is_whole_or_not_there(data, tmp_path, suffix):
    backups(data, tmp_path, FEW, suffix)


@pytest.mark.long
@pytest.mark.parametrize("suffix", ["", ".tar"])
def test_a_backup_killed_at_every_step_is_whole_or_not_there(data, tmp_path, suffix):
    backups(data, tmp_path, MANY, suffix)


def restores(data, tmp_path, n_points):
    before = contents(data)
    back_up(data, tmp_path / "backup.tar")
    points = every_step(
        tmp_path,
        n_points,
        lambda name: ("restore", tmp_path / "backup.tar", "--data-dir", tmp_path / name),
    )
    for name in points:
        folder = tmp_path / name
        if folder.exists():
            assert contents(folder) == before
            assert not (folder / MANIFEST).exists()
        else:
            restore(tmp_path / "backup.tar", folder)
            assert contents(folder) == before


def test_a_killed_restore_is_whole_or_not_there(data, tmp_path):
    restores(data, tmp_path, FEW)


@pytest.mark.long
def test_a_restore_killed_at_every_step_is_whole_or_not_there(data, tmp_path):
    restores(data, tmp_path, MANY)
