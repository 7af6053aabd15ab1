"""The model processes of one generation of one endpoint: their artefacts, their places, their leaving."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from windvane.domain.deployment import Deployed, Variant
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
        self._deployed: tuple[Deployed, ...] = ()
        self._demands: dict[str, Demand] = {}
        self._places: dict[tuple[str, int], Place] = {}
        self._leavers: list[_Leaver] = []
        self._preparation: _Preparation | None = None

    def prepare(self, download: Download, deployed: Sequence[Deployed]) -> None:
        """Begin to fetch what the instances need; to be called once, before the first `tick`."""
        self._preparation = _Preparation(download, deployed, self.folder, self._means)

    def want(self, deployed: tuple[Deployed, ...], now: float) -> None:
        """From now on these variants with these numbers of instances; () lets all go."""
        if deployed != self._deployed:
            self._deployed = deployed
            self._fit(now)

    @property
    def is_ready(self) -> bool:
        """Whether every process is up that has to be, whoever asks."""
        return bool(self._deployed) and all(
            (place := self._places.get((one.variant.name, number))) is not None and place.slot
            for one in self._deployed
            for number in range(self._least(one.variant))
        )

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
        return tuple(
            VariantRoute(
                key=f"{self._key}/{one.variant.name}",
                name=one.variant.name,
                weight=weights.get(one.variant.name, one.variant.weight),
                size=one.variant.most_processes,
                primary=called(one.containers[0].hostname, 1, len(one.containers)),
                slots=tuple(
                    place.slot
                    for (variant, _), place in self._places.items()
                    if place.slot is not None and variant == one.variant.name
                ),
                most=one.variant.serverless.max_concurrency if one.variant.serverless else None,
                demand=self._demands.get(one.variant.name),
                spec=spec_of(one, self.folder, self._means),
                why_down=self._why_down(one.variant.name),
            )
            for one in self._deployed
        )

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

    def _fit(self, now: float) -> None:
        """As many places as are wanted now."""
        before = self._places
        self._places = {}
        for one in self._deployed:
            n_before = sum(variant == one.variant.name for variant, _ in before)
            for number in range(self._n_wanted(one.variant, n_before, before, now)):
                at = (one.variant.name, number)
                if at not in before and number >= self._least(one.variant):
                    self._tell(*at, Note(NoteCode.PROCESS_ADDED))
                self._places[at] = before.pop(at) if at in before else self._new_place(one, number)
        for at, place in before.items():
            process = place.vacate()
            if process is not None:
                self._tell(*at, self._why_gone(at[0], now))
                until = now + self._means.answer_s + _LEAVE_S
                self._leavers.append(_Leaver(process, until, place.most_mb(self._means)))

    def _n_wanted(
        self, variant: Variant, n_before: int, before: Mapping[tuple[str, int], Place], now: float
    ) -> int:
        """Instances are as many as asked for. Serverless processes come one after the other while requests wait, and
        go together when nobody has asked for a while."""
        if variant.serverless is None:
            return variant.instance_count
        demand = self._demands.setdefault(variant.name, Demand(self._means.wake))
        n = n_before
        are_up = all(place.slot for (name, _), place in before.items() if name == variant.name)
        if demand.asked > n and are_up:
            n += 1
        elif self._is_idle(demand, now):
            n = 0
        return min(max(n, self._least(variant)), variant.serverless.most_processes)

    def _why_gone(self, variant: str, now: float) -> Note:
        is_served = any(one.variant.name == variant for one in self._deployed)
        demand = self._demands.get(variant)
        is_idle = is_served and demand is not None and self._is_idle(demand, now)
        facts = {"idle_s": self._means.idle_s if is_idle else None}
        return Note(NoteCode.PROCESS_STOPPING, facts)

    def _is_idle(self, demand: Demand, now: float) -> bool:
        return not demand.asked and now - demand.last > self._means.idle_s

    def _least(self, variant: Variant) -> int:
        """Processes that have to be there whoever asks."""
        if variant.serverless is None:
            return variant.instance_count
        is_proven = self.was_ready or self._has_served
        return max(variant.serverless.provisioned, 0 if is_proven else 1)

    def _new_place(self, deployed: Deployed, number: int) -> Place:
        log = self._logs / f"{deployed.variant.name}-{number}.log"
        tell = partial(self._tell, deployed.variant.name, number)
        return Place(deployed, number, self.folder, log, tell)

    def _setbacks(self) -> Iterator[tuple[str, Note]]:
        for (variant, _), place in self._places.items():
            if why := place.setback:
                yield variant, why

    def _why_down(self, name: str) -> str:
        """Why no process of a variant is up, nor likely to be soon; "" otherwise."""
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
