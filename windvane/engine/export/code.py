"""The modules that a saved model needs to answer: found by what imports what, and renamed to go with the model."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

_OURS, _THEIRS = "windvane", "model_code"
_NAMED = re.compile(rf"\b{_OURS}\.(?=[a-z_])")


def code_files(roots: Iterable[str], instead: Mapping[str, str]) -> dict[str, str]:
    """Return the sources of some modules, and of all that they import, by their paths in the exported folder.

    roots      names of modules
    instead    a module -> the one that takes its place
    """
    needed = _closure(roots, instead)
    made = {_path(name, is_package=False): renamed(source) for name, source in needed.items()}
    packages = {name.rpartition(".")[0] for name in needed}
    packages |= {parent for name in packages for parent in _parents(name)}
    return made | {_path(name, is_package=True): "" for name in packages}


def renamed(source: str) -> str:
    """Return a source in which this package has the name that it has in the exported folder."""
    return _NAMED.sub(f"{_THEIRS}.", source)


def _closure(roots: Iterable[str], instead: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found and (file := _file(instead.get(name, name))) is not None:
            found[name] = file.read_text(encoding="utf-8")
            waiting += imported(found[name])
    return found


def imported(source: str) -> Iterator[str]:
    """Yield the modules of this package that a module imports when it is loaded; what may be a module or a name of one is
    yielded as both."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if _is_ours(one.name))
        elif isinstance(node, ast.ImportFrom) and node.module and _is_ours(node.module):
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] == _OURS


def _file(name: str) -> Path | None:
    """Return the source of a module; None for a package, and for what is none."""
    package, _, own = name.rpartition(".")
    spec = find_spec(package) if package else None
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        file = Path(folder, f"{own}.py")
        if file.is_file():
            return file
    return None


def _parents(name: str) -> Iterator[str]:
    while name := name.rpartition(".")[0]:
        yield name


def _path(name: str, *, is_package: bool) -> str:
    path = _THEIRS + name.removeprefix(_OURS).replace(".", "/")
    return f"{path}/__init__.py" if is_package else f"{path}.py"
