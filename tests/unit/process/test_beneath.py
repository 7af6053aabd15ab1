from pathlib import Path

import pytest

from windvane.process.beneath import read_beneath


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("secret")
    own = tmp_path / "own"
    (own / "inner").mkdir(parents=True)
    (own / "inner/file").write_text("content")
    (own / "link").symlink_to(tmp_path / "secret")
    (own / "folder").symlink_to(tmp_path)
    (own / "inner/up").symlink_to("../..")
    return own


def test_a_file_is_read(folder: Path) -> None:
    assert read_beneath(folder, "inner/file", 7) == b"content"


@pytest.mark.parametrize(
    "path",
    ["link", "folder/secret", "inner/up/secret", "../secret", "/etc/passwd", "", "inner", "none"],
)
def test_nothing_outside_is_reached(folder: Path, path: str) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - which one is the kernel's
        read_beneath(folder, path, 100)


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    with pytest.raises(ValueError, match="more than 6 bytes"):
        read_beneath(folder, "inner/file", 6)


def test_a_pipe_is_no_file(folder: Path) -> None:
    import os

    os.mkfifo(folder / "pipe")
    with pytest.raises(FileNotFoundError):
        read_beneath(folder, "pipe", 6)
