"""Networks that jobs and models may name: those that the configuration declares ([[networks]]).

What runs here has no network, whether it is asked to be isolated or not: no task and no model needs one. A declared
network gives names that a request may carry; nothing is reached through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from windvane.control.members import Request, found
from windvane.control.rules import Rule


class DeclaredNetwork(Protocol):
    """A network of the configuration."""

    @property
    def subnets(self) -> tuple[str, ...]: ...
    @property
    def security_groups(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Networks:
    """declared
    lacks       why the processes of tasks and models here are not cut off from the network, a sentence; "" if they are
    """

    declared: tuple[DeclaredNetwork, ...] = ()
    lacks: str = ""

    def rule(self, place: str = "") -> Rule:
        """Return the rule that isolation and a network, asked for at this place of a request, can be had.

        place    the member that has them as its own; "" for the request itself
        """
        within = f"{place}." if place else ""

        def rule(request: Request) -> Iterator[str]:
            for spelled, wanted in found(request, f"{within}EnableNetworkIsolation"):
                if wanted and self.lacks:
                    yield f"Value 'true' at '{spelled}' cannot be honoured on this server: {self.lacks}"
            for spelled, config in found(request, f"{within}VpcConfig"):
                if config:
                    yield from self._faults(spelled, config)

        return rule

    def _faults(self, place: str, config: Request) -> Iterator[str]:
        if self.lacks:
            yield f"The member '{place}' cannot be honoured on this server: {self.lacks}"
            return
        subnets, groups = config.get("Subnets", ()), config.get("SecurityGroupIds", ())
        known = {
            "subnets": [name for network in self.declared for name in network.subnets],
            "securityGroupIds": [name for net in self.declared for name in net.security_groups],
        }
        unknown = [
            *_unknown(f"{place}.subnets", subnets, known["subnets"]),
            *_unknown(f"{place}.securityGroupIds", groups, known["securityGroupIds"]),
        ]
        yield from unknown
        if not unknown and not any(_has(network, subnets, groups) for network in self.declared):
            yield (
                f"The subnets and security groups at '{place}' must belong to one network; on this server they are "
                "declared in several ([[networks]] in its configuration)."
            )


def _has(network: DeclaredNetwork, subnets: Iterable[str], groups: Iterable[str]) -> bool:
    return set(subnets) <= set(network.subnets) and set(groups) <= set(network.security_groups)


def _unknown(place: str, names: Iterable[str], known: Sequence[str]) -> Iterator[str]:
    declared = f"declared are: {', '.join(known)}" if known else "none is"
    for number, name in enumerate(names, start=1):
        if name not in known:
            yield (
                f"Value '{name}' at '{place}.{number}.member' is not declared on this server "
                f"([[networks]] in its configuration): {declared}."
            )


NONE_DECLARED = Networks()
