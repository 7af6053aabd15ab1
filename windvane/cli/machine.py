"""What `windvane doctor` checks of the machine: disks, memory, shared memory, the clock."""

from __future__ import annotations

import ctypes
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from windvane.cli.checkup import Check
from windvane.process.memory import machine_memory_mb
from windvane.process.volatile import SHARED_MEMORY, why_no_memory_folder
from windvane.settings import Settings

_GB = 1000**3
_LEAST_OF_DATA, _LEAST_OF_TEMPORARY = 5 * _GB, 1 * _GB
"""Bytes: a table of 1 GB is there as an object, in columns, and in the features of each recipe; models that are loaded,
previews and exports are in the temporary folder."""

_LEAST_OF_SHARED = 1 * _GB
"""Bytes: a volume takes several times the size of the training data; containers have 64 MB unless told otherwise."""

_LEAST_FILES = 10_000
_LEAST_TASK_MB = 512
_TIME_ERROR = 5
_TIMEX_BYTES = 512  # more than struct timex has anywhere
_SINCE = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def check_machine(settings: Settings) -> list[Check]:
    return [
        check_disk("data folder", settings.data_dir, _LEAST_OF_DATA),
        check_disk("temporary folder", Path(tempfile.gettempdir()), _LEAST_OF_TEMPORARY),
        check_memory(settings, machine_memory_mb()),
        check_shared_memory(SHARED_MEMORY, why_no_memory_folder()),
        check_clock(time.time(), is_synchronised=_is_synchronised()),
    ]


def check_disk(name: str, folder: Path, least_bytes: int) -> Check:
    """Check the room on the disk of a folder, which need not be there yet, and that this user may write to it."""
    there = _above(folder)
    if os.path.lexists(folder) and there != folder:
        remedy = "Remove it, or choose another folder."
        return Check(name, f"{folder} is not a folder", remedy, prevents_start=True)
    disk = os.statvfs(there)
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    found = f"{folder}: {free / _GB:,.1f} of {size / _GB:,.1f} GB free"
    if not os.access(there, os.W_OK | os.X_OK):
        return Check(
            name,
            f"{there} cannot be written to by this user (uid {os.geteuid()})",
            "Run this as the user that runs the server, give the folder to that user (chown), or choose another one.",
            prevents_start=True,
        )
    if disk.f_files and disk.f_favail < _LEAST_FILES:
        return Check(
            name,
            f"{folder}: room for {disk.f_favail:,} more files only",
            "Delete files that are not needed, or move the folder to another file system.",
        )
    if free < least_bytes:
        return Check(
            name,
            found,
            f"Less than {least_bytes / _GB:.0f} GB: jobs on large tables may fail. Make room, or choose a folder on a larger disk.",
        )
    return Check(name, found)


def check_memory(settings: Settings, machine_mb: int) -> Check:
    """Check what training tasks may use together, and each of them, against what the machine has."""
    from windvane.from_settings import tasks_memory_mb  # heavy: other commands are to start fast

    if settings.executor.is_ray:
        return Check("memory", f"{machine_mb:,} MB; tasks run on the cluster")
    tasks_mb = tasks_memory_mb(settings)
    each_mb = tasks_mb // (settings.tasks_at_once + 1)
    found = f"{machine_mb:,} MB, of which tasks may use {tasks_mb:,} MB, each {each_mb:,} MB"
    if tasks_mb > machine_mb:
        return Check(
            "memory",
            found,
            f"More than there is: the kernel may kill the server. Set [work] memory_mb to {machine_mb * 3 // 4} or less.",
        )
    if each_mb < _LEAST_TASK_MB:
        return Check(
            "memory",
            found,
            f"Less than {_LEAST_TASK_MB} MB for each task: training will often fail for lack of memory. Set fewer [work] workers "
            f"(now {settings.tasks_at_once}) or a higher [work] memory_mb, or add memory.",
        )
    return Check("memory", found)


def check_shared_memory(folder: Path, why_not: str) -> Check:
    """Check the room for volumes with a KMS key, which are in shared memory; nothing else of the server is there.

    why_not    it is of no use for them; "" if it is
    """
    name = "shared memory"
    if why_not:
        return Check(name, f"not used, so VolumeKmsKeyId is refused: {why_not}")
    there = os.statvfs(folder)
    free, size = there.f_bavail * there.f_frsize, there.f_blocks * there.f_frsize
    found = f"{folder}: {free / _GB:,.1f} of {size / _GB:,.1f} GB free"
    if free < _LEAST_OF_SHARED:
        return Check(
            name,
            found,
            f"Less than {_LEAST_OF_SHARED / _GB:.0f} GB: jobs and endpoints with VolumeKmsKeyId, which keep their files there, may "
            "fail; others do not use it. Start a container with --shm-size 2g; on a machine, mount it larger (mount -o "
            f"remount,size=2G {folder}).",
        )
    return Check(name, found)


def check_clock(now: float, *, is_synchronised: bool) -> Check:
    """Check that the time is plausible and kept right: signed requests of clients whose clock differs by more than 15
    minutes are refused."""
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < _SINCE:
        return Check(
            "clock",
            found,
            "That is in the past. Set the clock: certificates and signatures depend on it.",
        )
    if not is_synchronised:
        return Check(
            "clock",
            f"{found}, not synchronised as far as the kernel knows",
            "Run chrony or systemd-timesyncd on the machine: requests are refused if the clocks of client and server differ "
            "by more than 15 minutes. Within a virtual machine or container, its host may keep the time: then this is no fault.",
        )
    return Check("clock", f"{found}, synchronised")


def _is_synchronised() -> bool:
    """Return what the kernel says (adjtimex(2), which changes nothing if asked so)."""
    asked = ctypes.create_string_buffer(_TIMEX_BYTES)
    state: int = ctypes.CDLL(None).adjtimex(asked)
    return 0 <= state < _TIME_ERROR


def _above(folder: Path) -> Path:
    """Return the folder, or the one above it that is there."""
    return next(one for one in (folder, *folder.parents) if os.path.isdir(one))  # noqa: PTH112 - never raises
