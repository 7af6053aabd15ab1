"""A disk that remembers what would be left of it if the power went off now.

Of a file: what it held when it was last synced. Of a folder: the names it had when it was last synced. Names that are removed
are gone at once, though nobody synced that, because a disk may be as fast as that. The index is SQLite's own affair: what it
committed under synchronous = FULL is there, the rest is not.
"""

import os
from pathlib import Path

from windvane.objects.disk import Disk


class PowerCutDisk(Disk):
    def __init__(self, root):
        self.root = root
        self.contents = {}
        self.names = {}
        self.paths = {}
        self.before_step = lambda: None

    def create(self, path):
        self.before_step()
        descriptor = super().create(path)
        self.paths[descriptor] = path
        return descriptor

    def make_folder(self, path):
        self.before_step()
        super().make_folder(path)
        self.names[path] = set()

    def write(self, descriptor, data):
        half = len(data) // 2
        super().write(descriptor, memoryview(data)[:half])
        self.before_step()
        super().write(descriptor, memoryview(data)[half:])

    def sync(self, descriptor):
        self.before_step()
        super().sync(descriptor)
        size = os.fstat(descriptor).st_size
        self.contents[self.paths[descriptor]] = os.pread(descriptor, size, 0)

    def sync_folder(self, path):
        self.before_step()
        super().sync_folder(path)
        if path.is_relative_to(self.root):
            self.names[path] = {one.name for one in path.iterdir()}

    def remove(self, path):
        self.before_step()
        super().remove(path)
        self.names.get(path.parent, set()).discard(path.name)

    def remove_folder(self, path):
        self.before_step()
        super().remove_folder(path)
        self.names.get(path.parent, set()).discard(path.name)

    def left_after_cut(self, folder: Path, target: Path) -> None:
        """Write into `target` what would be left of `folder`."""
        target.mkdir()
        for name in self.names.get(folder, ()):
            path = folder / name
            if path in self.names:
                self.left_after_cut(path, target / name)
            else:
                (target / name).write_bytes(self.contents.get(path, b""))


class LyingDisk(PowerCutDisk):
    """A disk that says it synced a file, and did not."""

    def sync(self, descriptor):
        self.before_step()


class ForgettingDisk(PowerCutDisk):
    """A disk that keeps no name of a data file or folder of parts."""

    def sync_folder(self, path):
        if path == self.root or path.parent == self.root.parent:
            super().sync_folder(path)
