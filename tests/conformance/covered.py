"""What tests have shown, as it is kept in covered.json: by service, operation and client, the tests that show something and
what each of them shows that those before it do not. Few tests stand for many: what any test shows, one listed test does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from conformance.clients import Client
from conformance.notes import Fact

FILE = Path(__file__).with_name("covered.json")
SINCE = Path(__file__).with_name("since.json")

KINDS = ("accepted", "given", "answered", "refused", "errors")
"""Of what is shown: that a request was accepted, members of such requests, of answers, members that were refused, codes of
errors."""


@dataclass(frozen=True, order=True)
class Mark:
    """One thing shown: a member's path or an error's code."""

    kind: str
    name: str


ACCEPTED = Mark("accepted", "a request")


@dataclass(frozen=True, order=True)
class Place:
    """Where tests show something."""

    service: str
    operation: str
    client: Client


Shown = Mapping[Place, Mapping[str, frozenset[Mark]]]
"""By place and test."""


def shown_by(facts: Iterable[Fact]) -> Shown:
    """What was written down, before anything is left out."""
    found: dict[Place, dict[str, set[Mark]]] = {}
    for fact in facts:
        place = Place(fact.service, fact.operation, Client(fact.client))
        marks = found.setdefault(place, {}).setdefault(fact.test, set())
        marks |= set() if fact.error else {ACCEPTED}
        marks |= {Mark("given", path) for path in fact.given}
        marks |= {Mark("answered", path) for path in fact.answered}
        marks |= {Mark("refused", path) for path in fact.refused}
        marks |= {Mark("errors", fact.error)} if fact.error else set()
    return {
        place: {test: frozenset(marks) for test, marks in tests.items()}
        for place, tests in found.items()
    }


def merged(old: Shown, new: Shown, ran: Iterable[str]) -> Shown:
    """`new` for the tests that ran, `old` for all others; each thing shown by one test alone."""
    again = set(ran)
    places = {}
    for place in sorted({*old, *new}):
        kept = {t: marks for t, marks in old.get(place, {}).items() if t not in again}
        if chosen := _few({**kept, **new.get(place, {})}):
            places[place] = chosen
    return places


def _few(tests: Mapping[str, frozenset[Mark]]) -> dict[str, frozenset[Mark]]:
    """The tests that show most come first; what they show is not listed again."""
    chosen: dict[str, frozenset[Mark]] = {}
    left = frozenset().union(*tests.values())
    while left:
        best = min(tests, key=lambda test: (-len(tests[test] & left), test))
        chosen[best] = tests[best] & left
        left -= tests[best]
    return chosen


def read(file: Path = FILE) -> Shown:
    if not file.exists():
        return {}
    return {
        Place(service, operation, Client(client)): {
            test: frozenset(Mark(kind, name) for kind in shows for name in shows[kind])
            for test, shows in tests.items()
        }
        for service, operations in json.loads(file.read_text()).items()
        for operation, clients in operations.items()
        for client, tests in clients.items()
    }


def write(shown: Shown, file: Path = FILE) -> None:
    """One test a line, so that changes can be read."""
    services: dict[str, dict[str, dict[str, dict[str, dict[str, list[str]]]]]] = {}
    for place in sorted(shown):
        operation = services.setdefault(place.service, {}).setdefault(place.operation, {})
        operation[place.client.value] = {
            test: _by_kind(marks) for test, marks in sorted(shown[place].items())
        }
    file.write_text(f"{_laid_out(services, 0)}\n")


def _by_kind(marks: frozenset[Mark]) -> dict[str, list[str]]:
    kinds = {kind: sorted(mark.name for mark in marks if mark.kind == kind) for kind in KINDS}
    return {kind: names for kind, names in kinds.items() if names}


_DEPTH_OF_A_TEST = 4


def _laid_out(tree: Mapping[str, object], depth: int) -> str:
    if depth == _DEPTH_OF_A_TEST:
        return json.dumps(tree)
    indent = " " * (depth + 1)
    lines = [
        f"{indent}{json.dumps(key)}: {_laid_out(value, depth + 1)}" for key, value in tree.items()
    ]
    return "{\n" + ",\n".join(lines) + f"\n{' ' * depth}}}"


@dataclass(frozen=True)
class Since:
    """first    the version that served everything that no later one is named for
    later    what came later, as `service operation` or `service operation kind path`, and the version that did
    """

    first: str
    later: Mapping[str, str]

    def of(self, *words: str) -> str:
        return self.later.get(" ".join(words), self.first)


def read_since(file: Path = SINCE) -> Since:
    table = json.loads(file.read_text())
    return Since(table["first"], table["later"])


def write_since(since: Since, file: Path = SINCE) -> None:
    table = {"first": since.first, "later": dict(sorted(since.later.items()))}
    file.write_text(f"{json.dumps(table, indent=1)}\n")


def with_new(since: Since, old: Shown, new: Shown, version: str) -> Since:
    """`version` for what `new` shows and `old` does not; the first one needs no naming."""
    if version == since.first or not old:
        return since
    before, now = _names(old), _names(new)
    return Since(since.first, {**dict.fromkeys(sorted(now - before), version), **since.later})


def _names(shown: Shown) -> set[str]:
    names = {f"{place.service} {place.operation}" for place in shown}
    for place, tests in shown.items():
        for mark in frozenset().union(*tests.values()):
            if mark.kind in ("given", "answered"):
                names.add(f"{place.service} {place.operation} {mark.kind} {mark.name}")
    return names
