"""A task whose volume is in memory, and that runs whatever it likes, reaches no volume but its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.test_sandbox import in_fork

from windvane.process.confinement import Part, confine
from windvane.process.ownership import give
from windvane.process.sandbox import sandbox_of
from windvane.process.volatile import make_memory_folder, memory_folder

_HIDING = {Part.LANDLOCK, Part.MOUNTS, Part.USER}


@pytest.fixture
def data_dir() -> Iterator[Path]:
    root = Path(tempfile.mkdtemp(prefix="windvane-scene-"))
    root.chmod(0o700)
    if why := make_memory_folder(root):
        pytest.skip(why)
    yield root
    shutil.rmtree(root)
    shutil.rmtree(memory_folder(root))


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def listed(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def test_a_task_reads_its_own_volume_and_no_other(data_dir: Path) -> None:
    """Attack: volumes of jobs lie side by side in shared memory, which every process of the machine can name."""
    memory = memory_folder(data_dir)
    own, other = memory / "work/own", memory / "work/other"
    for folder in (own, other):
        folder.mkdir(parents=True, mode=0o700)
        (folder / "data").write_text(folder.name)
        (folder / "data").chmod(0o600)

    def attack(_: int) -> list[object]:
        sandbox, _lacks = sandbox_of(data_dir, private=(memory,))
        if not sandbox.parts & _HIDING:
            return ["no part"]
        give(own, sandbox.user_of("own"))

        def confined(results: int) -> list[object]:
            confine(sandbox.confinement("own", (), (own,)), keep=[results])
            (own / "made").write_text("x")
            siblings = [name for name in listed(memory / "work") if name != "own"]
            return [read(own / "data"), read(other / "data"), siblings]

        return list(in_fork(confined))

    found = in_fork(attack)
    if found == ["no part"]:
        pytest.skip("this machine has no part of the sandbox that hides files")
    assert found == ["own", "", []]
