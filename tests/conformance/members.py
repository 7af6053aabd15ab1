"""Operation by operation, what is known of each member of its request and answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from conformance.clients import Client
from conformance.covered import ACCEPTED, KINDS, Place, Shown, Since
from conformance.effects import Effect, effect_of
from conformance.refusals import Refusal, reason_for, refusals
from conformance.shapes import all_leaves

from windvane.api.events import event_operations
from windvane.api.identity import identity_operations
from windvane.api.runtime import runtime_operations
from windvane.api.served import operations
from windvane.wire.model import OWN, SERVICES, load_service

Tests = Mapping[Client, str]
"""The test that shows something, by client."""


@dataclass(frozen=True)
class Member:
    """state      what the page says of it: `yes`, with the test of what it does where that is another than those that ask
               with it; a refusal; that it changes nothing; or that no test shows it
    since      "" if it was never served
    refusal    None if nothing of it is refused
    """

    path: str
    state: str
    since: str
    tests: Tests
    refusal: Refusal | None = None
    has_effect: bool = True


@dataclass(frozen=True)
class Described:
    """An operation. `silent` are the paths that no answer has had, `errors` the codes that answers had."""

    service: str
    name: str
    since: str
    given: list[Member]
    answered: list[Member]
    silent: list[str]
    errors: Mapping[str, Tests]
    tests: list[tuple[Client, str]] = field(default_factory=list)


ITSELF = ""
"""The path of an operation itself, which is served if any request is accepted."""

SHOWN, UNSHOWN = "yes", "in no request that a test had accepted"


def served() -> list[tuple[str, str]]:
    """Every service and operation that is served, S3 aside."""
    tables = (
        operations(None),
        runtime_operations(None),
        identity_operations(None),
        event_operations(None, None),
    )
    order = (*SERVICES, OWN)
    return sorted(
        (key for table in tables for key in table), key=lambda key: (order.index(key[0]), key)
    )


def describe(shown: Shown, since: Since) -> list[Described]:
    return [_describe(service, name, shown, since) for service, name in served()]


def _describe(service: str, name: str, shown: Shown, since: Since) -> Described:
    model = load_service(service).operation(name)
    tests = _tests(service, name, shown)
    refused = [one for one in refusals() if (one.service, one.operation) == (service, name)]
    answered = [
        Member(path, SHOWN, since.of(service, name, "answered", path), tests["answered"][path])
        for path in all_leaves(model.output_shape)
        if path in tests["answered"]
    ]
    silent = [path for path in all_leaves(model.output_shape) if path not in tests["answered"]]
    first = since.of(service, name)
    itself = Member(ITSELF, SHOWN, first, tests[ACCEPTED.kind].get(ACCEPTED.name, {}))
    members = list(_given(all_leaves(model.input_shape), refused, tests, since, (service, name)))
    every = {
        (client, test)
        for kind in KINDS
        for by_client in tests[kind].values()
        for client, test in by_client.items()
    }
    order = list(Client)
    listed = sorted(every, key=lambda pair: (order.index(pair[0]), pair[1]))
    given = [itself, *members]
    return Described(service, name, first, given, answered, silent, tests["errors"], listed)


def _tests(service: str, name: str, shown: Shown) -> dict[str, dict[str, dict[Client, str]]]:
    """By kind and name."""
    found: dict[str, dict[str, dict[Client, str]]] = {kind: {} for kind in KINDS}
    for client in Client:
        for test, marks in shown.get(Place(service, name, client), {}).items():
            for mark in marks:
                found[mark.kind].setdefault(mark.name, {})[client] = test
    return found


def _given(
    leaves: list[str],
    refused: list[Refusal],
    tests: dict[str, dict[str, dict[Client, str]]],
    since: Since,
    called: tuple[str, str],
) -> Iterator[Member]:
    """What is refused with all that is below it is one member."""
    told: set[str] = set()
    for leaf in leaves:
        refusal = next((one for one in refused if one.covers(leaf)), None)
        if refusal is not None and not refusal.accepted:
            if refusal.path not in told:
                told.add(refusal.path)
                state = f"refused: {reason_for(refusal)}"
                yield Member(
                    refusal.path, state, "", tests["refused"].get(refusal.path, {}), refusal
                )
            continue
        shown = tests["given"].get(leaf, {})
        effect = effect_of(" ".join(called), leaf)
        if refusal is not None:
            state = f"only {_values(refusal)}: {reason_for(refusal)}"
        elif effect is not None:
            state = _told(effect)
        else:
            state = SHOWN if shown else UNSHOWN
        has_effect = effect is None or not effect.why
        yield Member(leaf, state, since.of(*called, "given", leaf), shown, refusal, has_effect)


def _told(effect: Effect) -> str:
    if effect.why:
        return f"accepted, without effect: {effect.why}"
    return f"yes: `{effect.test.removeprefix('tests/')}`"


def _values(refusal: Refusal) -> str:
    spelled = (str(one).lower() if isinstance(one, bool) else str(one) for one in refusal.accepted)
    return ", ".join(f"`{one}`" for one in spelled)
