"""The model processes that this server has of one generation of one endpoint: their artefacts, their places, their leaving."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from windvane.domain.deployment import Deployed
from windvane.domain.instance import InstanceState
from windvane.errors import WindvaneError
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, raised
from windvane.notes.untrusted import bounded
from windvane.process.memory import process_memory_mb
from windvane.process.ownership import lend
from windvane.serving.model import called, check_shape
from windvane.serving.pool import Demand
from windvane.serving.process import ModelProcess
from windvane.serving.routes import VariantRoute
from windvane.work.hosting.endpoint_log import Tell, untold
from windvane.work.hosting.generations import Progress, Share
from windvane.work.hosting.place import Place, ProcessSettings, owner_of, spec_of

_LOG = logging.getLogger(__name__)

_LONGEST_REASON = 1024
"""Characters of data, of the reason for a failure: hosting reads those of all endpoints several times a second."""

_LEAVE_S = 5.0
"""What a process may take longer to go than its last request."""

Download = Callable[[Deployed, Path], None]
"""Puts the artefacts of a variant's containers into a folder."""


class Fleet:
    """Belongs to the hosting thread.

    failure    why it will never be ready; None while it may
    was_ready  whether everything was up at once; known from the start of one that served in the server's last life,
               whose serverless variants need not prove that they can
    """

    def __init__(
        self,
        key: str,
        folder: Path,
        logs: Path,
        means: ProcessSettings,
        tell: Tell = untold,
        *,
        has_served: bool = False,
    ) -> None:
        self.folder = folder
        self.failure: Note | None = None
        self.was_ready = False
        self._has_served = has_served
        self._key = key
        self._logs = logs
        self._means = means
        self._tell = tell
        self._shares: tuple[Share, ...] = ()
        self._demands: dict[str, Demand] = {}
        self._places: dict[tuple[str, int], Place] = {}
        self._leavers: list[_Leaver] = []
        self._preparation: _Preparation | None = None

    def prepare(self, download: Download, deployed: Sequence[Deployed]) -> None:
        """Begin to fetch what the instances need; to be called once, before the first `tick`."""
        self._preparation = _Preparation(download, deployed, self.folder, self._means)

    def want(self, shares: tuple[Share, ...], now: float) -> None:
        """Want from now on these instances of these variants; () lets all go."""
        if shares != self._shares:
            self._shares = shares
            self._fit(now)

    @property
    def is_ready(self) -> bool:
        """Whether every process is up that has to be, whoever asks."""
        return bool(self._shares) and all(self._is_up(share) for share in self._shares)

    def progress(self, *, is_rescaling: bool) -> Progress:
        """Return how far an endpoint is all of whose instances are here.

        is_rescaling    the processes of this generation go on, with others beside them
        """
        if is_rescaling:
            return Progress(self.is_ready, self.failure or self.setback)
        return Progress(self.was_ready, self.failure)

    def state_of(self, share: Share, number: int) -> InstanceState:
        """Return what is told of an instance to the server that looks after its endpoint."""
        variant = share.deployed.variant
        place = self._places.get((variant.name, number))
        is_up = self._is_up(replace(share, numbers=(number,)))
        failure = self.failure
        if failure is None and place is not None and place.setback is not None:
            failure = _not_started(variant.name, place.setback)
        return InstanceState(is_up, failure, "" if place is None else place.why_empty)

    @property
    def setback(self) -> Note | None:
        """Why a place that was added cannot be filled; None while nothing is known against it."""
        return next((_not_started(name, why) for name, why in self._setbacks()), None)

    @property
    def is_gone(self) -> bool:
        is_busy = self._preparation is not None and not self._preparation.is_over
        return not (self._places or self._leavers or is_busy)

    @property
    def n_up(self) -> int:
        return sum(place.slot is not None for place in self._places.values())

    @property
    def n_wanted(self) -> int:
        return len(self._places)

    def tick(self, now: float) -> None:
        """Look after every process once."""
        self._see_off(now)
        if self.failure or self._preparation is None or not self._preparation.is_over:
            return
        self.failure = self._preparation.failure
        self._fit(now)
        for place in self._places.values():
            if not self.failure:
                place.tick(now, self._means)
                self.failure = None if self.was_ready else self.setback
        self.was_ready = self.was_ready or self.is_ready

    def routes(self, weights: Mapping[str, float]) -> tuple[VariantRoute, ...]:
        """Return what the router is to know.

        weights    by variant
        """
        return tuple(self._route(share, weights) for share in self._shares)

    def descriptors(self) -> Iterator[int]:
        """Yield what becomes readable when there is something for `tick` to see."""
        for place in self._places.values():
            yield from place.descriptors()
        for leaver in self._leavers:
            yield leaver.process.pidfd

    def next_start(self) -> float:
        """Return when a place that waits for its back-off is to be filled; infinity if none waits."""
        is_prepared = self._preparation is not None and self._preparation.is_over
        if self.failure or not is_prepared:
            return float("inf")
        empty = (place for place in self._places.values() if place.process is None)
        return min((place.not_before for place in empty), default=float("inf"))

    def kill(self) -> None:
        """End every process now."""
        self.want((), 0.0)
        self._see_off(float("inf"))

    def _route(self, share: Share, weights: Mapping[str, float]) -> VariantRoute:
        one = share.deployed
        name, serverless = one.variant.name, one.variant.serverless
        return VariantRoute(
            key=f"{self._key}/{name}",
            name=name,
            weight=weights.get(name, one.variant.weight),
            size=serverless.most_processes if serverless else len(share.numbers),
            primary=called(one.containers[0].hostname, 1, len(one.containers)),
            slots=tuple(
                slot
                for (variant, _), place in self._places.items()
                if variant == name and (slot := place.hand_out()) is not None
            ),
            most=serverless.max_concurrency if serverless else None,
            demand=self._demands.get(name),
            spec=spec_of(one, self.folder, self._means),
            why_down=self._why_down(name),
        )

    def _fit(self, now: float) -> None:
        """Have as many places as are wanted now."""
        before = self._places
        self._places = {}
        for share in self._shares:
            one = share.deployed
            least = self._least(share)
            for number in self._numbers(share, before, now):
                at = (one.variant.name, number)
                if at not in before and number not in least:
                    self._tell(*at, Note(NoteCode.PROCESS_ADDED))
                self._places[at] = before.pop(at) if at in before else self._new_place(one, number)
        for at, place in before.items():
            process = place.vacate()
            if process is not None:
                self._tell(*at, self._why_gone(at[0], now))
                until = now + self._means.answer_s + _LEAVE_S
                self._leavers.append(_Leaver(process, until, place.most_mb(self._means)))

    def _numbers(
        self, share: Share, before: Mapping[tuple[str, int], Place], now: float
    ) -> Sequence[int]:
        """Instances are those asked for. Serverless processes come one after the other while requests wait, and
        go together when nobody has asked for a while."""
        variant = share.deployed.variant
        if variant.serverless is None:
            return share.numbers
        demand = self._demands.setdefault(variant.name, Demand(self._means.wake))
        there = [place for (name, _), place in before.items() if name == variant.name]
        n = len(there)
        if demand.asked > n and all(place.slot for place in there):
            n += 1
        elif self._is_idle(demand, now):
            n = 0
        return range(min(max(n, len(self._least(share))), variant.serverless.most_processes))

    def _why_gone(self, variant: str, now: float) -> Note:
        is_served = any(share.deployed.variant.name == variant for share in self._shares)
        demand = self._demands.get(variant)
        is_idle = is_served and demand is not None and self._is_idle(demand, now)
        facts = {"idle_s": self._means.idle_s if is_idle else None}
        return Note(NoteCode.PROCESS_STOPPING, facts)

    def _is_idle(self, demand: Demand, now: float) -> bool:
        return not demand.asked and now - demand.last > self._means.idle_s

    def _least(self, share: Share) -> Sequence[int]:
        """Return the numbers of processes that have to be there whoever asks."""
        serverless = share.deployed.variant.serverless
        if serverless is None:
            return share.numbers
        is_proven = self.was_ready or self._has_served
        return range(max(serverless.provisioned, 0 if is_proven else 1))

    def _is_up(self, share: Share) -> bool:
        name = share.deployed.variant.name
        places = (self._places.get((name, number)) for number in self._least(share))
        return all(place is not None and place.slot for place in places)

    def _new_place(self, deployed: Deployed, number: int) -> Place:
        log = self._logs / f"{deployed.variant.name}-{number}.log"
        tell = partial(self._tell, deployed.variant.name, number)
        return Place(deployed, number, self.folder, log, tell)

    def _setbacks(self) -> Iterator[tuple[str, Note]]:
        for (variant, _), place in self._places.items():
            if why := place.setback:
                yield variant, why

    def _why_down(self, name: str) -> str:
        """Return why no process of a variant is up, nor likely to be soon; "" otherwise."""
        reasons = [
            place.why_empty for (variant, _), place in self._places.items() if variant == name
        ]
        return reasons[0] if reasons and all(reasons) else ""

    def _see_off(self, now: float) -> None:
        for leaver in list(self._leavers):
            is_over = leaver.process.exit_code() is not None or now >= leaver.until
            if is_over or process_memory_mb(leaver.process.pid) > leaver.most_mb:
                leaver.process.close()
                self._leavers.remove(leaver)


