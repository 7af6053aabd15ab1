"""What a machine has of the sandbox: found out by trying, each part alone and all together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from windvane.process import sandbox as sandbox_module
from windvane.process import seccomp
from windvane.process.confinement import Confinement, Part, clean_environment, confinement_from
from windvane.process.linux import KernelLacks
from windvane.process.sandbox import Sandbox, protections, sandbox_from, sandbox_of

DATA = Path("/var/lib/windvane")


@pytest.mark.slow
def test_a_part_that_does_not_go_with_the_others_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in a container whose kernel says that it takes filters, and does not."""
    before = {one.part for one in protections(tmp_path) if one.holds}
    if Part.SECCOMP not in before:
        pytest.skip("this machine has no seccomp")

    def refuse() -> None:
        raise KernelLacks("seccomp", 1)

    monkeypatch.setattr(seccomp, "restrict", refuse)
    sandbox, lacks = sandbox_of(tmp_path)
    assert sandbox.parts == before - {Part.SECCOMP}
    assert "with the others" in next(one.why for one in lacks if one.part is Part.SECCOMP)


def test_a_data_folder_among_the_libraries_is_told(tmp_path: Path) -> None:
    found = {one.part: one for one in protections(Path("/usr/lib/windvane"))}
    assert "lies below /usr" in found[Part.LANDLOCK].why or "kernel" in found[Part.LANDLOCK].why


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="other users are for root alone")
def test_packages_that_other_users_cannot_read_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As root under umask 077 installs them: tasks ended with ModuleNotFoundError."""
    package = tmp_path / "site-packages" / "numpy"
    package.mkdir(parents=True)
    monkeypatch.setattr(sandbox_module, "package_folders", lambda: [package])
    mend = f"chmod -R o+rX {package.parent}"
    package.chmod(0o755)
    _, lacks = sandbox_of(tmp_path / "data")
    assert not [one for one in lacks if mend in one.why]
    package.chmod(0o700)
    sandbox, lacks = sandbox_of(tmp_path / "data")
    assert Part.USER not in sandbox.parts
    assert [one.part for one in lacks if mend in one.why] == [Part.USER]


def test_every_job_keeps_its_user() -> None:
    sandbox = Sandbox(DATA, frozenset({Part.USER}), 70_000, 10)
    users = {sandbox.user_of(f"job-{number}") for number in range(200)}
    assert users == set(range(70_000, 70_010))
    assert sandbox.user_of("job-1") == sandbox.user_of("job-1")
    assert Sandbox(DATA, frozenset()).user_of("job-1") is None


def test_both_come_back_from_json() -> None:
    parts = frozenset({Part.LANDLOCK, Part.MOUNTS})
    sandbox = Sandbox(DATA, parts, 70_000, 10, (Path("/dev/shm/windvane-1"),), "s")
    assert sandbox_from(sandbox.to_dict()) == sandbox
    confinement = Confinement(parts, (Path("/a"),), (Path("/b"),), (DATA,), 70_001, 5, 6, 7)
    assert confinement_from(confinement.to_dict()) == confinement


def test_an_environment_keeps_what_libraries_need_alone() -> None:
    given = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "DATABASE_URL": "secret",
        "WINDVANE_DATA_DIR": "/data",
        "WINDVANE_MASTER_KEY": "secret",
        "LD_PRELOAD": "/tmp/own.so",
    }
    assert clean_environment(given, {"OMP_NUM_THREADS": "1"}) == {
        "PATH": "/bin",
        "LC_ALL": "C",
        "WINDVANE_DATA_DIR": "/data",
        "OMP_NUM_THREADS": "1",
    }
