"""`tests/unit` mirrors the packages: the tests of a module lie where it lies.

`tests/unit/R/test_M.py` is of the module or folder M of the package R, and so are `test_M_anything.py` and, of modules that begin
alike, `test_P.py` of `P_one.py` and `P_two.py`.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNIT = ROOT / "tests" / "unit"

MIRROR_NOTHING: set[str] = set()
"""Test files of no module. It only ever shrinks: what concerns several packages lies beside this file."""


def package_of(test: Path) -> Path:
    """Return the folder whose modules a test file may be of."""
    below = test.parent.relative_to(UNIT)
    beside = ROOT / below  # benchmarks and scripts are no part of the package
    return beside if below.parts and beside.is_dir() else ROOT / "windvane" / below


def mirrors(test: Path) -> bool:
    name = test.stem.removeprefix("test_")
    found = {path.stem for path in package_of(test).iterdir() if path.suffix in ("", ".py")}
    return any(
        name == one or name.startswith(f"{one}_") or one.startswith(f"{name}_") for one in found
    )


def test_every_test_file_lies_where_its_module_lies():
    tests = [test for test in UNIT.rglob("test_*.py") if package_of(test).is_dir()]
    assert len(tests) > 300
    lost = {str(test.relative_to(UNIT)) for test in tests if not mirrors(test)}
    assert lost == MIRROR_NOTHING, "rename it after its module, or move it to the module's folder"


def test_no_folder_of_tests_is_of_a_package_that_is_gone():
    gone = {str(test.parent) for test in UNIT.rglob("test_*.py") if not package_of(test).is_dir()}
    assert gone == set()


def test_a_file_of_no_module_is_found():
    assert mirrors(UNIT / "wire" / "test_sigv4.py")
    assert mirrors(UNIT / "objects" / "test_store_power_cut.py")
    assert mirrors(UNIT / "benchmarks" / "test_run.py")
    assert not mirrors(UNIT / "wire" / "test_learners.py")
