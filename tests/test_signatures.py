"""Parameters travel as specs: no function of the engine is told apart by the places of its arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from windvane import engine

MOST = 6
"""Positional parameters, `self` aside. What needs more of them has a frozen dataclass, as `RecipeData`, `OutOfFold`,
`ModelSpec` or `TrainLimits` are."""

KEPT = {
    "learners.lightgbm_members._gather": "LightGBM calls it by place",
    "learners.lightgbm_members._reduce_scatter": "LightGBM calls it by place",
    "rerun.rerun": "notebooks that earlier versions have written call it by place",
    "tuning.pacing.next_plan": "what the drivers of a search know, handed over one by one",
}


@pytest.mark.slow
def test_no_function_has_more_places_than_can_be_kept_apart() -> None:
    root = Path(engine.__file__).parent
    found = {
        ".".join((*path.relative_to(root).with_suffix("").parts, name))
        for path in root.rglob("*.py")
        for name, n_places in _functions(ast.parse(path.read_text(encoding="utf-8")))
        if n_places > MOST
    }
    assert found == set(KEPT)


def _functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            places = [*node.args.posonlyargs, *node.args.args]
            own = [one for one in places if one.arg not in ("self", "cls")]
            yield node.name, len(own)
