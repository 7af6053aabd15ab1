"""Models, endpoint configurations and endpoints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from windvane.domain.candidate import Container
from windvane.domain.resource import Kind, Resource
from windvane.notes.note import Note


@dataclass(frozen=True, kw_only=True)
class Model(Resource):
    """The record of a model; `request` is CreateModel's, echoed by Describe."""

    kind: ClassVar[Kind] = Kind.MODEL

    request: dict[str, Any]
    containers: tuple[Container, ...]


SERVERLESS_PROCESSES = 4
"""Model processes that a serverless variant has at most, unless more are provisioned: what one machine can bear."""


@dataclass(frozen=True)
class Serverless:
    """The settings of a variant without instances of its own.

    memory_mb        cap of one of its processes
    max_concurrency  requests in hand at once, waiting ones included; more are turned away
    provisioned      processes that are kept although nobody asks
    """

    memory_mb: int
    max_concurrency: int
    provisioned: int = 0

    @property
    def most_processes(self) -> int:
        return min(self.max_concurrency, max(SERVERLESS_PROCESSES, self.provisioned))


@dataclass(frozen=True)
class Variant:
    """One production variant: which model, how many instances, what share of the requests.

    instance_count  0 if serverless
    weight          share relative to the sum of the weights of the endpoint's variants
    """

    name: str
    model_name: str
    instance_count: int
    weight: float
    instance_type: str = ""
    serverless: Serverless | None = None

    @property
    def most_processes(self) -> int:
        """What it may take of the account's model processes."""
        return self.serverless.most_processes if self.serverless else self.instance_count


@dataclass(frozen=True, kw_only=True)
class EndpointConfig(Resource):
    """The record of an endpoint configuration; `request` is CreateEndpointConfig's.

    volume_key    ARN of the KMS key of the volume that models are kept on; "" for none
    shadow        name of the variant that is sent copies of requests and answers nobody; "" for none
    """

    kind: ClassVar[Kind] = Kind.ENDPOINT_CONFIG

    request: dict[str, Any]
    variants: tuple[Variant, ...]
    volume_key: str = ""
    shadow: str = ""


class EndpointStatus(StrEnum):
    """EndpointStatus on the wire, as far as it can happen here. A deleted endpoint's record is gone."""

    CREATING = "Creating"
    UPDATING = "Updating"
    IN_SERVICE = "InService"
    DELETING = "Deleting"
    FAILED = "Failed"


@dataclass(frozen=True)
class Deployed:
    """A variant as it stands: the containers were copied when the endpoint was made or updated, so an
    endpoint goes on when its model or configuration is deleted.

    volume_key    as in EndpointConfig: with one, models are kept in memory, never on the disk
    role          ARN of the model's role, with whose rights its data are fetched; "" for none
    """

    variant: Variant
    containers: tuple[Container, ...]
    volume_key: str = ""
    role: str = ""


@dataclass(frozen=True, kw_only=True)
class Endpoint(Resource):
    """The record of an endpoint.

    generation  counts creations and updates; instances of an older generation are drained
    desired     what is to run
    running     what answers requests now; empty until first InService
    running_generation  the generation that `running` belongs to
    is_rescaling        `desired` differs from `running` in weights and capacities alone: it is for the processes
                        of `running_generation`, not for new ones
    desired_shadow      name of the shadow variant among `desired`; "" for none
    running_shadow      likewise, among `running`
    """

    kind: ClassVar[Kind] = Kind.ENDPOINT

    config_name: str
    generation: int
    desired: tuple[Deployed, ...]
    running: tuple[Deployed, ...] = ()
    running_config_name: str = ""
    running_generation: int = 0
    status: EndpointStatus = EndpointStatus.CREATING
    failure: Note | None = None
    is_rescaling: bool = False
    desired_shadow: str = ""
    running_shadow: str = ""

    @property
    def desired_generation(self) -> int:
        """The generation that `desired` belongs to."""
        return self.running_generation if self.is_rescaling else self.generation

    @property
    def outline(self) -> Endpoint:
        """What is told of an endpoint that runs nothing any more: variants, and the images that still answer. Hosting reads
        the records of all endpoints again and again, and there may be many of these."""
        return replace(
            self,
            desired=tuple(replace(one, containers=()) for one in self.desired),
            running=tuple(replace(one, containers=_images(one)) for one in self.running),
        )


def _images(deployed: Deployed) -> tuple[Container, ...]:
    return tuple(replace(one, model_data_url="", environment={}) for one in deployed.containers)
