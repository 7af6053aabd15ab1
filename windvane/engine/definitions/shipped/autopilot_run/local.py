"""Runs candidates on this machine with windvane's engine: no service, no S3."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from .candidates import COMPLETED, Again, Candidate, Result, ensemble_of


class Local:
    """The dataset folder of a job, and a folder for what is made of it.

    job      the notebook's literal of that name
    dataset  written by the job; leaderboard.json and candidates/ of a job that was kept lie beside it
    into     a folder for this run
    raises   FileNotFoundError if the dataset is not there
    """

    at_once = 1

    def __init__(self, job: Mapping[str, Any], dataset: Path, into: Path) -> None:
        if not (dataset / "analysis.json").is_file():
            raise FileNotFoundError(
                f"{str(dataset)!r} is not a dataset folder. Set DATASET_FOLDER, or the "
                "environment variable WINDVANE_NOTEBOOK_DATASET, to the folder `dataset` that "
                "the job wrote."
            )
        self._job, self._dataset, self._into = job, dataset, into
        self._n_trained = 0

    def fit(self, recipe: str, features: Mapping[str, str], max_s: float) -> str:  # noqa: ARG002 - as the service's
        """Fit the transformers of a recipe on all rows; the folder they are written to. Those of folds are added when a
        candidate first needs them.

        raises    RuntimeError if they cannot be fitted
        """
        from windvane.engine.candidate_io import FULL_FIT
        from windvane.engine.stages import fit_features
        from windvane.errors import CandidateFault, DataFault

        folder = self._features(features)
        try:
            fit_features(self._table(features), features["_recipe"], folder, [FULL_FIT])
        except (CandidateFault, DataFault) as fault:
            raise RuntimeError(f"The transformers of {recipe}: {fault}") from fault
        return str(folder)

    def train(self, candidates: Sequence[Candidate], max_s: float) -> list[Result]:
        """Train and score candidates one after the other; what came of each."""
        return [self._trained(one, max_s / len(candidates)) for one in candidates]

    def combine(
        self,
        members: Sequence[Result],
        weights: Sequence[float],
        number: int,
        max_s: float,  # noqa: ARG002 - as the service's
    ) -> Result:
        """Score the weighted mean of results; what came of it."""
        from windvane.engine.rerun import rerun_ensemble
        from windvane.errors import CandidateFault

        candidate, folder = ensemble_of(members, weights, number), self._next_folder()
        folders = {i: Path(one.place) for i, one in enumerate(members, 1)}
        weighted = dict(enumerate(weights, 1))
        started = time.monotonic()
        table = self._table(candidate.features)
        try:
            outcome = rerun_ensemble(table, folders, weighted, len(folders) + 1, folder)
        except CandidateFault as fault:
            return Result(candidate, "Failed", None, str(folder), reason=str(fault))
        seconds = time.monotonic() - started
        place = str(folder)
        return Result(
            candidate, COMPLETED, outcome.objective, place, seconds=seconds, members=tuple(members)
        )

    def leaders(self) -> list[str]:
        """Indices of the job's finished candidates, best first; none if it kept none."""
        return [str(one["index"]) for one in self._finished()]

    def again(self, name: str) -> Again:
        """Train a candidate of the leaderboard once more; of an ensemble, its members, weighted as before.

        raises    RuntimeError if one of them fails
        """
        from windvane.engine.rerun import rerun_ensemble
        from windvane.errors import CandidateFault

        entries = {str(one["index"]): one for one in self._finished()}
        before = self._score(entries[name])
        weights = entries[name]["outcome"]["members"] or {name: 1.0}
        folders = {int(member): self._next_folder() for member in weights}
        try:
            scores = [self._same(entries[str(one)], into) for one, into in folders.items()]
            if entries[name]["plan"] is not None:
                return Again(name, str(folders[int(name)]), before, scores[0])
            into = self._next_folder()
            weighted = {int(member): weight for member, weight in weights.items()}
            layer = entries[name]["outcome"].get("second_layer", {})
            outcome = rerun_ensemble(self._dataset, folders, weighted, int(name), into, layer)
        except CandidateFault as fault:
            raise RuntimeError(f"Candidate {name} could not be rerun: {fault}") from fault
        return Again(name, str(into), before, outcome.objective)

    def deploy(self, result: Result, endpoint: str) -> str:  # noqa: ARG002 - as the service's
        """Return the folder with the packages `transformers` and `model`, which windvane answers from."""
        from windvane.engine.stages import assemble

        into, parts = self._next_folder(), result.members or (result,)
        folders = {i: Path(one.place) for i, one in enumerate(parts, 1)}
        features = {one.candidate.recipe: self._features(one.candidate.features) for one in parts}
        index = len(folders)
        if result.members:
            index += 1
            folders[index] = Path(result.place)
        assemble(self._table(result.candidate.features), features, folders, index, into)
        return str(into)

    def _trained(self, candidate: Candidate, max_s: float) -> Result:
        from windvane.engine.plan_text import plan_of
        from windvane.engine.rerun import rerun
        from windvane.errors import CandidateFault

        started, folder = time.monotonic(), self._next_folder()
        try:
            plan, folds = plan_of(candidate.algorithm, candidate.sent(self._job["folds"]))
            table, features = self._table(candidate.features), self._features(candidate.features)
            outcome = rerun(table, plan, folds, features, folder, max_s)
        except CandidateFault as fault:
            seconds = time.monotonic() - started
            return Result(candidate, "Failed", None, str(folder), "", str(fault), seconds)
        seconds = time.monotonic() - started
        return Result(candidate, COMPLETED, outcome.objective, str(folder), seconds=seconds)

    def _same(self, entry: Mapping[str, Any], into: Path) -> float:
        """Train an entry of the leaderboard with its own plan on as many folds, as far as time let it go; its score."""
        from windvane.engine.candidates import Plan
        from windvane.engine.rerun import rerun

        outcome = entry["outcome"]
        plan = Plan(**{**entry["plan"], "stops": outcome.get("stops", {})})
        features = self._features({"_recipe": plan.recipe})
        return rerun(self._dataset, plan, outcome["folds_used"], features, into).objective

    def _score(self, entry: Mapping[str, Any]) -> float:
        """Return the objective of an entry as training it once more measures it: of an ensemble by the weights it has."""
        from windvane.domain.problem import MetricName
        from windvane.engine.candidate_io import outcome_from_json

        return outcome_from_json(entry["outcome"]).ranked_by(MetricName(self._job["metric"]))

    def _finished(self) -> list[dict[str, Any]]:
        file = self._dataset.parent / "leaderboard.json"
        if not file.is_file():
            return []
        entries: list[dict[str, Any]] = json.loads(file.read_text())["candidates"]
        return [one for one in entries if one["outcome"] is not None]

    def _table(self, features: Mapping[str, str]) -> Path:
        """Return the dataset folder without the columns that a recipe leaves out."""
        from windvane.engine.plan_text import columns_without
        from windvane.engine.rerun import leave_out

        into = self._into / f"dataset{_tag(features)}"
        return into if into.exists() else leave_out(self._dataset, columns_without(features), into)

    def _features(self, features: Mapping[str, str]) -> Path:
        """Return one folder for the same recipe of the same columns."""
        folder = self._into / "features" / f"{features['_recipe']}{_tag(features)}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        return folder

    def _next_folder(self) -> Path:
        self._n_trained += 1
        folder = self._into / "candidates" / str(self._n_trained)
        folder.parent.mkdir(parents=True, exist_ok=True)
        return folder


def _tag(features: Mapping[str, str]) -> str:
    """Return the tag of the columns left out; "" if there are none."""
    left_out = features.get("_without", "")
    return f"-{sha256(left_out.encode()).hexdigest()[:12]}" if left_out else ""
