"""The candidate definition notebook: what the candidates of a table are, why, and the code that trains them.

Of a table's names code holds literals alone (literals.py), and text holds what `markdown` makes of them. All other cells
are fixed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from windvane.domain.images import TRANSFORMERS, image_uri
from windvane.domain.problem import Mode
from windvane.engine.data.analysis import Analysis
from windvane.engine.definitions import cells, words
from windvane.engine.definitions.literals import Plain, assignments, call
from windvane.engine.definitions.pipelines import Pipeline
from windvane.engine.definitions.record import DefinedJob
from windvane.engine.features.cards import RecipeCard, recipe_card
from windvane.engine.learners.space import Categorical, Dimension, Integer
from windvane.engine.reports.ipynb import Cell, code_cell, notebook_file, text_cell
from windvane.engine.reports.notebook import markdown
from windvane.engine.tuning.pacing import most_folds
from windvane.titles import candidate_title

_ENSEMBLE = "ensemble"
"""Its image; it is no algorithm of a pipeline."""

_LONGEST_NAME = 63


def notebook_of(
    analysis: Analysis, job: DefinedJob, defined: Sequence[Pipeline], modules: Sequence[str]
) -> str:
    """Return the file, the same for the same table and job.

    modules    paths below the folder of the generated modules
    """
    made = [
        text_cell(_head(analysis, job)),
        text_cell(cells.SETUP),
        code_cell(assignments(_facts(analysis, job, defined, modules))),
        code_cell(cells.SWITCHES_CODE),
        *_pair(cells.DOWNLOADING, cells.DOWNLOADING_CODE),
        *_pair(cells.CONFIGURATION, cells.CONFIGURATION_CODE),
        text_cell(cells.GENERATED),
        *(cell for one in defined for cell in _pair(_described(analysis, one), _selected(one))),
        *_pair(cells.SELECTED, cells.SELECTED_CODE),
        *_pair(cells.TRANSFORMING, cells.TRANSFORMING_CODE),
        *_pair(cells.TUNING, cells.TUNING_CODE),
        *_pair(cells.SEARCH, cells.SEARCH_CODE),
        *_pair(cells.ENSEMBLE, cells.ENSEMBLE_CODE),
        *_pair(cells.RESULTS, cells.RESULTS_CODE),
        *_pair(cells.LINKING, cells.LINKING_CODE),
        *_pair(cells.AGAIN, cells.AGAIN_CODE),
        *_pair(cells.DEPLOYING, cells.DEPLOYING_CODE),
        *_pair(cells.INVOKING, cells.INVOKING_CODE),
    ]
    return notebook_file(made)


def _pair(text: str, code: str) -> tuple[Cell, Cell]:
    return text_cell(text), code_cell(code)


def _head(analysis: Analysis, job: DefinedJob) -> str:
    direction = "lower is better" if analysis.objective.is_minimized else "higher is better"
    facts = {
        "Job": job.name,
        "Columns": (
            f"{len(analysis.columns)} excluding the target, {len(analysis.features)} of them "
            "used as features"
        ),
        "Rows": f"{analysis.n_rows:,}",
        "Target": analysis.target,
        "Problem type": analysis.problem_type,
        **({"Classes": str(analysis.n_classes)} if analysis.n_classes else {}),
        "Objective": f"{analysis.objective} ({direction})",
        **({} if job.strategy.mode is Mode.AUTO else {"Mode": str(job.strategy.mode)}),
        **({"Algorithms": ", ".join(job.strategy.algorithms)} if job.strategy.algorithms else {}),
    }
    rows = [(markdown(name), markdown(value)) for name, value in facts.items()]
    return f"{cells.TITLE}\n\n{_table(('', ''), rows)}\n\n{cells.NEEDS}"


def _facts(
    analysis: Analysis, job: DefinedJob, defined: Sequence[Pipeline], modules: Sequence[str]
) -> Mapping[str, Plain]:
    """Return everything of the job and its data that the code knows, but for the candidates."""
    served = job.served
    safe = re.sub(r"[^A-Za-z0-9]+", "-", job.name).strip("-") or "job"
    about: dict[str, Plain] = {
        "name": job.name,
        "short": safe[:10].rstrip("-"),
        "folder": f"{safe[:_LONGEST_NAME]}-artifacts",
        "problem_type": analysis.problem_type,
        "n_classes": analysis.n_classes,
        "metric": analysis.objective,
        "minimize": analysis.objective.is_minimized,
        "folds": most_folds(analysis, job.max_candidates),
        "max_candidates": job.max_candidates,
        "max_runtime_s": job.max_runtime_s,
        "max_candidate_s": job.max_candidate_s,
        "region": served.scope.region if served else None,
        "role": served.role if served else None,
        "dataset": served.dataset if served else None,
        "modules": served.modules if served else None,
        "output": served.output if served else None,
        "images": _images(job, defined),
    }
    return {
        "RUN_ON": "server" if served else "local",
        "DATASET_FOLDER": job.dataset,
        "ENDPOINT_NAME": f"{safe[: _LONGEST_NAME - 12].rstrip('-')}-definitions",
        "JOB": about,
        "MODULES": modules,
    }


def _images(job: DefinedJob, defined: Sequence[Pipeline]) -> dict[str, str]:
    if job.served is None:
        return {}
    names = dict.fromkeys((TRANSFORMERS, _ENSEMBLE, *(one.plan.algorithm for one in defined)))
    return {name: image_uri(job.served.scope, name) for name in names}


def _selected(one: Pipeline) -> str:
    plan = one.plan
    return call(
        "automl.add",
        {
            "name": one.name,
            "recipe": plan.recipe,
            "algorithm": plan.algorithm,
            "hyperparameters": plan.hyperparameters,
            "ranges": {name: _range(dimension) for name, dimension in one.ranges.items()},
            "seed": plan.seed,
            "rows": plan.n_rows,
            "why": plan.why,
        },
    )


def _range(dimension: Dimension) -> dict[str, Plain]:
    if isinstance(dimension, Categorical):
        return {"options": dimension.options}
    return {**asdict(dimension), "integer": isinstance(dimension, Integer)}


def _described(analysis: Analysis, one: Pipeline) -> str:
    return "\n\n".join(_paragraphs(analysis, one, recipe_card(one.plan.recipe)))


def _paragraphs(analysis: Analysis, one: Pipeline, card: RecipeCard) -> Iterator[str]:
    """Yield all of them in our own words: no name of the table is in them."""
    plan = one.plan
    yield f"#### {candidate_title(plan.algorithm, plan.index)}"
    yield f"**Name:** `{one.name}`"
    yield f"**Rationale:** {plan.why}."
    yield f"**Features:** {card.title} (`candidate_data_processors/{card.name}.py`). {card.description}"
    yield _table(("Columns", "Number", "Transformers"), list(_uses(analysis, card)))
    yield f"**Algorithm:** {one.title}. {one.description}"
    if plan.n_rows is not None:
        yield (
            f"**Rows:** a random sample of {plan.n_rows:,} of each fold's training rows is used "
            "for training; all held-out rows are scored."
        )
    yield _table(("Hyperparameter", "Value", "Range"), list(_hyperparameters(one)))


def _uses(analysis: Analysis, card: RecipeCard) -> Iterator[tuple[str, ...]]:
    """Types of columns, how many there are, and what becomes of them."""
    counts = Counter(column.type for column in analysis.columns)
    for kind, count in sorted(counts.items()):
        column = next(column for column in analysis.columns if column.type is kind)
        names = words.transformers_of(card, column, analysis)
        told = "; ".join(f"{name}: {words.TRANSFORMERS[name]}" for name in names)
        yield kind.value, str(count), told or "not used"


def _hyperparameters(one: Pipeline) -> Iterator[tuple[str, ...]]:
    values = one.plan.hyperparameters
    for name in dict.fromkeys((*values, *one.ranges)):
        dimension = one.ranges.get(name)
        told = words.range_in_words(dimension) if dimension is not None else "fixed"
        value = f"`{values[name]}`" if name in values else "the algorithm's default"
        yield f"`{name}`", value, told


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
