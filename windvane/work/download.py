"""A model's artefacts from S3 into a folder, unpacked, once for each ModelDataUrl."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from windvane.artifacts.base import Artifacts, Location, parse_location
from windvane.engine.packages.tarball import unpack
from windvane.errors import CorruptArtifact, InvalidRequest
from windvane.names import derived_suffix

Take = Callable[[Path, int], None]
"""Asked before bytes of a model are written, with its folder; raises what says that there is no room for them."""


def as_many_as_there_are(_folder: Path, _n_bytes: int) -> None:
    """Count nothing: for whoever has a disk of its own."""


def folder_of(url: str, into: Path) -> Path:
    """Return where the artefact of a ModelDataUrl stands once it is there."""
    return into / derived_suffix(url)


def download_models(
    artifacts: Artifacts,
    urls: Iterable[str],
    into: Path,
    take: Take = as_many_as_there_are,
) -> None:
    """Download every artefact that is not there yet; a folder is there whole or not at all.

    raises    InvalidRequest if an object is missing or is no S3 URI; CorruptArtifact for a bad archive; as `take`
    """
    into.mkdir(parents=True, exist_ok=True)
    for url in dict.fromkeys(urls):
        folder = folder_of(url, into)
        if not folder.is_dir():
            _download(artifacts, url, folder, take)


def _download(artifacts: Artifacts, url: str, folder: Path, take: Take) -> None:
    part, archive = folder.with_suffix(".part"), folder.with_suffix(".tar.gz")
    shutil.rmtree(part, ignore_errors=True)
    try:
        location = parse_location(url)
        take(folder, _size(artifacts, location))
        artifacts.download(location, archive)
        unpack(archive, part, take=partial(take, folder))
    except FileNotFoundError as error:
        raise InvalidRequest(f"Could not find model data at {url}.") from error
    except CorruptArtifact as error:
        text = str(error).replace(str(archive), url).replace(str(part), url)
        raise CorruptArtifact(text) from error
    finally:
        archive.unlink(missing_ok=True)
    part.rename(folder)


def _size(artifacts: Artifacts, location: Location) -> int:
    """Return the size of an object.

    raises    FileNotFoundError
    """
    info = artifacts.info(location)
    if info is None:
        raise FileNotFoundError(str(location))
    return info.size
