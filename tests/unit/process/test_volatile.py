"""Folders in memory: when there are any, and when what is there could reach a disk."""

import os
from pathlib import Path

import pytest

from windvane.process import volatile
from windvane.process.volatile import (
    SHARED_MEMORY,
    free_bytes,
    in_memory,
    make_memory_folder,
    memory_folder,
    remove_empty_folders,
)

MOUNT = "36 25 0:31 / /dev/shm rw,nosuid - tmpfs tmpfs rw,size=1g"
SWAPS = "Filename\tType\tSize\tUsed\tPriority\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with shared memory and no swap."""
    (tmp_path / "mounts").write_text(f"35 25 0:30 / /proc rw - proc proc rw\n{MOUNT}\n")
    (tmp_path / "swaps").write_text(SWAPS)
    (tmp_path / "block").mkdir()
    return tmp_path


def why(machine):
    return volatile._why_not(machine / "mounts", machine / "swaps", machine / "block")


def test_shared_memory_without_swap_will_do(machine):
    assert why(machine) == ""


def test_shared_memory_on_a_disk_will_not(machine):
    (machine / "mounts").write_text("36 25 0:31 / /dev/shm rw - ext4 /dev/sda1 rw\n")
    assert "ext4" in why(machine)
    (machine / "mounts").write_text("36 25 0:31 / / rw - ext4 /dev/sda1 rw\n")
    assert "none of its own" in why(machine)


@pytest.mark.parametrize("name", ["/dev/sda2", "/swapfile", "/dev/dm-1"])
def test_swap_in_the_clear_will_not(machine, name):
    (machine / "swaps").write_text(f"{SWAPS}{name} partition 1000 0 -2\n")
    assert name in why(machine)


def test_swap_that_is_encrypted_or_in_memory_will(machine):
    (machine / "swaps").write_text(
        f"{SWAPS}/dev/zram0 partition 1 0 5\n/dev/dm-3 partition 1 0 4\n"
    )
    (machine / "block" / "dm-3" / "dm").mkdir(parents=True)
    (machine / "block" / "dm-3" / "dm" / "uuid").write_text("CRYPT-PLAIN-swap\n")
    assert why(machine) == ""


def test_memory_that_is_never_swapped_will(machine):
    (machine / "swaps").write_text(f"{SWAPS}/dev/sda2 partition 1 0 5\n")
    (machine / "mounts").write_text(f"{MOUNT},noswap\n")
    assert why(machine) == ""


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """Shared memory of this test's own, on a machine that will do."""
    monkeypatch.setattr(volatile, "SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(volatile, "_why_not", lambda *_: "")
    return tmp_path


def test_the_folder_is_made_once_and_is_ours_alone(shared):
    data_dir = Path("/var/lib/data")
    for _ in range(2):
        assert make_memory_folder(data_dir) == ""
    folder = memory_folder(data_dir)
    assert (folder.parent, folder.stat().st_mode & 0o777) == (shared, 0o700)
    assert memory_folder(Path("/var/lib/other")) != folder
    assert free_bytes(data_dir) > 0


def test_a_folder_that_others_prepared_is_not_used(shared, tmp_path_factory):
    data_dir = Path("/var/lib/data")
    folder = memory_folder(data_dir)
    folder.mkdir()
    folder.chmod(0o777)
    assert "open to others" in make_memory_folder(data_dir)
    folder.rmdir()
    folder.symlink_to(tmp_path_factory.mktemp("elsewhere"))
    assert make_memory_folder(data_dir) != ""
    folder.unlink()
    folder.write_text("")
    assert make_memory_folder(data_dir) != ""


def test_what_others_prepared_is_not_looked_into(shared, tmp_path_factory):
    data_dir = Path("/var/lib/data")
    assert in_memory(data_dir, "work") == []
    (memory_folder(data_dir) / "work" / "job").mkdir(parents=True)
    memory_folder(data_dir).chmod(0o700)
    assert in_memory(data_dir, "work") == [memory_folder(data_dir) / "work" / "job"]
    memory_folder(data_dir).chmod(0o777)
    assert in_memory(data_dir, "work") == []


def test_empty_folders_go_and_what_holds_something_stays(shared):
    data_dir = Path("/var/lib/data")
    make_memory_folder(data_dir)
    kept = memory_folder(data_dir) / "work" / "job" / "dataset"
    kept.mkdir(parents=True)
    (memory_folder(data_dir) / "endpoints").mkdir()
    (kept / "y.npy").write_bytes(b"x")
    remove_empty_folders(data_dir)
    assert [path.name for path in memory_folder(data_dir).iterdir()] == ["work"]
    (kept / "y.npy").unlink()
    remove_empty_folders(data_dir)
    assert not memory_folder(data_dir).exists()
    remove_empty_folders(data_dir)


def test_this_machine_has_an_answer():
    assert Path("/dev/shm") == SHARED_MEMORY
    data_dir = Path(f"/nonexistent/{os.getpid()}")
    reason = make_memory_folder(data_dir)
    if not reason:
        memory_folder(data_dir).rmdir()
    assert reason == "" or reason.endswith(".")
