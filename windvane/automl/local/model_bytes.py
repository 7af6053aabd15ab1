"""A kept model as bytes, and back: what copying and pickling an `AutoML` passes on."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from windvane.engine.packages.tarball import pack_files, unpack_files

_PARTS = frozenset(
    {
        "transformers",
        "model",
        "background",
        "analysis.json",
        "leaderboard.json",
        "manifest.json",
    }
)
"""Names in a model's folder, see automl/local/fitted.py."""


def model_bytes(home: Path) -> bytes:
    """Return the files of a kept model's folder as a tar archive, always the same bytes for the same files."""
    files = sorted(path.relative_to(home) for path in home.rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory(prefix="windvane-bytes-") as scratch:
        archive = Path(scratch) / "model.tar"
        pack_files(home, files, archive)
        return archive.read_bytes()


def restore_model(packed: bytes, home: Path) -> None:
    """Write what `model_bytes` returned into an existing, empty folder; its manifest is not checked here.

    raises    CorruptArtifact for bytes that are no such archive
    """
    unpack_files(
        io.BytesIO(packed), home, "the pickled model", lambda path: path.parts[0] in _PARTS
    )
