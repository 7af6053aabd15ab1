"""docs/conformance.md, made of what tests have shown, of the rules that refuse, and of differences written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from conformance.clients import Client
from conformance.compact import compact
from conformance.covered import Shown, Since
from conformance.differences import differences
from conformance.effects import effects
from conformance.members import ITSELF, UNSHOWN, Described, Member, Tests, describe
from conformance.refusals import reason_for, refusals
from conformance.s3tests import ceph_tests

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance.md"

_HEAD = """\
# Conformance

Every operation that is served, member by member: what is accepted, what answers hold, since which version, and the
test that shows it through which client. `make conformance` makes this page from what the tests asked and were
answered; [operations.md](operations.md) says the same in words.

- Every answer that any test gets is held against the service model of botocore (for our own operations, against
  the one in `windvane/wire/data`). Unknown members, wrong types, broken bounds, values outside an enum, required members
  that are missing and errors that the operation does not have fail the test.
- A member is served if a request that had it was accepted; what came of it is what that test is about, or the test that
  the word *served* is followed by. *Itself* is any request that was accepted. What is accepted and changes nothing says
  so, with the reason.
- A number in a client's column is that of a test below the table: one of those that show the member, where there are
  many. *Plain HTTP* is a signed request without an SDK.
- Members within others are written together: `A.{B, C[].D}` are `A.B` and the members `D` of the items of `A.C`;
  `{}` stands for the values of a map.
- botocore's published protocol cases for awsJson 1.1, rest-json and query are replayed against the codecs:
  [which ones are not, and why](../tests/conformance/protocols/excluded.toml).
