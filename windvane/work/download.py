"""A model's artefacts from S3 into a folder, unpacked, once for each ModelDataUrl."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from windvane.artifacts.base import Artifacts, parse_location
from windvane.engine.packages.tarball import unpack
from windvane.errors import CorruptArtifact, InvalidRequest
from windvane.names import derived_suffix


def folder_of(url: str, into: Path) -> Path:
    """Where the artefact of a ModelDataUrl stands once it is there."""
    return into / derived_suffix(url)


def download_models(artifacts: Artifacts, urls: Iterable[str], into: Path) -> None:
    """Every artefact that is not there yet; a folder is there whole or not at all.

    raises    InvalidRequest if an object is missing or is no S3 URI; CorruptArtifact for a bad archive
    """
    into.mkdir(parents=True, exist_ok=True)
    for url in dict.fromkeys(urls):
        folder = folder_of(url, into)
        if not folder.is_dir():
            _download(artifacts, url, folder)


def _download(artifacts: Artifacts, url: str, folder: Path) -> None:
    part, archive = folder.with_suffix(".part"), folder.with_suffix(".tar.gz")
    shutil.rmtree(part, ignore_errors=True)
    try:
        artifacts.download(parse_location(url), archive)
        unpack(archive, part)
    except FileNotFoundError as error:
        raise InvalidRequest(f"Could not find model data at {url}.") from error
    except CorruptArtifact as error:
        raise CorruptArtifact(str(error).replace(str(archive), url)) from error
    finally:
        archive.unlink(missing_ok=True)
    part.rename(folder)
