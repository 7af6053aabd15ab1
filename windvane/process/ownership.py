"""Files handed to a process that runs under a user of its own. Nothing happens where it has none (user None).

No symbolic link is followed: what lies in these folders may have been written by such a process.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def lend(folder: Path, user: int | None) -> None:
    """Let the user's group read a folder and what is in it; it stays ours."""
    if user is None:
        return
    for _, folders, files, at in os.fwalk(folder):
        os.fchown(at, -1, user)
        os.fchmod(at, 0o750)
        for name in (*folders, *files):
            if stat.S_ISREG(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
                os.chown(name, -1, user, dir_fd=at, follow_symlinks=False)
                os.chmod(name, 0o640, dir_fd=at)


def give(folder: Path, user: int | None) -> None:
    """Make the user the owner of a folder and what is in it, unless it is."""
    if user is None or folder.lstat().st_uid == user:
        return
    for _, folders, files, at in os.fwalk(folder, topdown=False):
        for name in (*folders, *files):
            os.chown(name, user, user, dir_fd=at, follow_symlinks=False)
        os.fchown(at, user, user)
