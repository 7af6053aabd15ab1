"""The rules that the whole package keeps beside its import contracts (`make check`): no cycle of imports, and nothing that
executes what it loads."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "windvane").rglob("*.py"))
EXECUTING_MODULES = {"pickle", "joblib", "cloudpickle", "dill", "marshal", "shelve"}
EXECUTING_CALLS = {"eval", "exec", "compile", "__import__"}


@cache
def parsed(file):
    return ast.parse(file.read_text())


def imported_by(tree, modules):
    """Of `modules`, those that this one loads when it is loaded itself."""
    for node in tree.body:
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name in modules)
            case ast.ImportFrom(module=str(module), names=names):
                yield from {module, *(f"{module}.{name.name}" for name in names)} & modules.keys()


def test_no_module_waits_for_another_that_waits_for_it():
    modules = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in FILES
    }
    order = TopologicalSorter()
    for name, file in modules.items():
        loaded = imported_by(parsed(file), modules)
        order.add(name, *(one for one in loaded if one != name))
    order.prepare()  # raises CycleError, which names the cycle


def faults(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (n.name for n in names if n.name.split(".")[0] in EXECUTING_MODULES)
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in EXECUTING_MODULES:
                yield module
            case ast.Call(func=ast.Name(id=name)) if name in EXECUTING_CALLS:
                yield f"{name}()"
            case ast.keyword(arg="allow_pickle", value=value):
                if not (isinstance(value, ast.Constant) and value.value is False):
                    yield "allow_pickle"


def test_nothing_executes_what_it_loads():
    found = {file: list(faults(parsed(file))) for file in FILES}
    assert {file: told for file, told in found.items() if told} == {}


def test_the_search_for_such_code_finds_it():
    code = "import pickle\nfrom joblib import load\neval('1')\nnumpy.load(f, allow_pickle=True)"
    assert sorted(faults(ast.parse(code))) == ["allow_pickle", "eval()", "joblib", "pickle"]


def test_importing_windvane_is_light():
    heavy = ("lightgbm", "xgboost", "catboost", "sklearn", "pandas", "boto3", "sqlalchemy")
    code = f"import sys, windvane; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_machine_loads_nothing_of_ray_nor_of_opentelemetry():
    """Neither the server, nor its workers, nor the processes that do tasks or run models."""
    loaded = (
        "windvane.app, windvane.cli.service, windvane.work.workers.worker, "
        "windvane.work.workers.performing, windvane.serving.instance"
    )
    extras = {"ray", "opentelemetry"}
    code = f"import sys, {loaded}; print([m for m in sys.modules if {extras} & set(m.split('.'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_one_machine_loads_nothing_of_models_that_several_train():
    loaded = "windvane.app, windvane.cli.service, windvane.work.workers.worker"
    others = ("windvane.executor.gang", "windvane.executor.communicator")
    code = f"import sys, {loaded}; print([m for m in {others!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_processes_that_do_tasks_load_no_database_and_no_server():
    """The one that they are forked from loads all that they need, which takes long enough."""
    others = ("sqlalchemy", "aiohttp", "starlette", "cryptography", "nbformat", "jsonschema")
    loaded = "windvane.work.workers.performing"
    code = f"import sys, {loaded}; print([m for m in {others!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
