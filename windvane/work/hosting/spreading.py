"""Which server runs which instance: a pure function of what is wanted, what is placed, and which servers offer themselves.

Instances of a variant are on different servers where there are several, no server has more than its memory, and nothing is moved
that need not be: only from a server that leaves or is gone, and where one server has at least two instances of a variant more than
another one could have. What moves is up where it goes before it leaves where it was.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from windvane.domain.instance import PlacedInstance, Unit

VariantKey = tuple[str, int, str]
"""ARN of the endpoint in lower case, generation, name of the variant."""


@dataclass(frozen=True)
class Host:
    """A server that lives.

    memory_mb   that it offers to all instances together
    """

    id: str
    memory_mb: int
    cores: int = 1
    is_leaving: bool = False


@dataclass(frozen=True)
class Changes:
    """The changes of who runs which instances.

    added       units, and the servers that run them from now on
    removed     placements that are over
    unplaced    units that no server has room for
    """

    added: tuple[tuple[Unit, str], ...] = ()
    removed: tuple[PlacedInstance, ...] = ()
    unplaced: tuple[Unit, ...] = ()


def spread(
    wanted: Mapping[Unit, int],
    placed: Sequence[PlacedInstance],
    others: Sequence[PlacedInstance],
    hosts: Sequence[Host],
) -> Changes:
    """Return what is to be changed about the placements of some endpoints.

    wanted    memory, in MiB, that each of their units is counted with
    placed    of these endpoints, now
    others    of all other endpoints, which stay
    hosts     servers that live; placements on others are over
    """
    live = {host.id for host in hosts}
    kept: list[PlacedInstance] = []
    removed: list[PlacedInstance] = []
    for one in placed:
        (kept if one.unit in wanted and one.server in live else removed).append(one)
    board = _Board(hosts, kept, others)
    for unit in sorted(wanted):
        removed += board.without_doubles(unit)
    added, unplaced = [], []
    for unit in sorted(wanted, key=lambda one: (-wanted[one], one)):
        if board.is_homeless(unit):
            if (server := board.best_for(unit, wanted[unit])) is not None:
                added.append((unit, server))
                board.add(unit, server, wanted[unit])
            elif not board.of(unit):
                unplaced.append(unit)
    for key, units in _by_variant(wanted).items():
        if (move := board.evening_move(key, units, wanted)) is not None:
            added.append(move)
            board.add(*move, wanted[move[0]])
    return Changes(tuple(added), tuple(removed), tuple(unplaced))


class _Board:
    """The placement while changes are worked out."""

    def __init__(
        self,
        hosts: Sequence[Host],
        placed: Iterable[PlacedInstance],
        others: Iterable[PlacedInstance],
    ) -> None:
        self._staying = {host.id: host for host in hosts if not host.is_leaving}
        self._free_mb = {host.id: host.memory_mb for host in hosts}
        self._n_instances: Counter[str] = Counter()
        self._of_unit: dict[Unit, list[PlacedInstance]] = defaultdict(list)
        self._of_variant: dict[VariantKey, Counter[str]] = defaultdict(Counter)
        self._is_moving: set[VariantKey] = set()
        for one in others:
            self._count(one.server, one.memory_mb, 1)
        for one in placed:
            self._of_unit[one.unit].append(one)
            self._of_variant[_variant_of(one.unit)][one.server] += 1
            self._count(one.server, one.memory_mb, 1)

    def of(self, unit: Unit) -> Sequence[PlacedInstance]:
        return self._of_unit[unit]

    def without_doubles(self, unit: Unit) -> list[PlacedInstance]:
        """Take away, and return, the placements of a unit that is up where it stays, but one: the one on the server that has
        fewest instances of the variant."""
        there = self._of_unit[unit]
        up = [one for one in there if one.server in self._staying and one.state.is_up]
        if not up:
            return []
        counts = self._of_variant[_variant_of(unit)]
        stays = min(up, key=lambda one: (counts[one.server], one.server))
        gone = [one for one in there if one is not stays]
        for one in gone:
            counts[one.server] -= 1
            self._count(one.server, one.memory_mb, -1)
        self._of_unit[unit] = [stays]
        return gone

    def is_homeless(self, unit: Unit) -> bool:
        """Return whether no server that stays has it, or each has failed to bring it up."""
        return not any(
            one.server in self._staying and one.state.failure is None for one in self._of_unit[unit]
        )

    def best_for(self, unit: Unit, memory_mb: int) -> str | None:
        """Return the server that a unit is to be placed on: of those with room that do not have it the one with fewest instances
        of the variant, then of all per core, then with most memory left. None if there is none."""
        has_it = {one.server for one in self._of_unit[unit]}
        counts = self._of_variant[_variant_of(unit)]
        able = [
            host
            for host in self._staying.values()
            if host.id not in has_it and self._free_mb[host.id] >= memory_mb
        ]

        def order(host: Host) -> tuple[int, float, int, str]:
            load = self._n_instances[host.id] / max(1, host.cores)
            return counts[host.id], load, -self._free_mb[host.id], host.id

        best = min(able, key=order, default=None)
        return None if best is None else best.id

    def add(self, unit: Unit, server: str, memory_mb: int) -> None:
        self._of_variant[_variant_of(unit)][server] += 1
        self._is_moving.add(_variant_of(unit))
        self._count(server, memory_mb, 1)

    def evening_move(
        self, key: VariantKey, units: Sequence[Unit], memory_mb: Mapping[Unit, int]
    ) -> tuple[Unit, str] | None:
        """Return an instance of a variant that another server is to have, and that server: one that could have two fewer than
        another one has. None if none is to be moved, or something of the variant moves already."""
        if key in self._is_moving or not all(self._is_settled(unit) for unit in units):
            return None
        counts = self._of_variant[key]
        fullest = max(self._staying, key=lambda one: (counts[one], one), default=None)
        if fullest is None or counts[fullest] < 2:
            return None
        unit = max(one for one in units if self._of_unit[one][0].server == fullest)
        best = self.best_for(unit, memory_mb[unit])
        if best is None or counts[fullest] - counts[best] < 2:
            return None
        return unit, best

    def _is_settled(self, unit: Unit) -> bool:
        there = self._of_unit[unit]
        return len(there) == 1 and there[0].state.is_up and there[0].server in self._staying

    def _count(self, server: str, memory_mb: int, n: int) -> None:
        self._n_instances[server] += n
        if server in self._free_mb:
            self._free_mb[server] -= n * memory_mb


def _by_variant(units: Iterable[Unit]) -> Mapping[VariantKey, Sequence[Unit]]:
    found: dict[VariantKey, list[Unit]] = defaultdict(list)
    for unit in sorted(units):
        found[_variant_of(unit)].append(unit)
    return found


def _variant_of(unit: Unit) -> VariantKey:
    return unit.arn, unit.generation, unit.variant
