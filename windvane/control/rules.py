"""What a request must fulfil beyond the service model, as tables of small functions.

A rule yields a sentence for each fault it finds; `check` refuses a request with all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from windvane.artifacts.base import parse_location
from windvane.control.members import Request, Unserved, found
from windvane.errors import InvalidRequest

Rule = Callable[[Request], Iterator[str]]

MAX_RUNTIME_S = 30 * 24 * 3600
"""source    AWS's quota for one AutoML job"""

MOST_FAULTS = 20
"""That a refusal tells; a request may have hundreds."""


def check(rules: Iterable[Rule], request: Request) -> None:
    """Check a request by all rules.

    raises    InvalidRequest with the sentences of its faults
    """
    if faults := [fault for rule in rules for fault in rule(request)]:
        n_more = len(faults) - MOST_FAULTS
        more = [f"There are {n_more} further faults."] if n_more > 0 else []
        raise InvalidRequest(" ".join([*faults[:MOST_FAULTS], *more]))


@dataclass(frozen=True)
class Refused:
    """The rule that none of these members asks for what is not served."""

    members: tuple[Unserved, ...]

    def __call__(self, request: Request) -> Iterator[str]:
        for member in self.members:
            yield from member.faults(request)


def refused(*members: Unserved) -> Refused:
    return Refused(members)


def s3_uris(*paths: str) -> Rule:
    """Return the rule that the members at these paths are of the form s3://BUCKET/KEY."""

    def rule(request: Request) -> Iterator[str]:
        for path in paths:
            for place, uri in found(request, path):
                if not is_s3_uri(uri):
                    yield f"Value '{uri}' at '{place}' is not of the form s3://BUCKET/KEY."

    return rule


def is_s3_uri(uri: str) -> bool:
    try:
        parse_location(uri)
    except InvalidRequest:
        return False
    return True


def distinct_tag_keys(request: Request) -> Iterator[str]:
    seen: set[str] = set()
    for place, key in found(request, "Tags.*.Key"):
        if key in seen:
            yield f"Value '{key}' at '{place}' is given twice: tag keys must be unique per resource."
        seen.add(key)


def unreserved_tag_keys(request: Request) -> Iterator[str]:
    for place, key in found(request, "Tags.*.Key"):
        if key.lower().startswith("aws:"):
            yield f"Value '{key}' at '{place}' starts with 'aws:', which is reserved for AWS."


TAG_RULES: tuple[Rule, ...] = (distinct_tag_keys, unreserved_tag_keys)
