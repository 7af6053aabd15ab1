"""Whether a data folder has objects of an earlier version's store (SeaweedFS), and how those give way to imported ones.

s3             an earlier version's, or ours
s3-importing   ours, while an import writes it
s3-imported    ours, complete, until the earlier one has moved to
s3-old         which nothing ever deletes
"""

from __future__ import annotations

from pathlib import Path

from windvane.errors import WindvaneError

FOLDER, IMPORTING, IMPORTED, OLD = "s3", "s3-importing", "s3-imported", "s3-old"


class NotImported(WindvaneError):
    """The objects of an earlier version are still to be imported."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"An earlier version of Windvane wrote the objects in {data_dir / FOLDER}. Import them once: pip install "
            f"'windvane[import]', then windvane import-objects --data-dir {data_dir}"
        )


def is_old_store(folder: Path) -> bool:
    """Return whether an earlier version's store has written to this folder (DATA_DIR/s3)."""
    return (folder / "security.toml").is_file() or (folder / "data" / "filerldb2").is_dir()


def require_imported(data_dir: Path) -> None:
    """Check that objects of an earlier version were imported.

    raises    NotImported if this version would not see the objects of an earlier one
    """
    if is_old_store(data_dir / FOLDER) or (data_dir / IMPORTED).exists():
        raise NotImported(data_dir)


def put_in_place(data_dir: Path) -> None:
    """Let what was imported take the place of what it was imported from; may be called again after a crash."""
    if not (data_dir / IMPORTED).exists():
        return
    if is_old_store(data_dir / FOLDER):
        (data_dir / FOLDER).rename(data_dir / OLD)
    (data_dir / IMPORTED).rename(data_dir / FOLDER)