- At the end: [differences from AWS](#differences-from-aws), [what of Ceph's tests of S3 does not pass](#cephs-tests-of-s3),
  [every member that is accepted without effect](#every-member-that-is-accepted-without-effect), and
  [every member that is refused](#every-member-that-is-refused).
"""

_CEPH_HEAD = """\
## Ceph's tests of S3

Of the public [s3-tests](https://github.com/ceph/s3-tests) (commit {commit}) those on objects, lists, parts, copies, ranges,
conditions, links and forms, tags, versions, checksums and encryption are run against a server: {n_tests} tests, of which
{n_met} pass. `PYTHONPATH=tests python -m scripts.s3tests CHECKOUT` runs them, and fails if any other does not pass than these:
"""

_WITHOUT_HEAD = """\
## Every member that is accepted without effect

They are checked against the service model, and Describe repeats them; what is done is the same without them.
"""

_REFUSED_HEAD = """\
## Every member that is refused

A request that uses one is answered with a `ValidationException` (`ValidationError` for the runtime and STS) that names it. Where
values are accepted, they are what the server does anyway. A member that is absent, empty or null asks for nothing.
"""


_GIVEN = "members of requests: served, without effect, refused, not shown"


def page(shown: Shown, since: Since) -> str:
    described = describe(shown, since)
    parts = [
        _HEAD,
        _summary(described),
        *(_operation(one) for one in described),
        _differences(),
        _ceph(),
        _without_effect(),
        _refused(),
    ]
    return "\n".join(parts)


def _summary(described: Sequence[Described]) -> str:
    lines = [
        "## Operations",
        "",
        f"| operation | since | {_GIVEN} | members of answers: held, not | clients |",
        "|---|---|---|---|---|",
    ]
    for one in described:
        states = [_kind(member) for member in one.given if member.path != ITSELF]
        counts = ", ".join(
            str(states.count(kind)) for kind in ("served", "idle", "refused", "unshown")
        )
        clients = ", ".join(client for client in Client if client in dict(one.tests))
        lines.append(
            f"| [{one.service} {one.name}](#{_anchor(one)}) | {one.since} | {counts} "
            f"| {len(one.answered)}, {len(one.silent)} | {clients} |"
        )
    return "\n".join([*lines, ""])


def _kind(member: Member) -> str:
    if member.state == UNSHOWN:
        return "unshown"
    if not member.has_effect:
        return "idle"
    return "refused" if member.refusal is not None and not member.refusal.accepted else "served"


def _anchor(one: Described) -> str:
    return f"{one.service}-{one.name}".lower()


def _operation(one: Described) -> str:
    clients = [client for client in Client if client in dict(one.tests)]
    numbers = {pair: number for number, pair in enumerate(one.tests, start=1)}
    parts = [f"## {one.service} {one.name}", ""]
    for title, members in (("request", one.given), ("answer", one.answered)):
        if members:
            parts += [*_table(title, members, clients, numbers), ""]
    if one.silent:
        parts += [f"Not in answers so far: {_listed(one.silent)}.", ""]
    if one.errors:
        codes = [
            f"`{code}` ({_numbers(tests, numbers)})" for code, tests in sorted(one.errors.items())
        ]
        parts += [f"Errors: {', '.join(codes)}.", ""]
    parts += [
        f"{number}. {client}: `{test.removeprefix('tests/')}`"
        for (client, test), number in numbers.items()
    ]
    return "\n".join([*parts, ""])


def _table(
    title: str, members: Sequence[Member], clients: Sequence[Client], numbers: dict[Any, int]
) -> Iterator[str]:
    yield f"| {title} | served | since | {' | '.join(clients)} |"
    yield f"|{'---|' * (3 + len(clients))}"
    for group in _alike(members):
        first = group[0]
        cells = [
            str(numbers[client, first.tests[client]]) if client in first.tests else ""
            for client in clients
        ]
        names = compact([member.path for member in group]) if first.path != ITSELF else "*itself*"
        yield f"| {names} | {first.state} | {first.since} | {' | '.join(cells)} |"


def _alike(members: Iterable[Member]) -> list[list[Member]]:
    """Members below one outermost member, of which the same is said, in the order of the first of each."""
    groups: dict[tuple[Any, ...], list[Member]] = {}
    for member in members:
        top = member.path.partition(".")[0]
        key = (top, member.state, member.since, tuple(sorted(member.tests.items())))
        groups.setdefault(key, []).append(member)
    return list(groups.values())


def _listed(paths: Iterable[str]) -> str:
    tops: dict[str, list[str]] = {}
    for path in paths:
        tops.setdefault(path.partition(".")[0], []).append(path)
    return ", ".join(compact(group) for group in tops.values())


def _numbers(tests: Tests, numbers: dict[Any, int]) -> str:
    return ", ".join(str(numbers[pair]) for pair in sorted(tests.items(), key=numbers.__getitem__))


def _differences() -> str:
    lines = ["## Differences from AWS", ""]
    for entry in differences():
        shown = f" Shown by `{entry.test.removeprefix('tests/')}`." if entry.test else ""
        lines.append(f"- **{entry.what}** {entry.why}{shown}")
    return "\n".join([*lines, ""])


def _ceph() -> str:
    chosen = ceph_tests()
    head = _CEPH_HEAD.format(
        commit=chosen.commit,
        n_tests=chosen.n_tests,
        n_met=chosen.n_tests - len(chosen.expected_to_fail),
    )
    lines = [head, "| tests | why |", "|---|---|"]
    lines += [
        f"| {', '.join(f'`{name}`' for name in group.tests)} | {group.why} |"
        for group in chosen.unmet
    ]
    left_out = ", ".join(f"`{name}`" for name in (*chosen.markers, *chosen.names))
    return "\n".join(
        [*lines, "", f"Not run, for their marker or a part of their name: {left_out}.", ""]
    )


def _without_effect() -> str:
    lines = [_WITHOUT_HEAD, "| operation | member | why |", "|---|---|---|"]
    lines += [
        f"| {one.operation} | {_listed(one.paths)} | {one.why} |" for one in effects() if one.why
    ]
    return "\n".join([*lines, ""])


def _refused() -> str:
    lines = [_REFUSED_HEAD, "| operation | member | accepted | why |", "|---|---|---|---|"]
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in refusals():
        values = ", ".join(
            f"`{str(v).lower() if isinstance(v, bool) else v}`" for v in one.accepted
        )
        key = (f"{one.service} {one.operation}", values, reason_for(one))
        groups.setdefault(key, []).append(one.path)
    for (operation, values, why), paths in groups.items():
        lines.append(f"| {operation} | {_listed(paths)} | {values} | {why} |")
    return "\n".join([*lines, ""])
