"""What endpoints want: which generations are to run, and what an endpoint is once its creation or update has ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus
from windvane.notes.note import Note

FleetKey = tuple[str, int]
"""Endpoint's ARN, generation."""

Wanted = dict[FleetKey, tuple[Deployed, ...]]
"""What is to run."""


def volume_key_of(deployed: Iterable[Deployed]) -> str:
    """Return the key of a generation's volume: all variants are of one endpoint configuration."""
    return next((one.volume_key for one in deployed if one.volume_key), "")


def wanted_of(endpoints: Iterable[Endpoint]) -> Wanted:
    return {key: deployed for e in endpoints for key, deployed in _generations(e).items()}


def _generations(endpoint: Endpoint) -> Wanted:
    running = {(endpoint.arn, endpoint.running_generation): endpoint.running}
    desired = {(endpoint.arn, endpoint.desired_generation): endpoint.desired}
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
        config_name=endpoint.running_config_name,
        status=EndpointStatus.IN_SERVICE,
        failure=why,
        is_rescaling=False,
    )
