"""Mutation tests: change one thing in a module, run the tests that are its own, and see whether one of them fails.

Tests are collected once; every mutant is a fork, in which the changed function, class or constant takes the place of the
loaded one before the tests run.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import os
import resource
import sys
import tomllib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]
"""Modules, and the tests that are to notice what is changed in them, as patterns of paths."""

_TO_KILL, _LONGEST_S = 0.85, 120
"""The latter in seconds of the processor: an alarm would be put off by the tests' own timeouts."""
_NOT_MADE = 70
"""Exit status of the fork of a mutant that cannot be imported: it is none."""
_PAIRS = {
    ast.Eq: ast.NotEq, ast.Lt: ast.LtE, ast.Gt: ast.GtE, ast.Is: ast.IsNot, ast.In: ast.NotIn,
    ast.Add: ast.Sub, ast.Mult: ast.Div, ast.And: ast.Or, ast.Break: ast.Continue,
}  # fmt: skip
_ALONE = {ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.MatMult: ast.Add}
_OTHER = _PAIRS | {b: a for a, b in _PAIRS.items()} | _ALONE
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_LEFT_ALONE = ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutant:
    """A module in which the node at a path, of fields and places in lists, is changed; `told` stands there now."""

    file: str
    line: int
    told: str
    path: Path_

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").replace("/", ".")

    def tree(self) -> ast.Module:
        """Return the changed module."""
        tree = ast.parse((ROOT / self.file).read_text())
        held: Any = vars(tree)
        for step in self.path[:-1]:
            held = held[step] if isinstance(held[step], list) else vars(held[step])
        held[self.path[-1]] = changed(held[self.path[-1]])
        return ast.fix_missing_locations(tree)


def changed(node: Any) -> ast.AST | None:
    """Return what takes the place of a node, which may be changed itself; None if nothing does."""
    match node:
        case ast.operator() | ast.cmpop() | ast.boolop() | ast.Break() | ast.Continue():
            return _OTHER[type(node)]() if type(node) in _OTHER else None
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            return node.operand
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int(value) | float(value)):
            node.value = value + 1
        case ast.Constant(value=str(value) | bytes(value)) if value:
            node.value = value + value[:1]
        case ast.Call(func=ast.Name(id=name)) if name in _CALLED:
            node.func = ast.Name(_CALLED[name], ast.Load())
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            node.value = ast.Constant(None)
        case ast.If() | ast.IfExp() if isinstance(node.test, ast.Name | ast.Call | ast.Attribute):
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.Expr(value=ast.Call()):
            return ast.Pass()
        case _:
            return None
    return node


def places(node: ast.AST, line: int = 0, at: Path_ = ()) -> Iterator[tuple[ast.AST, int, Path_]]:
    """Yield nodes with their lines and paths: none of annotations, texts, errors and enums."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for i, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            is_text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            is_check = isinstance(child, ast.keyword) and child.arg == "strict"
            is_member = isinstance(node, ast.ClassDef) and isinstance(child, ast.Assign)
            is_alone = is_text or is_check or is_member or isinstance(child, _LEFT_ALONE)
            if isinstance(child, ast.AST) and not is_alone:
                path = (*at, name) if i is None else (*at, name, i)
                line = getattr(child, "lineno", line)
                yield child, line, path
                yield from places(child, line, path)


def mutants_of(file: str) -> Iterator[Mutant]:
    for node, line, path in places(ast.parse((ROOT / file).read_text())):
        if changed(copy.deepcopy(node)) is not None:
            told = ast.unparse(node).partition("\n")[0] or type(node).__name__
            yield Mutant(file, line, told, path)


def put_in(mutant: Mutant) -> None:
    """Change the loaded module in place: others hold its functions and classes."""
    live, tree = sys.modules[mutant.module], mutant.tree()
    made = types.ModuleType(mutant.module)
    exec(compile(tree, str(live.__file__), "exec"), made.__dict__)
    statement = tree.body[int(mutant.path[1])]
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        _transplant(getattr(live, statement.name), getattr(made, statement.name))
        return
    stored = (one for one in ast.walk(statement) if isinstance(one, ast.Name))
    for name in {one.id for one in stored if isinstance(one.ctx, ast.Store)}:
        old = getattr(live, name)
        for module in list(sys.modules.values()):
            if getattr(module, "__dict__", {}).get(name) is old:
                setattr(module, name, getattr(made, name))


def _transplant(live: Any, made: Any) -> None:
    if isinstance(live, type):
        for name in vars(live).keys() & vars(made).keys() - {"__class__", "__dict__"}:
            _transplant(vars(live)[name], vars(made)[name])
    elif isinstance(live, types.FunctionType) and not hasattr(live, "__wrapped__"):
        live.__code__, live.__defaults__ = made.__code__, made.__defaults__
        live.__kwdefaults__ = made.__kwdefaults__
    else:
        getattr(live, "cache_clear", lambda: None)()
        for inner in ("__wrapped__", "__func__", "fget", "func"):
            if hasattr(live, inner):
                _transplant(getattr(live, inner), getattr(made, inner))


def forked(tests: list[str], mutant: Mutant | None) -> int:
    """Run the tests in a fork, and return its process id; its exit status is 0 if they pass."""
    if pid := os.fork():
        return pid
    status = _NOT_MADE
    try:
        for descriptor in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
        resource.setrlimit(resource.RLIMIT_CPU, (_LONGEST_S, _LONGEST_S))
        if mutant is not None:
            put_in(mutant)
        status = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    finally:
        os._exit(status)


def tried(group: str, every: int) -> tuple[int, int]:
    """Try the mutants of a group, and return how many there are and how many survive."""
    modules, tests = (
        [
            str(file.relative_to(ROOT))
            for one in GROUPS[group][kind]
            for file in sorted(ROOT.glob(one))
        ]
        for kind in ("modules", "tests")
    )
    waiting = [mutant for module in modules for mutant in mutants_of(module)][::-every]
    pytest.main(["--collect-only", "-qqq", "-p", "no:cacheprovider", *tests])
    for mutant in waiting:
        importlib.import_module(mutant.module)
    if os.waitpid(forked(tests, None), 0)[1] != 0:
        raise SystemExit(f"The tests of {group} fail without a mutant.")
    n_mutants, n_survived, running = len(waiting), 0, dict[int, Mutant]()
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            mutant = waiting.pop()
            running[forked(tests, mutant)] = mutant
        pid, status = os.wait()
        mutant, code = running.pop(pid), os.waitstatus_to_exitcode(status)
        n_mutants -= code == _NOT_MADE
        n_survived += code == 0
        if code == 0:
            print(f"  survives: {mutant.file}:{mutant.line} {mutant.told}", flush=True)
    print(f"{group}: {1 - n_survived / n_mutants:.1%} of {n_mutants} mutants killed", flush=True)
    return n_mutants, n_survived


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", default=[*GROUPS], help=", ".join(GROUPS))
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th mutant")
    options = parser.parse_args()
    os.chdir(ROOT)
    counts = [tried(group, options.every) for group in options.groups]
    n_mutants, n_survived = map(sum, zip(*counts, strict=True))
    share = 1 - n_survived / n_mutants
    print(f"{share:.1%} of {n_mutants} mutants killed; at least {_TO_KILL:.0%} are to be.")
    return 0 if share >= _TO_KILL else 1


if __name__ == "__main__":
    sys.exit(main())
