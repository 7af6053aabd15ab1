"""What endpoints want: which generations are to run, and what an endpoint is once its creation or update has ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus
from windvane.domain.instance import Unit
from windvane.notes.note import Note


class FleetKey(NamedTuple):
    """A generation of an endpoint.

    created   of the endpoint: another one may be made of the same name while processes of the old one are on their way
    """

    arn: str
    generation: int
    created: datetime


Wanted = dict[FleetKey, tuple[Deployed, ...]]
"""What is to run."""


@dataclass(frozen=True)
class Share:
    """The part of a variant that one server runs.

    numbers   of its instances; 0 stands for all processes of a serverless variant
    """

    deployed: Deployed
    numbers: tuple[int, ...]


Shares = dict[FleetKey, tuple[Share, ...]]
"""What is to run on one server."""


@dataclass(frozen=True)
class Progress:
    """The progress of an endpoint that is created or updated.

    is_ready    every instance of what is desired is up
    failure     why one of them will not be
    """

    is_ready: bool
    failure: Note | None = None


def numbers_of(deployed: Deployed) -> tuple[int, ...]:
    """Return the numbers of all instances of a variant, as `Share` has them."""
    variant = deployed.variant
    return tuple(range(1 if variant.serverless else variant.instance_count))


def unit_of(key: FleetKey, deployed: Deployed, number: int) -> Unit:
    return Unit(key.arn.lower(), key.generation, deployed.variant.name, number)


def running_key(endpoint: Endpoint) -> FleetKey:
    return FleetKey(endpoint.arn, endpoint.running_generation, endpoint.created)


def desired_key(endpoint: Endpoint) -> FleetKey:
    return FleetKey(endpoint.arn, endpoint.desired_generation, endpoint.created)


def volume_key_of(deployed: Iterable[Deployed]) -> str:
    """Return the key of a generation's volume: all variants are of one endpoint configuration."""
    return next((one.volume_key for one in deployed if one.volume_key), "")


def wanted_of(endpoints: Iterable[Endpoint]) -> Wanted:
    return {key: deployed for e in endpoints for key, deployed in _generations(e).items()}


def _generations(endpoint: Endpoint) -> Wanted:
    running = {running_key(endpoint): endpoint.running}
    desired = {desired_key(endpoint): endpoint.desired}
    return {
        EndpointStatus.CREATING: desired,
        EndpointStatus.UPDATING: (running if endpoint.running else {}) | desired,
        EndpointStatus.IN_SERVICE: running,
        EndpointStatus.DELETING: {},
        EndpointStatus.FAILED: {},
    }[endpoint.status]


def in_service(endpoint: Endpoint) -> Endpoint:
    return replace(
        endpoint,
        running=endpoint.desired,
        running_shadow=endpoint.desired_shadow,
        running_config_name=endpoint.config_name,
        running_generation=endpoint.desired_generation,
        status=EndpointStatus.IN_SERVICE,
        failure=None,
        is_rescaling=False,
    )


def failed(endpoint: Endpoint, why: Note) -> Endpoint:
    """Return an update that fails leaves what runs; a creation leaves nothing."""
    if not endpoint.running:
        return replace(endpoint.outline, status=EndpointStatus.FAILED, failure=why)
    return replace(
        endpoint,
        desired=endpoint.running,
        desired_shadow=endpoint.running_shadow,
        config_name=endpoint.running_config_name,
        status=EndpointStatus.IN_SERVICE,
        failure=why,
        is_rescaling=False,
    )
