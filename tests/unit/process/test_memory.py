"""The memory of a machine is what the narrowest control group around us leaves of it."""

from pathlib import Path

import pytest

from windvane.process import memory

SERVICE = "0::/system.slice/windvane.service\n"


def limited(root: Path, limits: dict[str, str]) -> None:
    for name, text in limits.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine of 8,000 MiB, with a folder for its control groups."""
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "meminfo").write_text(f"MemTotal:  {8000 * 1024} kB\nMemFree:  1 kB\n")
    monkeypatch.setattr(memory, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path / "cgroup")
    return tmp_path


@pytest.mark.parametrize(
    ("own", "limits", "mb"),
    [
        (SERVICE, {}, 8000),
        (SERVICE, {"system.slice/windvane.service/memory.max": "max"}, 8000),
        (SERVICE, {"system.slice/windvane.service/memory.max": str(2000 << 20)}, 2000),
        (
            SERVICE,
            {
                "system.slice/memory.max": str(1000 << 20),
                "system.slice/windvane.service/memory.max": str(2000 << 20),
            },
            1000,
        ),
        ("0::/\n", {"memory.max": str(3000 << 20)}, 3000),
        ("0::/not/shown\n", {"memory.max": str(3000 << 20)}, 3000),
        (
            "3:cpu:/a\n2:memory:/a\n0::/\n",
            {"memory/a/memory.limit_in_bytes": str(500 << 20), "a/memory.max": "1"},
            500,
        ),
    ],
)
def test_the_narrowest_limit_holds(
    machine: Path, own: str, limits: dict[str, str], mb: int
) -> None:
    (machine / "proc" / "self" / "cgroup").write_text(own)
    limited(machine / "cgroup", limits)
    assert memory.machine_memory_mb() == mb


def test_a_machine_without_control_groups_has_all_its_memory(machine: Path) -> None:
    assert memory.machine_memory_mb() == 8000


def test_this_machine_has_memory() -> None:
    assert 100 < memory.machine_memory_mb() < 10**9
