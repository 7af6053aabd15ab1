"""The generated modules: one for each feature recipe, the helper that runs candidates, and what to read first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

from windvane.engine.data.analysis import Analysis
from windvane.engine.definitions import words
from windvane.engine.definitions.literals import Plain, assignments
from windvane.engine.definitions.pipelines import Pipeline
from windvane.engine.definitions.record import DefinedJob
from windvane.engine.features.cards import RecipeCard, recipe_card
from windvane.engine.reports.notebook import markdown

FOLDER = "generated_module"
PROCESSORS = "candidate_data_processors"
HELPER = "autopilot_run"

_SHIPPED = "windvane.engine.definitions.shipped"
_FIRST_LITERAL = 'RECIPE = ""\n'
_SAME_FROM_HERE = "\n# From here on every recipe's module is the same.\n"


def modules(analysis: Analysis, job: DefinedJob, defined: Sequence[Pipeline]) -> dict[str, bytes]:
    """Paths below the folder of the job's modules -> content."""
    cards = [recipe_card(name) for name in dict.fromkeys(one.plan.recipe for one in defined)]
    sources = {f"{PROCESSORS}/{card.name}.py": recipe_source(analysis, card) for card in cards}
    sources[f"{PROCESSORS}/__init__.py"] = '"""The feature recipes of the candidates."""\n'
    sources["README.md"] = _readme(analysis, job, cards)
    return {path: text.encode() for path, text in sources.items()} | _helper()


def recipe_source(analysis: Analysis, card: RecipeCard) -> str:
    """Return the module of a recipe: fixed code, and what is of the table in literals."""
    fixed = (files(_SHIPPED) / "recipe_module.py").read_text(encoding="utf-8")
    head, _, rest = fixed.partition(_FIRST_LITERAL)
    _, marker, code = rest.partition(_SAME_FROM_HERE)
    return f"{head}{assignments(_facts(analysis, card))}\n{marker}{code}"


def _facts(analysis: Analysis, card: RecipeCard) -> Mapping[str, Plain]:
    used = {
        column.name: words.transformers_of(card, column, analysis) for column in analysis.columns
    }
    used = {name: transformers for name, transformers in used.items() if transformers}
    names = dict.fromkeys(name for transformers in used.values() for name in transformers)
    return {
        "RECIPE": card.name,
        "TITLE": card.title,
        "DESCRIPTION": card.description,
        "TARGET": analysis.target,
        "LABELS": analysis.labels,
        "HEADER": [analysis.target, *(column.name for column in analysis.columns)],
        "COLUMN_TYPES": {column.name: column.type for column in analysis.columns},
        "TRANSFORMERS": used,
        "MEANINGS": {name: words.TRANSFORMERS[name] for name in names},
        "WITHOUT": [],
    }


def _helper() -> dict[str, bytes]:
    shipped = files(_SHIPPED) / HELPER
    return {
        f"{HELPER}/{one.name}": one.read_bytes()
        for one in shipped.iterdir()
        if one.name.endswith(".py")
    }


def _readme(analysis: Analysis, job: DefinedJob, cards: Sequence[RecipeCard]) -> str:
    recipes = "\n".join(
        f"- `{PROCESSORS}/{card.name}.py`: {markdown(card.title)}. {markdown(card.description)}"
        for card in cards
    )
    return f"""# Generated modules of {markdown(job.name)}

They belong to the notebook `SageMakerAutopilotCandidateDefinitionNotebook.ipynb`, which predicts
{markdown(analysis.target)} from {len(analysis.features)} columns, and need Python 3.11 and boto3 only.

{recipes}
- `{HELPER}/`: trains candidates with training jobs of the service, or on your machine with windvane; the
  search is in `draws.py`, the requests to the service are in `server.py`.

A recipe's module defines which transformers are applied to which column. They run in the service's image (or in
windvane), not in the module. To exclude columns, list them in `WITHOUT`, save, and run the notebook again from its
setup.
"""
