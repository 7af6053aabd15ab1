"""The autoscaler: keeps the instances of scalable targets in step with their bounds and policies.

Level-triggered like hosting, which brings to life what is asked for here: each round settles what was begun, measures, and
begins what is due. Whatever is decided is decided again in the transaction that records it. Of servers that share a store
each scales the endpoints that it looks after, by the requests that came to all of them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from windvane.control.scaling.activities import instances_of, settle
from windvane.control.scaling.deciding import Decision, decide, has_just_failed
from windvane.control.scaling.measuring import Count, Measurements, VariantKey
from windvane.domain.deployment import Endpoint, EndpointStatus
from windvane.domain.scaling import (
    ActivityStatus,
    ScalableTarget,
    ScalingActivity,
    ScalingPolicy,
)
from windvane.errors import NewerRecord
from windvane.names import Scope
from windvane.store.base import Store, Transaction
from windvane.work.hosting.rescaling import Rescaling

_LOG = logging.getLogger(__name__)

_LOOK_S = 1.0
_TELL_AGAIN_S = 30.0

Arrivals = Callable[[], Mapping[tuple[Scope, str, str], int]]
"""Requests that came so far, by scope, lower-case endpoint name and variant."""


@dataclass(frozen=True)
class _Looked:
    """A target whose variant has instances, and whose requests are counted. Of its endpoint nothing more is kept: records of
    endpoints are long, and one may have hundreds of targets.

    capacity    instances that there are, 1 or more
    is_free     whether they can be changed now
    """

    target: ScalableTarget
    capacity: int
    is_free: bool

    @property
    def key(self) -> VariantKey:
        return self.target.arn, self.target.created

    def is_out_of_bounds(self, now: datetime) -> bool:
        """Return whether its bounds ask for a change that can be made, or tried again."""
        lies_within = self.target.min_capacity <= self.capacity <= self.target.max_capacity
        return self.is_free and not lies_within and not has_just_failed(self.target, now)


class Autoscaler:
    """`start` once, `stop` once, from any thread but its own.

    arrivals        asked in its thread
    hosts           whether the endpoint of this ARN is this server's to scale
    period_s        that requests are averaged over; a minute on AWS
    """

    def __init__(
        self,
        store: Store,
        arrivals: Arrivals,
        rescaling: Rescaling,
        clock: Callable[[], datetime],
        *,
        period_s: float = 60.0,
        hosts: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._hosts = hosts
        self._store, self._arrivals = store, arrivals
        self._clock = clock
        self._rescaling = rescaling
        self._measurements = Measurements(period_s)
        self._look_s = min(_LOOK_S, period_s / 2)
        self._tell_again: dict[str, float] = {}
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autoscaler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop scaling; what was begun is settled after the next start."""
        self._is_stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """Take one round."""
        now = self._clock()
        with self._store.snapshot() as tx:
            under_way = tx.every(ScalingActivity, (ActivityStatus.IN_PROGRESS,))
            open_ = [one for one in under_way if self._hosts(one.parent)]
            looked = _looked(tx, self._hosts)
        for activity in open_:
            with self._apart(activity.parent):
                self._settle(activity, now)
        fresh = self._measure(looked, now)
        for one in looked:
            if one.key in fresh or one.is_out_of_bounds(now):
                with self._apart(one.target.parent):
                    self._scale(one, now)
        there = {one.target.parent for one in looked} | {one.parent for one in open_}
        self._tell_again = {arn: at for arn, at in self._tell_again.items() if arn in there}

    def _run(self) -> None:
        while not self._is_stopping.wait(self._look_s):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - the end of a round: scaling goes on whatever happens
                _LOG.exception("A round of scaling failed; the next one tries again.")

    @contextmanager
    def _apart(self, arn: str) -> Iterator[None]:
        """What concerns one endpoint alone: if it goes wrong, a later round tries again. It is told of once in a while."""
        try:
            yield
        except Exception:  # noqa: BLE001 - the end of one endpoint's part of a round
            now = time.monotonic()
            if now >= self._tell_again.get(arn, now):
                _LOG.exception("%s cannot be scaled; it is tried again and again.", arn)
                self._tell_again[arn] = now + _TELL_AGAIN_S

    def _settle(self, activity: ScalingActivity, now: datetime) -> None:
        with self._store.transaction() as tx:
            current = tx.find(ScalingActivity, activity.scope, activity.name)
            if current is not None and current.status is ActivityStatus.IN_PROGRESS:
                settle(tx, current, now)

    def _measure(self, looked: Sequence[_Looked], now: datetime) -> set[VariantKey]:
        """Return the targets that policies have something new to go by."""
        arrivals = self._arrivals() if looked else {}
        counts: dict[VariantKey, Count] = {}
        for one in looked:
            place = one.target.scope, one.target.endpoint.lower(), one.target.variant
            counts[one.key] = Count(arrivals.get(place, 0), one.capacity)
        return self._measurements.observe(counts, now)

    def _scale(self, looked: _Looked, now: datetime) -> None:
        def decided(tx: Transaction, target: ScalableTarget, capacity: int) -> Decision | None:
            policies = tx.children(ScalingPolicy, target.arn)
            points = self._measurements.points((target.arn, target.created))
            return decide(target, policies, capacity, points, now)

        self._rescaling.carry_out(looked.target, decided, now)


def _looked(tx: Transaction, hosts: Callable[[str], bool]) -> Sequence[_Looked]:
    """Each endpoint that this server looks after is read once."""
    targets_of: dict[str, list[ScalableTarget]] = {}
    for target in tx.every(ScalableTarget, ("",)):
        targets_of.setdefault(target.parent, []).append(target)
    own = {arn: targets for arn, targets in targets_of.items() if hosts(arn)}
    return [one for arn, targets in own.items() for one in _running(tx, arn, targets)]


def _running(tx: Transaction, arn: str, targets: Sequence[ScalableTarget]) -> Iterator[_Looked]:
    """Yield the targets of an endpoint whose variants have instances; none of one that a newer version has written."""
    try:
        endpoint = tx.by_arn(Endpoint, arn)
    except NewerRecord:
        return
    if endpoint is None:
        return
    is_free = endpoint.status is EndpointStatus.IN_SERVICE
    for target in targets:
        if capacity := instances_of(endpoint, target.variant):
            yield _Looked(target, capacity, is_free)
