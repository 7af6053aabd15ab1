"""Which modules go with a model, and under which names."""

import ast

import pytest

from windvane.engine.export.code import code_files, imported, renamed

ROOT = "windvane.engine.packages.loading"


def test_a_module_comes_with_all_that_it_imports_and_no_more():
    files = code_files([ROOT], {})
    assert "model_code/engine/packages/loading.py" in files
    assert "model_code/engine/features/recipe.py" in files
    assert not any("training" in path or "tuning" in path for path in files)
    for path in files:
        folder = path.rpartition("/")[0]
        assert f"{folder}/__init__.py" in files


def test_exported_code_knows_no_other_package():
    for path, source in code_files([ROOT], {}).items():
        for node in ast.walk(ast.parse(source)):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names.append(node.module)
            assert not any(name.partition(".")[0] == "windvane" for name in names), path


def test_a_module_can_be_taken_the_place_of():
    native = "windvane.engine.learners.lightgbm_native"
    files = code_files([ROOT], {native: "windvane.engine.export.shipped.lightgbm_native"})
    assert "ctypes" not in files["model_code/engine/learners/lightgbm_native.py"]
    assert not any("shipped" in path for path in files)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import windvane.errors", ["windvane.errors"]),
        ("from windvane.engine import weighted", ["windvane.engine", "windvane.engine.weighted"]),
        ("import numpy\nfrom json import loads", []),
        ("def f():\n    from windvane.errors import A", []),
        ("if TYPE_CHECKING:\n    import windvane.errors", []),
    ],
)
def test_what_is_imported_when_a_module_is_loaded_is_found(source, found):
    assert list(imported(source)) == found


def test_only_names_of_modules_are_renamed():
    source = 'from windvane.errors import A\nX = "windvane.engine.learners"\nY = "windvane"\n'
    assert renamed(source) == (
        'from model_code.errors import A\nX = "model_code.engine.learners"\nY = "windvane"\n'
    )
