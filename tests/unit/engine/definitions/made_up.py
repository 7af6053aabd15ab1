"""Tables that are known by their analysis alone, and names that mean harm."""

import json
import random
from pathlib import Path

from windvane.domain.problem import MetricName, ProblemType
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analysis import Analysis
from windvane.engine.definitions.record import DefinedJob, Served
from windvane.names import Scope

FRAGMENTS = (
    "'",
    '"',
    "'''",
    '"""',
    "\\",
    "\\'",
    "\n",
    "\r\n",
    "\u2028",
    "\x0c",
    "\x00",
    "%%bash\n",
    "%run x.py",
    "!rm -rf ~",
    "\n!ls\n",
    "?",
    "x = !ls",
    "{",
    "}",
    "{0}",
    "{{ 7*7 }}",
    "{__import__('os').system('ls')}",
    "${HOME}",
    "$x^2$",
    "%s%(a)s",
    ")",
    "]",
    "#",
    "; import os",
    "\nimport os\nos.system('ls')\n",
    "`ls`",
    "```\n",
    "|",
    "\n| a | b |\n|---|---|\n",
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "</textarea>",
    "<!--",
    "]]>",
    "&lt;script&gt;",
    "[click](javascript:alert(1))",
    "![x](http://example.org/x.png)",
    "\n\n<details open ontoggle=alert(1)>\n\n",
    "# heading\n",
    "*",
    "__",
    "\u202egnp.exe\u202c",
    "\ud83d",
    "漢字",
    "العربية",
    "🙂",
    "\N{FULLWIDTH QUOTATION MARK}",
    "../../etc/passwd",
    "C:\\new\\x41",
    "\\N{BULLET}\\u0041",
    "None",
    "TARGET",
    " ",
    "a",
)


def hostile_names(count: int) -> list[str]:
    """So many different names, the same ones every time."""
    chance = random.Random(0)
    names = dict.fromkeys(FRAGMENTS)
    while len(names) < count:
        names["".join(chance.choices(FRAGMENTS, k=chance.randint(1, 4)))] = None
    return list(names)[:count]


def harmless_names(count: int) -> list[str]:
    return [f"name {i}" for i in range(count)]


def analysis_of(
    names: list[str], labels: tuple[str, ...] = ("no", "yes"), n_rows: int = 1000
) -> Analysis:
    """The first name is the target's; the others' types take turns."""
    target, *others = names
    kinds = list(ColumnType)
    columns = tuple(
        ColumnSpec(name, kinds[i % len(kinds)], "as it is") for i, name in enumerate(others)
    )
    problem_type, objective = ProblemType.REGRESSION, MetricName.MSE
    if labels:
        is_binary = len(labels) == 2
        problem_type = ProblemType.BINARY if is_binary else ProblemType.MULTICLASS
        objective = MetricName.F1 if is_binary else MetricName.ACCURACY
    return Analysis(
        target=target,
        problem_type=problem_type,
        problem_reason="as it is",
        objective=objective,
        columns=columns,
        labels=labels,
        label_type="string" if labels else "float",
        class_counts=tuple(n_rows // len(labels) for _ in labels),
        n_rows=n_rows,
        n_rows_read=n_rows,
        n_folds=5,
        seed=0,
        statistics={name: {"missing": 0, "distinct": 50} for name in others},
    )


def dataset_of(folder: Path, analysis: Analysis) -> Path:
    """A dataset folder without its cells."""
    folder.mkdir(parents=True, exist_ok=True)
    document = json.dumps(analysis.to_json(), allow_nan=False)
    (folder / "analysis.json").write_text(document, encoding="utf-8")
    return folder


def served_job(name: str = "churn", **limits) -> DefinedJob:
    root = f"s3://bucket/out/{name}"
    served = Served(
        scope=Scope("000000000000", "us-east-1"),
        role="arn:aws:iam::000000000000:role/windvane",
        dataset=f"{root}/preprocessed-data/dataset",
        modules=f"{root}/sagemaker-automl-candidates/churn-pr-1-abc/generated_module",
        output=f"{root}/notebook-runs",
    )
    return DefinedJob(
        **{
            "name": name,
            "max_candidates": 4,
            "max_runtime_s": 600,
            "max_candidate_s": 300,
            "served": served,
            **limits,
        }
    )
