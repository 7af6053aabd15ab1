"""Definitions of tables whose names mean harm have the shape of those of harmless ones."""

import ast
import itertools
import json
from dataclasses import replace
from functools import cache

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from unit.engine.definitions.made_up import (
    analysis_of,
    dataset_of,
    harmless_names,
    hostile_names,
    served_job,
)
from unit.engine.reports.test_page import Shape

from windvane.domain.problem import Mode
from windvane.engine.definitions.define import NOTEBOOK, define
from windvane.engine.definitions.record import DefinedJob
from windvane.engine.tuning.search import recipes_for
from windvane.engine.tuning.strategy import Strategy
from windvane.titles import candidate_title

N_NAMES, N_BATCH = 5_000, 250
LABELS = 12
N_BATCHES = N_NAMES // N_BATCH
BATCHES = [
    *(0, N_BATCHES // 2),
    *(pytest.param(i, marks=pytest.mark.long) for i in range(N_BATCHES) if i % (N_BATCHES // 2)),
]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("definitions")


def batch(number):
    """Names, labels and a job's name; every name of the corpus is a column's once."""
    names = hostile_names(N_NAMES)
    own = names[number * N_BATCH :][:N_BATCH]
    return own, tuple(own[:LABELS]), own[number]


@pytest.fixture(scope="session")
def defined(folder):
    """(batch) -> its definitions; of None, those of harmless names."""

    @cache
    def of(number):
        if number is None:
            own = harmless_names(N_BATCH)
            labels, job = tuple(own[:LABELS]), "churn"
        else:
            own, labels, job = batch(number)
        dataset = dataset_of(folder / str(number), analysis_of(own, labels))
        return define(dataset, served_job(job))

    return of


def notebook_in(made):
    return nbformat.reads(made[NOTEBOOK].decode(), as_version=4)


class _Blank(ast.NodeTransformer):
    def visit_Constant(self, node):
        return ast.Constant(None)


def shape_of(source):
    return ast.dump(_Blank().visit(ast.parse(source)))


def sources(made):
    return {path: content.decode() for path, content in made.items() if path.endswith(".py")}


def assigned(source):
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and node.targets[0].id.isupper()
    }


@pytest.mark.parametrize("number", BATCHES)
def test_code_cells_keep_their_shape_whatever_the_names(number, defined):
    hostile, harmless = notebook_in(defined(number)), notebook_in(defined(None))
    nbformat.validate(hostile)
    assert [cell.cell_type for cell in hostile.cells] == [cell.cell_type for cell in harmless.cells]
    for one, other in zip(hostile.cells, harmless.cells, strict=True):
        if one.cell_type == "code":
            assert shape_of(one.source) == shape_of(other.source)
            assert TransformerManager().transform_cell(one.source).rstrip() == one.source


@pytest.mark.parametrize("number", BATCHES)
def test_text_cells_hold_no_markup_of_others(number, defined):
    hostile, harmless = notebook_in(defined(number)), notebook_in(defined(None))
    for one, other in zip(hostile.cells, harmless.cells, strict=True):
        if one.cell_type == "markdown":
            check_text(one.source, other.source)
    readme = "generated_module/README.md"
    check_text(defined(number)[readme].decode(), defined(None)[readme].decode())


def check_text(hostile, harmless):
    assert Shape(hostile).elements == []
    for sign in ("<", "](", "$", "`", "*", "#", "|", "\n"):
        known = harmless.count(sign) + (hostile.count("&#") - harmless.count("&#")) * (sign == "#")
        assert hostile.count(sign) == known, sign


@pytest.mark.parametrize("number", BATCHES)
def test_modules_keep_their_shape_and_name_every_column(number, defined):
    names, labels, _ = batch(number)
    hostile, harmless = sources(defined(number)), sources(defined(None))
    assert hostile.keys() == harmless.keys()
    for path, source in hostile.items():
        assert shape_of(source) == shape_of(harmless[path]), path
        if "/dpp" in path:
            facts = assigned(source)
            assert facts["HEADER"] == names
            assert facts["TARGET"] == names[0]
            assert facts["LABELS"] == list(labels)
            assert list(facts["COLUMN_TYPES"]) == names[1:]
            assert all(line.isprintable() for line in source.split("\n"))


def test_the_job_stands_in_the_code_as_it_is(defined):
    _, _, name = batch(0)
    [facts] = [
        assigned(cell.source)
        for cell in notebook_in(defined(0)).cells
        if cell.cell_type == "code" and cell.source.startswith("RUN_ON")
    ]
    assert facts["JOB"]["name"] == name
    for part in ("short", "folder"):
        assert facts["JOB"][part].replace("-", "").isalnum()
    assert set(facts["JOB"]["images"]) >= {"sklearn-automl", "lightgbm", "mlp"}


def test_the_shape_would_show_code_that_a_name_brought():
    assert shape_of("a = 'x'") == shape_of("a = 'y'")
    assert shape_of("a = ''; import os") != shape_of("a = 'y'")


def test_the_same_table_and_job_give_the_same_bytes(folder):
    dataset = dataset_of(folder / "same", analysis_of(harmless_names(9)))
    assert define(dataset, served_job()) == define(dataset, served_job())


@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c"), ()])
def test_there_is_a_module_for_each_recipe_and_a_pair_of_cells_for_each_pipeline(labels, folder):
    analysis = analysis_of(harmless_names(9), labels)
    made = define(dataset_of(folder / f"kinds-{len(labels)}", analysis), served_job())
    recipes = {path.rsplit("/", 1)[1][:-3] for path in made if "/dpp" in path}
    assert recipes == set(recipes_for(analysis))
    cells = notebook_in(made).cells
    for before, cell in itertools.pairwise(cells):
        if cell.source.startswith("automl.add("):
            arguments = {
                one.arg: ast.literal_eval(one.value)
                for one in ast.parse(cell.source, mode="eval").body.keywords
            }
            number = int(arguments["name"].rpartition("-")[2])
            title = candidate_title(arguments["algorithm"], number)
            assert before.source.startswith(f"#### {title}\n\n**Name:** `{arguments['name']}`\n")
            assert f"**Rationale:** {arguments['why']}." in before.source
            assert arguments["recipe"] in recipes
            for name in (*arguments["hyperparameters"], *arguments["ranges"]):
                assert f"| `{name}` |" in before.source


def test_the_sections_come_in_the_known_order(defined):
    headings = [
        line.lstrip("#").strip()
        for cell in notebook_in(defined(None)).cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("#") and not line.startswith("####")
    ]
    assert headings == [
        "Candidate definitions",
        "Sagemaker Setup",
        "Downloading Generated Modules",
        "Job and S3 Configuration",
        "Candidate Pipelines",
        "Generated Candidates",
        "Selected Candidates",
        "Executing the Candidate Pipelines",
        "Run Data Transformation Steps",
        "Multi Algorithm Hyperparameter Tuning",
        "Model Selection and Deployment",
        "Tuning Job Result Overview",
        "Linking Best Training Job with Feature Pipelines",
        "Rerun a Candidate of the Job's Leaderboard",
        "Deploying Best Pipeline",
    ]


def test_nothing_but_the_standard_library_boto3_and_windvane_is_imported(defined):
    import sys

    allowed = set(sys.stdlib_module_names) | {"boto3", "windvane", "autopilot_run"}
    cells = notebook_in(defined(None)).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    for source in (*code, *sources(defined(None)).values()):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                assert {one.name.split(".")[0] for one in node.names} <= allowed
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert node.module.split(".")[0] in allowed


def test_windvane_is_imported_by_local_runs_alone(defined):
    for path, source in sources(defined(None)).items():
        if not path.endswith("/local.py"):
            assert "import windvane" not in source
            assert "from windvane" not in source


def test_a_job_without_a_service_runs_locally(folder):
    dataset = dataset_of(folder / "local", analysis_of(harmless_names(9)))
    made = define(dataset, DefinedJob("bank", None, 60.0, dataset=str(dataset)))
    facts = assigned(notebook_in(made).cells[2].source)
    assert facts["RUN_ON"] == "local"
    assert facts["DATASET_FOLDER"] == str(dataset)
    assert facts["JOB"]["modules"] is None
    assert facts["JOB"]["max_candidates"] is None


def test_of_a_large_table_candidates_learn_from_as_many_rows_as_the_search_would(folder):
    analysis = analysis_of(harmless_names(40), n_rows=2_000_000)
    made = define(dataset_of(folder / "large", analysis), served_job())
    text = json.dumps([cell.source for cell in notebook_in(made).cells])
    assert "rows=100000" in text
    assert "a random sample of 100,000" in text


def test_a_job_that_is_limited_to_algorithms_defines_those_alone_and_says_so(folder):
    names = harmless_names(6)
    dataset = dataset_of(folder / "limited", analysis_of(names, ("no", "yes")))
    strategy = Strategy(Mode.TUNING, ("mlp", "linear-learner"))
    notebook = notebook_in(define(dataset, replace(served_job("churn"), strategy=strategy)))
    text = "\n".join(cell.source for cell in notebook.cells)
    added = [cell.source for cell in notebook.cells if cell.source.startswith("automl.add(")]
    assert added
    assert all("linear-learner" in one or "mlp" in one for one in added)
    assert "xgboost" not in text
    assert "HYPERPARAMETER" in text
