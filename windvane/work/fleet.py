"""The model processes of one generation of one endpoint: their artefacts, their places, their leaving."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from windvane.domain.deployment import Deployed
from windvane.errors import WindvaneError
from windvane.serving.model import check_shape
from windvane.serving.pool import ANSWER_S
from windvane.serving.process import ModelProcess
from windvane.serving.router import VariantRoute
from windvane.work.endpoint_log import Tell, untold
from windvane.work.place import Means, Place

_LOG = logging.getLogger(__name__)

_MAX_DEATHS_AT_LOAD = 3
_LEAVE_S = ANSWER_S + 5.0

Download = Callable[[Sequence[str], Path], None]
"""Puts the artefacts of these ModelDataUrls into a folder."""


class Fleet:
    """Belongs to the hosting thread.

    failure    why it will never be ready; "" while it may
    was_ready  whether every instance was up at once
    """

    def __init__(
        self, key: str, folder: Path, logs: Path, means: Means, tell: Tell = untold
    ) -> None:
        self.folder = folder
        self.failure = ""
        self.was_ready = False
        self._key = key
        self._logs = logs
        self._means = means
        self._tell = tell
        self._deployed: tuple[Deployed, ...] = ()
        self._places: dict[tuple[str, int], Place] = {}
        self._leavers: list[_Leaver] = []
        self._preparation: _Preparation | None = None

    def prepare(self, download: Download, deployed: Sequence[Deployed]) -> None:
        """Begin to fetch what the instances need; to be called once, before the first `tick`."""
        self._preparation = _Preparation(download, deployed, self.folder, self._means.wake)

    def want(self, deployed: tuple[Deployed, ...], now: float) -> None:
        """From now on these variants with these numbers of instances; () lets all go."""
        if deployed == self._deployed:
            return
        self._deployed = deployed
        before = self._places
        self._places = {}
        for one in deployed:
            for number in range(one.variant.instance_count):
                at = (one.variant.name, number)
                self._places[at] = before.pop(at) if at in before else self._new_place(one, number)
        for place in before.values():
            process = place.vacate()
            if process is not None:
                self._leavers.append(_Leaver(process, now + _LEAVE_S))

    @property
    def is_ready(self) -> bool:
        return bool(self._places) and all(place.seat for place in self._places.values())

    @property
    def is_gone(self) -> bool:
        is_busy = self._preparation is not None and not self._preparation.is_over
        return not (self._places or self._leavers or is_busy)

    @property
    def n_up(self) -> int:
        return sum(place.seat is not None for place in self._places.values())

    @property
    def n_wanted(self) -> int:
        return len(self._places)

    def tick(self, now: float) -> None:
        """Look after every process once."""
        self._see_off(now)
        if self.failure or self._preparation is None or not self._preparation.is_over:
            return
        self.failure = self._preparation.failure
        for (variant, _), place in self._places.items():
            if not self.failure:
                place.tick(now, self._means)
                self._judge(variant, place)
        self.was_ready = self.was_ready or self.is_ready

    def routes(self) -> tuple[VariantRoute, ...]:
        return tuple(
            VariantRoute(
                key=f"{self._key}/{one.variant.name}",
                name=one.variant.name,
                weight=one.variant.weight,
                size=one.variant.instance_count,
                primary="primary" if len(one.containers) == 1 else "container-1",
                seats=tuple(
                    place.seat
                    for (variant, _), place in self._places.items()
                    if place.seat is not None and variant == one.variant.name
                ),
            )
            for one in self._deployed
        )

    def descriptors(self) -> Iterator[int]:
        """What becomes readable when there is something for `tick` to see."""
        for place in self._places.values():
            yield from place.descriptors()
        for leaver in self._leavers:
            yield leaver.process.pidfd

    def next_start(self) -> float:
        """When a place that waits for its back-off is to be filled; infinity if none waits."""
        is_prepared = self._preparation is not None and self._preparation.is_over
        if self.failure or not is_prepared:
            return float("inf")
        empty = (place for place in self._places.values() if place.process is None)
        return min((place.not_before for place in empty), default=float("inf"))

    def kill(self) -> None:
        """End every process now."""
        self.want((), 0.0)
        self._see_off(float("inf"))

    def _new_place(self, deployed: Deployed, number: int) -> Place:
        log = self._logs / f"{deployed.variant.name}-{number}.log"
        tell = partial(self._tell, deployed.variant.name, number)
        return Place(deployed, number, self.folder, log, tell)

    def _judge(self, variant: str, place: Place) -> None:
        if self.was_ready:
            return
        why = place.refusal
        if place.deaths >= _MAX_DEATHS_AT_LOAD:
            why = place.last_words
        if why:
            self.failure = f"Production variant {variant} could not be started: {why}"

    def _see_off(self, now: float) -> None:
        for leaver in list(self._leavers):
            if leaver.process.exit_code() is not None or now >= leaver.until:
                leaver.process.close()
                self._leavers.remove(leaver)


@dataclass(eq=False)
class _Leaver:
    """A process that finishes what it is at; ended at `until` at the latest."""

    process: ModelProcess
    until: float


class _Preparation:
    """Checks the containers and fetches their artefacts in a thread of its own, which may be slow."""

    def __init__(
        self,
        download: Download,
        deployed: Sequence[Deployed],
        folder: Path,
        wake: Callable[[], None],
    ) -> None:
        self.is_over = False
        self.failure = ""
        self._download = download
        self._deployed = deployed
        self._folder = folder
        self._wake = wake
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
            self._download([c.model_data_url for c in one.containers], self._folder)
        except WindvaneError as error:
            self._fail(one, str(error))
        except Exception as error:  # noqa: BLE001 - the end of a thread; the endpoint carries the reason
            _LOG.exception("The artefacts of %s could not be fetched.", one.variant.model_name)
            self._fail(
                one, f"its model data could not be fetched ({type(error).__name__}: {error})."
            )

    def _fail(self, one: Deployed, why: str) -> None:
        self.failure = f"Production variant {one.variant.name} could not be started: {why}"
