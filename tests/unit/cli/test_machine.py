"""Disks, memory and the clock of this machine, and of one that has little."""

import os
import time
from pathlib import Path

import pytest

from windvane.cli.machine import (
    check_clock,
    check_disk,
    check_machine,
    check_memory,
    check_shared_memory,
)
from windvane.settings import ExecutorSettings, Settings


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_of_the_one_above(
    tmp_path: Path,
) -> None:
    found = check_disk("data folder", tmp_path / "a" / "b", 1)
    assert found.remedy == ""
    assert "GB free" in found.found
    assert not (tmp_path / "a").exists()


def test_a_disk_with_too_little_room_is_told_with_a_remedy(tmp_path: Path) -> None:
    found = check_disk("data folder", tmp_path, 10**18)
    assert "Make room" in found.remedy
    assert not found.prevents_start


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = check_disk("data folder", tmp_path / "file", 1)
    assert found.found == f"{tmp_path / 'file'} is not a folder"
    assert found.prevents_start


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_this_user_may_not_write_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o500)
    assert "chown" in check_disk("data folder", tmp_path / "theirs" / "data", 1).remedy


def test_a_disk_with_no_room_for_files_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = os.statvfs(tmp_path)
    few = os.statvfs_result((*real[:5], 1000, 100, 5, *real[8:10]))
    monkeypatch.setattr(os, "statvfs", lambda path: few)
    found = check_disk("data folder", tmp_path, 1)
    assert "5 more files" in found.found
    assert found.remedy


def statvfs_with(free_bytes: int) -> os.statvfs_result:
    real = os.statvfs("/")
    return os.statvfs_result((1, 1, 2 * free_bytes, free_bytes, free_bytes, *real[5:10]))


@pytest.mark.parametrize(("free", "is_enough"), [(64 * 1000**2, False), (2 * 1000**3, True)])
def test_shared_memory_that_is_too_small_for_volumes_is_told_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, *, is_enough: bool
) -> None:
    there = statvfs_with(free)
    monkeypatch.setattr(os, "statvfs", lambda _: there)
    found = check_shared_memory(tmp_path, "")
    assert f"{free / 1000**3:.1f} of" in found.found
    assert ("--shm-size" in found.remedy, found.remedy == "") == (not is_enough, is_enough)
    assert not found.prevents_start


def test_shared_memory_that_may_reach_a_disk_is_told(tmp_path: Path) -> None:
    found = check_shared_memory(tmp_path, "memory may be written to /dev/sda2.")
    assert "VolumeKmsKeyId is refused: memory may be written" in found.found
    assert found.remedy == ""


def test_tasks_that_may_use_more_than_there_is_are_told(tmp_path: Path) -> None:
    found = check_memory(Settings(tmp_path, memory_mb=9000, workers=2), 8000)
    assert "each 3,000 MB" in found.found
    assert "memory_mb to 6000 or less" in found.remedy
    assert check_memory(Settings(tmp_path, memory_mb=6000, workers=2), 8000).remedy == ""


def test_workers_too_many_for_the_memory_are_told(tmp_path: Path) -> None:
    found = check_memory(Settings(tmp_path, memory_mb=3000, workers=16), 4000)
    assert "fewer [work] workers (now 16)" in found.remedy


def test_the_memory_of_tasks_on_a_cluster_is_none_of_this_machine(tmp_path: Path) -> None:
    ray = ExecutorSettings(kind="ray", address="head:6379", token_file="token")
    found = check_memory(Settings(tmp_path, memory_mb=9000, executor=ray), 8000)
    assert found.remedy == ""
    assert "on the cluster" in found.found


def test_the_clock_is_judged_by_the_kernel_and_by_the_year() -> None:
    assert check_clock(time.time(), is_synchronised=True).remedy == ""
    assert "chrony" in check_clock(time.time(), is_synchronised=False).remedy
    assert "in the past" in check_clock(86_400.0, is_synchronised=True).remedy


def test_this_machine_is_checked_whatever_it_is(tmp_path: Path) -> None:
    names = [one.name for one in check_machine(Settings(tmp_path))]
    assert names == ["data folder", "temporary folder", "memory", "shared memory", "clock"]
