"""What hosting tells the router: which endpoints there are, by which variants, by which processes of this server and on which
other servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from windvane.names import Scope
from windvane.serving.peers import Peer
from windvane.serving.pool import Demand, WorkerSlot


@dataclass(frozen=True)
class Invocation:
    """A request to a model; "" where the caller said nothing."""

    body: bytes
    content_type: str = ""
    accept: str = ""
    target_variant: str = ""


@dataclass(frozen=True)
class Answer:
    body: bytes
    content_type: str
    variant: str


@dataclass(frozen=True)
class Elsewhere:
    """Instances of a variant that are up on another server."""

    peer: Peer
    n_up: int


@dataclass(frozen=True)
class VariantRoute:
    """A variant of an endpoint, as requests are routed to it.

    key      unique among all variants of all generations of all endpoints
    primary  as AWS names the container that a time-out is blamed on
    size     instances it is meant to have
    most     requests in hand at once, if that is bounded
    demand   to be told of requests, if its processes come and go with them
    spec     what its processes are told (serving/instance.py), JSON
    why_down why none of its processes is up, nor likely to be soon, a sentence without its full stop; "" otherwise
    elsewhere  other servers that have instances of it
    is_here  whether this server has some, up or not
    """

    key: str
    name: str
    weight: float
    size: int
    primary: str
    slots: tuple[WorkerSlot, ...]
    most: int | None = None
    demand: Demand | None = None
    spec: str = ""
    why_down: str = ""
    elsewhere: tuple[Elsewhere, ...] = ()
    is_here: bool = True


@dataclass(frozen=True)
class Route:
    """One endpoint; without variants it cannot answer, and `why_not` says why.

    shadow    name of the variant that is sent copies of requests, and answers those alone that name it; "" for none
    """

    scope: Scope
    name: str
    variants: tuple[VariantRoute, ...]
    why_not: str = ""
    is_hopeless: bool = False
    shadow: str = ""

    @property
    def production(self) -> tuple[VariantRoute, ...]:
        """The variants that answer."""
        return tuple(one for one in self.variants if one.name != self.shadow)


Table = Mapping[tuple[Scope, str], Route]
"""By scope and lower-case endpoint name."""
