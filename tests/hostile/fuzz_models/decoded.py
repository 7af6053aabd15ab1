"""What lies in a model's folder, decoded once: changes are handed to the loaders as they stand.

Most of what a changed model costs would be packing, summing and unpacking files that it does not concern. So loaders
are given the arrays of a file and what a manifest says; an array that was changed passes the reader's own check of its
header and length. Every other file lies in the folder and is read there. Files, manifests and sums themselves are
changed in `mutating`.
"""

from __future__ import annotations

import io
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from hostile.fuzz_models import mutating
from hostile.fuzz_models.fitting import (
    Arrays,
    fitting_nodes,
    fitting_text,
    fitting_values,
    other_trees,
)
from hostile.fuzz_models.mutating import ABOUT, Files

from windvane.engine import arrays as stored
from windvane.engine import manifest
from windvane.errors import CorruptArtifact

_FITTING = 0.5
"""Of all changes: those that keep to the grammar."""


@dataclass(frozen=True)
class Contents:
    """arrays   of each file of arrays
    abouts   kind and description of each manifest's folder, as JSON
    plain    every other file
    """

    arrays: dict[str, Arrays] = field(default_factory=dict)
    abouts: dict[str, bytes] = field(default_factory=dict)
    plain: Files = field(default_factory=dict)

    def __or__(self, other: Contents) -> Contents:
        return Contents(
            self.arrays | other.arrays, self.abouts | other.abouts, self.plain | other.plain
        )


def decoded(files: Files) -> Contents:
    made = Contents()
    for name, content in files.items():
        if name.endswith(ABOUT):
            made.abouts[name.removesuffix(ABOUT).rstrip("/")] = content
        elif name.endswith(".npz"):
            with tempfile.NamedTemporaryFile() as file:
                file.write(content)
                file.flush()
                made.arrays[name] = stored.read_arrays(Path(file.name))
        else:
            made.plain[name] = content
    return made


def changed(contents: Contents, other: Contents, chance: random.Random) -> Contents:
    """What differs after one to three changes, some of them from another model.

    raises    CorruptArtifact if an array would not have been read
    """
    made = Contents()
    for _ in range(chance.choice((1, 1, 1, 1, 2, 3))):
        now = contents | made
        names = [*contents.arrays, *contents.arrays, *contents.plain, *contents.plain]
        if not names or chance.random() < 0.06:
            name = chance.choice([*contents.abouts])
            made.abouts[name] = mutating.changed("about.json", now.abouts[name], chance)
            continue
        name = chance.choice(names)
        if name in contents.plain:
            foreign = other.plain.get(name, b"")
            made.plain[name] = _changed_file(name, now.plain[name], foreign, chance)
        else:
            made.arrays[name] = _changed_arrays(
                now.arrays[name], other.arrays.get(name, {}), chance
            )
    for name, arrays in made.arrays.items():
        before = contents.arrays[name]
        for one, array in arrays.items():
            if array is not before.get(one):
                arrays[one] = _as_read(array, one)
    return made


def _changed_file(name: str, content: bytes, foreign: bytes, chance: random.Random) -> bytes:
    if name.endswith(".txt") and chance.random() < _FITTING:
        try:
            return fitting_text(content, foreign, chance)
        except mutating.NO_LONGER_SO:
            pass
    return mutating.changed(name, content, chance)


def _changed_arrays(arrays: Arrays, foreign: Arrays, chance: random.Random) -> Arrays:
    made = dict(arrays)
    if not made:  # an earlier change took the last one away
        return made
    name, way = chance.choice([*made]), chance.random()
    try:
        if way < 0.08 and (trees := other_trees(made, chance)):
            return trees
        if way < 0.12 and foreign:
            name = chance.choice([*foreign])
            made[name] = foreign[name]
        elif "text" in made and way < 0.4:
            text, other = made["text"].tobytes(), foreign["text"].tobytes() if foreign else b""
            made["text"] = np.frombuffer(_changed_file(".txt", text, other, chance), np.uint8)
        elif chance.random() > _FITTING:
            mutating.change_array(made, name, chance)
        elif "node_left" in made:
            made |= fitting_nodes(made, chance)
        else:
            with np.errstate(all="ignore"):
                made[name] = fitting_values(made[name], chance)
    except mutating.NO_LONGER_SO:
        pass
    return made


def _as_read(array: np.ndarray, name: str) -> np.ndarray:
    """raises    CorruptArtifact as the reader of the file does"""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, np.lib.format.header_data_from_array_1_0(array))  # type: ignore[no-untyped-call]
    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    try:
        return stored._array_of(stream.getvalue() + array.tobytes(order), name)
    except ValueError as error:
        raise CorruptArtifact(str(error)) from error


_now: list[tuple[int, Contents]] = []


@contextmanager
def handed(folder: Path, contents: Contents) -> Iterator[None]:
    """Loaders that read from the folder are given these arrays and descriptions."""
    _now.append((len(str(folder)) + 1, contents))
    try:
        yield
    finally:
        _now.pop()


def hand_over() -> None:
    """From here on every loader asks for arrays and manifests here first."""
    _instead("read_arrays", stored.read_arrays, _arrays_of)
    _instead("check_manifest", manifest.check_manifest, _about_of)


def _instead(name: str, before: Callable[..., Any], then: Callable[..., Any]) -> None:
    for module in [*sys.modules.values()]:
        if getattr(module, name, None) is before and module is not sys.modules[__name__]:
            setattr(module, name, then)


_read_arrays, _check_manifest = stored.read_arrays, manifest.check_manifest


def _arrays_of(file: Path) -> Arrays:
    if _now:
        begins, contents = _now[-1]
        if (found := contents.arrays.get(str(file)[begins:])) is not None:
            return dict(found)
    return _read_arrays(file)


def _about_of(folder: Path, kind: str) -> dict[str, Any]:
    if _now:
        begins, contents = _now[-1]
        if (found := contents.abouts.get(str(folder)[begins:])) is not None:
            return dict(_about(found, kind))
    return _check_manifest(folder, kind)


@lru_cache(64)
def _about(content: bytes, kind: str) -> dict[str, Any]:
    try:
        document = json.loads(content, object_pairs_hook=manifest._each_once)
        told, about = document["kind"], document["about"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise CorruptArtifact(str(error)) from error
    if told != kind or not isinstance(about, dict):
        raise CorruptArtifact("Another kind, or no description.")
    return about
