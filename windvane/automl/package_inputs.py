"""What a candidate is packed from: models, and the recipes that they take their features from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from windvane.automl import names
from windvane.automl.exchange import Exchange
from windvane.automl.folders import Folders
from windvane.engine.candidate_io import CandidateRecord, read_candidate


@dataclass(frozen=True)
class PackageInputs:
    """The folders that one candidate is packed from. Its record, and those of its members, are in the folder.

    refits    indices of those whose models are of all rows
    """

    folders: Folders
    index: int
    refits: Collection[int] = ()

    @cached_property
    def candidates(self) -> dict[int, Path]:
        """Folders of the candidate and, of an ensemble, its members, by their indices."""
        members = read_candidate(self._folder(self.index)).outcome.members
        return {index: self._folder(index) for index in (self.index, *members)}

    @cached_property
    def records(self) -> dict[int, CandidateRecord]:
        """Their records, by their indices."""
        return {index: read_candidate(folder) for index, folder in self.candidates.items()}

    @property
    def features(self) -> dict[str, Path]:
        """Folders of the recipes that the models take features from, by their names."""
        plans = (record.plan for record in self.records.values())
        recipes = {plan.recipe for plan in plans if plan is not None and plan.recipe}
        return {recipe: self.folders.features(recipe) for recipe in sorted(recipes)}

    def names(self) -> Iterator[str]:
        """Yield names of the models and recipes of a candidate of which none is refitted."""
        for index, record in self.records.items():
            if record.plan is not None or record.outcome.second_layer:
                yield from names.answering(index)
            if record.plan is not None and record.plan.recipe:
                yield names.fit(record.plan.recipe, record.recipe_fit)[0]

    def _folder(self, index: int) -> Path:
        return self.folders.refit(index) if index in self.refits else self.folders.candidate(index)


def fetch_package_inputs(exchange: Exchange, index: int) -> PackageInputs:
    """Bring into the folder what a candidate is packed from that has not been refitted.

    raises    CorruptArtifact, and whatever the exchange raises
    """
    folders = Folders(exchange.folder)
    exchange.fetch([names.outcome(index)])
    members = read_candidate(folders.candidate(index)).outcome.members
    exchange.fetch(map(names.outcome, members))
    inputs = PackageInputs(folders, index)
    exchange.fetch(inputs.names())
    return inputs