@dataclass(eq=False)
class _Leaver:
    """A process that finishes what it is at; ended at `until` at the latest, or if it holds more than `most_mb`."""

    process: ModelProcess
    until: float
    most_mb: float


class _Preparation:
    """Checks the containers and fetches their artefacts in a thread of its own, which may be slow."""

    def __init__(
        self,
        download: Download,
        deployed: Sequence[Deployed],
        folder: Path,
        means: ProcessSettings,
    ) -> None:
        self.is_over = False
        self.failure: Note | None = None
        self._download = download
        self._deployed = deployed
        self._folder = folder
        self._wake = means.wake
        self._sandbox = means.sandbox
        threading.Thread(target=self._run, name="fetch-models", daemon=True).start()

    def _run(self) -> None:
        try:
            for one in self._deployed:
                self._prepare(one)
        finally:
            self.is_over = True
            self._wake()

    def _prepare(self, one: Deployed) -> None:
        if self.failure:
            return
        try:
            check_shape([container.environment for container in one.containers])
            self._download(one, self._folder)
            if self._sandbox is not None:
                lend(self._folder, self._sandbox.user_of(owner_of(self._folder)))
        except WindvaneError as error:
            self._fail(one, error.note)
        except Exception as error:  # noqa: BLE001 - the end of a thread; the endpoint carries the reason
            _LOG.exception("The artefacts of %s could not be fetched.", one.variant.model_name)
            self._fail(one, Note(NoteCode.MODEL_NOT_FETCHED, because=raised(error)))

    def _fail(self, one: Deployed, why: Note) -> None:
        self.failure = _not_started(one.variant.name, why)


def _not_started(variant: str, why: Note) -> Note:
    facts = {"variant": variant}
    return bounded(Note(NoteCode.VARIANT_NOT_STARTED, facts, why), _LONGEST_REASON)
