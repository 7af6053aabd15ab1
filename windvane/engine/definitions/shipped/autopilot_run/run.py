"""One run of the notebook: the candidates selected, the limits kept, the results so far."""

from __future__ import annotations

import importlib
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .candidates import Again, Candidate, Result, best_first, table
from .draws import propose
from .local import Local
from .server import Server

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

_SMALLEST_ENSEMBLE, _USUAL_ENSEMBLE = 2, 3
_FEWEST_WITH_ENSEMBLE = 3
"""Of the candidates that a run may have: from here on one place is the ensemble's, as in the AutoML job."""

_LEAST_S = 1.0
"""Candidates for which less is left are not begun."""


class Run:
    """Trains candidates until there are as many as the job may have, or its time is over, whichever comes first. Both
    count from here on: what the AutoML job itself trained does not count, nor do candidates that are run again.

    job    the notebook's literal of that name
    where  does the work: a Server or a Local
    """

    def __init__(
        self,
        job: Mapping[str, Any],
        where: Server | Local,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job, self._where, self._clock = job, where, clock
        self._started = clock()
        self._selected: list[Candidate] = []
        self.results: list[Result] = []

    @property
    def left_s(self) -> float:
        """Seconds until the run's time is over."""
        return float(self._job["max_runtime_s"]) - (self._clock() - self._started)

    @property
    def places(self) -> float:
        """Candidates that may still be trained, an ensemble among them."""
        most = self._job["max_candidates"]
        return (math.inf if most is None else most) - len(self.results)

    @property
    def _places(self) -> float:
        """Those of them that are not kept for an ensemble."""
        most = self._job["max_candidates"]
        has_ensemble = any(one.members for one in self.results)
        is_kept = most is not None and most >= _FEWEST_WITH_ENSEMBLE and not has_ensemble
        return self.places - is_kept

    def add(
        self,
        *,
        name: str,
        recipe: str,
        algorithm: str,
        hyperparameters: dict[str, Any],
        ranges: dict[str, dict[str, Any]],
        seed: int,
        rows: int | None,
        why: str,
    ) -> None:
        """Select a candidate; one of the same name takes the place of an earlier one."""
        features = importlib.reload(importlib.import_module(f"candidate_data_processors.{recipe}"))
        candidate = Candidate(
            name=name,
            recipe=recipe,
            algorithm=algorithm,
            hyperparameters=hyperparameters,
            seed=seed,
            features=features.build_feature_transform(),
            ranges=ranges,
            rows=rows,
            why=why,
        )
        self._selected = [one for one in self._selected if one.name != name]
        self._selected.append(candidate)

    def show_selected(self) -> None:
        """Print the candidates selected, in the order in which they will run."""
        for number, one in enumerate(self._selected, 1):
            print(f"{number:>3}  {one.name}: {one.why}")

    def fit_transformers(self) -> None:
        """Fit the transformers of each recipe that will be needed, once for the same columns.

        raises    RuntimeError if the service cannot
        """
        count = len(self._selected) if math.isinf(self._places) else int(self._places)
        wanted = {str(one.features): one for one in self._selected[:count]}
        for one in wanted.values():
            place = self._where.fit(one.recipe, one.features, max(_LEAST_S, self.left_s))
            print(f"{one.recipe}: {place}")

    def run_candidates(self) -> None:
        """Train the candidates selected that have not been trained yet, as many as limits allow."""
        done = {one.candidate.name for one in self.results}
        waiting = [one for one in self._selected if one.name not in done]
        while waiting and self._may_go_on():
            batch = self._batch(len(waiting))
            self._train(waiting[:batch])
            waiting = waiting[batch:]
        for one in waiting:
            print(
                f"{one.name} was not started: the limit of candidates or time of this run is "
                "reached."
            )

    def search(self, number: int | None, seed: int = 0) -> None:
        """Train variations of what went well, as many as limits allow.

        number   at most so many; None for as many as limits allow
        """
        last = len(self.results) + (math.inf if number is None else number)
        if not any(one.score is not None for one in self.results):
            print("No candidate has finished: the search has nothing to start from.")
            return
        while len(self.results) < last and self._may_go_on():
            batch = self._batch(last - len(self.results))
            numbers = range(len(self.results) + 1, len(self.results) + batch + 1)
            minimize = bool(self._job["minimize"])
            self._train([propose(self.results, minimize, each, seed) for each in numbers])

    def combine(self, weights: Mapping[str, float] | None = None) -> None:
        """Score a weighted mean of candidates of this run as a candidate, if limits allow it.

        weights   by the candidates' names, with the sum 1; None for equal weights of the best three
        raises    LookupError for a name that has not finished in this run
        """
        if self.places < 1 or self.left_s < _LEAST_S:
            print("No ensemble was made: the limit of candidates or time of this run is reached.")
            return
        members = self._best_three() if weights is None else self._named(weights)
        if len(members) < _SMALLEST_ENSEMBLE:
            print("No ensemble was made: it needs two candidates that use the same columns.")
            return
        shares = [1 / len(members)] * len(members) if weights is None else list(weights.values())
        number = len(self.results) + 1
        self._keep(self._where.combine(members, shares, number, self.left_s))

    def _best_three(self) -> list[Result]:
        """Return the best candidates that use the same columns as the best one."""
        finished = [one for one in self.leaderboard() if one.score is not None and not one.members]
        left_out = [one.candidate.features.get("_without") for one in finished]
        alike = [one for one, names in zip(finished, left_out, strict=True) if names == left_out[0]]
        return alike[:_USUAL_ENSEMBLE]

    def _named(self, names: Iterable[str]) -> list[Result]:
        finished = {one.candidate.name: one for one in self.results if one.score is not None}
        for name in names:
            if name not in finished:
                raise LookupError(f"{name!r} has not finished in this run.")
        return [finished[name] for name in names]

    def leaderboard(self) -> list[Result]:
        """Return every result, best first."""
        return best_first(self.results, bool(self._job["minimize"]))

    def show_leaderboard(self) -> None:
        """Print it."""
        print(table(self.leaderboard(), self._job["metric"]))

    def best(self) -> Result:
        """Return the best result.

        raises    RuntimeError if no candidate finished
        """
        for one in self.leaderboard():
            if one.score is not None:
                return one
        reasons = "; ".join(one.reason for one in self.results[:3])
        raise RuntimeError(f"No candidate finished. {reasons}")

    def run_again(self, name: str | None = None) -> Again | None:
        """Run a candidate of the AutoML job's own leaderboard once more, and compare.

        name     None for the best one
        returns  None if the job trained no candidates
        raises   LookupError for a name that is not on the leaderboard; RuntimeError if it cannot be run
        """
        leaders = self._where.leaders()
        if not leaders:
            print("The job has trained no candidates: there is none to rerun.")
            return None
        wanted = leaders[0] if name is None else name
        if wanted not in leaders:
            raise LookupError(f"{wanted!r} is not on the leaderboard of the job.")
        again = self._where.again(wanted)
        print(f"{wanted}: {again.before!r} in the job, {again.now!r} now ({again.place})")
        return again

    def deploy(self, result: Result, endpoint: str) -> str:
        """Bring a result to where it answers: an endpoint, or, without a service, a folder of packages."""
        place = self._where.deploy(result, endpoint)
        print(f"{result.candidate.name}: {place}")
        return place

    def invoke(self, endpoint: str, rows: Sequence[Sequence[Any]]) -> str:
        """Return what an endpoint answers to rows.

        raises    RuntimeError without a service
        """
        return self._server().invoke(endpoint, rows)

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint.

        raises    RuntimeError without a service
        """
        self._server().delete(endpoint)

    def _server(self) -> Server:
        if isinstance(self._where, Server):
            return self._where
        raise RuntimeError("Without a service there are no endpoints.")

    def _may_go_on(self) -> bool:
        return self._places >= 1 and self.left_s >= _LEAST_S

    def _batch(self, wanted: float) -> int:
        return int(min(wanted, self._places, self._where.at_once))

    def _train(self, candidates: Sequence[Candidate]) -> None:
        own_s = self._job["max_candidate_s"]
        max_s = self.left_s if own_s is None else min(self.left_s, own_s)
        for one in self._where.train(candidates, max_s):
            self._keep(one)

    def _keep(self, one: Result) -> None:
        self.results.append(one)
        score = f"{one.status}: {one.reason!r}" if one.score is None else repr(one.score)
        print(f"{one.candidate.name}  {self._job['metric']}  {score}  ({one.place})")


def _use_one_thread() -> None:
    """The order in which several threads add numbers up would change the last digits of scores."""
    if "numpy" in sys.modules and any(os.environ.get(name) != "1" for name in _THREADS):
        print(
            "NumPy was imported before this run: scores may differ in the last digit. Restart the kernel."
        )
    os.environ.update(dict.fromkeys(_THREADS, "1"))


def open_run(job: Mapping[str, Any], run_on: str, dataset: str) -> Run:
    """Return a run whose time begins now.

    job      the notebook's literal of that name
    run_on   "server" or "local"
    dataset  the dataset folder of a local run
    raises   ValueError for another word; FileNotFoundError if a local run has no dataset
    """
    if run_on == "local":
        _use_one_thread()
        return Run(job, Local(job, Path(dataset), Path(tempfile.mkdtemp(prefix="windvane-run-"))))
    if run_on != "server":
        raise ValueError(f'RUN_ON is {run_on!r}; it must be "server" or "local".')
    import boto3

    region = job["region"]
    clients = (
        boto3.client(name, region_name=region) for name in ("sagemaker", "sagemaker-runtime")
    )
    return Run(job, Server(job, *clients))
