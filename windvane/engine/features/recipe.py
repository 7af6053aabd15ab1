"""A fitted recipe: transformers side by side, saved as JSON and arrays, executed without a DataFrame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from windvane.engine.arrays import Arrays, read_arrays, write_arrays
from windvane.engine.checked import MOST_FEATURES, text_in, texts_in
from windvane.engine.columns import Columns, ColumnType, FloatMatrix
from windvane.engine.features import categorical, dates, numeric, text, text_scores
from windvane.engine.features.base import ColumnTransformer, Feature, Value
from windvane.engine.features.interactions import Interactions
from windvane.engine.features.wide import RowMaker
from windvane.engine.manifest import read_json, write_json
from windvane.errors import CorruptArtifact

TRANSFORMERS: tuple[type[ColumnTransformer], ...] = (
    numeric.Number,
    numeric.FilledNumber,
    numeric.ScaledNumber,
    numeric.RobustNumber,
    numeric.NumberRank,
    *categorical.CATEGORY_TABLES,
    dates.DateParts,
    dates.FilledDateParts,
    dates.DateCycles,
    text.TextShape,
    text.TextTopics,
    text_scores.TextScores,
)

_TAKES: dict[type[ColumnTransformer], frozenset[ColumnType]] = {
    **dict.fromkeys(TRANSFORMERS, frozenset({ColumnType.NUMERIC})),
    **dict.fromkeys(categorical.CATEGORY_TABLES, frozenset({ColumnType.CATEGORICAL})),
    **dict.fromkeys(
        (dates.DateParts, dates.FilledDateParts, dates.DateCycles),
        frozenset({ColumnType.DATETIME}),
    ),
    **dict.fromkeys(
        (text.TextShape, text.TextTopics, text_scores.TextScores), frozenset({ColumnType.TEXT})
    ),
}
_OF_PAIRS = frozenset({ColumnType.NUMERIC, ColumnType.DATETIME})

_BY_KIND = {transformer.kind: transformer for transformer in TRANSFORMERS}


class Recipe:
    """All columns of a table to one matrix.

    steps         raw column and fitted transformer, in the order of the matrix
    dropped       raw column -> why nothing of it is in the matrix
    interactions  features of two columns, after all others
    """

    def __init__(
        self,
        name: str,
        steps: Sequence[tuple[str, ColumnTransformer]],
        dropped: Mapping[str, str],
        interactions: Interactions | None = None,
    ) -> None:
        self.name = name
        self.steps = tuple(steps)
        self.dropped = dict(dropped)
        self.interactions = interactions or Interactions(())
        self._features = (
            *(feature for _, transformer in steps for feature in transformer.features()),
            *self.interactions.features(),
        )
        self._sources = tuple(
            dict.fromkeys(source for feature in self._features for source in feature.sources)
        )
        self._make_row = RowMaker(self.steps, self.interactions.transform_row, len(self._features))

    @property
    def features(self) -> Sequence[Feature]:
        return self._features

    def takes(self) -> Iterator[tuple[str, frozenset[ColumnType]]]:
        """Yield each raw column with the types that it may have."""
        for source, transformer in self.steps:
            yield source, _TAKES[type(transformer)]
        for pair in self.interactions.pairs:
            yield pair.first, _OF_PAIRS
            yield pair.second, _OF_PAIRS

    def transform(self, columns: Columns) -> FloatMatrix:
        """Return (n_rows, n_features), missing as NaN where the recipe's learners take NaN."""
        n_rows = len(columns[self.steps[0][0]])
        if n_rows == 1:
            return self.transform_row({s: columns[s].item(0) for s in self._sources})
        made = np.empty((n_rows, len(self._features)), np.float32)
        start = 0
        for source, transformer in self.steps:
            part = transformer.transform(columns[source])
            made[:, start : start + part.shape[1]] = part
            start += part.shape[1]
        made[:, start:] = self.interactions.transform(columns, n_rows)
        return made

    def transform_row(self, values: Mapping[str, Value]) -> FloatMatrix:
        """Return one row, (1, n_features): exactly what `transform` makes of it, in microseconds."""
        return self._make_row(values)

    def save(self, folder: Path) -> None:
        """recipe.json and recipe.npz into an existing folder."""
        arrays: Arrays = {}
        entries = []
        for number, (source, transformer) in enumerate(self.steps):
            state, own = transformer.state()
            entries.append(
                {
                    "source": source,
                    "kind": transformer.kind,
                    "state": state,
                    "arrays": sorted(own),
                }
            )
            arrays |= {f"{number}.{key}": array for key, array in own.items()}
        document = {
            "name": self.name,
            "steps": entries,
            "dropped": self.dropped,
            "interactions": self.interactions.state(),
        }
        write_json(folder / "recipe.json", document)
        write_arrays(folder / "recipe.npz", arrays)


def load_recipe(folder: Path) -> Recipe:
    """Load a fitted recipe.

    raises    CorruptArtifact
    """
    file = folder / "recipe.json"
    document = read_json(file)
    arrays = read_arrays(folder / "recipe.npz")
    try:
        steps = []
        for number, entry in enumerate(document["steps"]):
            own = {key: arrays[f"{number}.{key}"] for key in texts_in(entry, "arrays")}
            source, kind = text_in(entry, "source"), text_in(entry, "kind")
            steps.append((source, _BY_KIND[kind].from_state(entry["state"], own)))
        interactions = Interactions.from_state(document.get("interactions", ()))
        recipe = Recipe(text_in(document, "name"), steps, dict(document["dropped"]), interactions)
    except CorruptArtifact as error:
        raise CorruptArtifact(f"{file}: {error}") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise CorruptArtifact(f"{file} does not describe a recipe: {error!r}.") from error
    for source, transformer in steps:
        if any(feature.source != source for feature in transformer.features()):
            raise CorruptArtifact(
                f"{file} describes a step on {source!r} that takes another column."
            )
    if len(recipe.features) > MOST_FEATURES:
        raise CorruptArtifact(
            f"{file} describes {len(recipe.features)} features; {MOST_FEATURES} are the most there may be."
        )
    if not steps:
        raise CorruptArtifact(f"{file} describes a recipe without steps.")
    return recipe
