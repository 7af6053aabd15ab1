"""Models: containers that an endpoint can run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from windvane.artifacts.base import Artifacts, parse_location
from windvane.control.lists import Listed, Listing, Lists
from windvane.control.members import Request, Unserved, first, found
from windvane.control.networks import NONE_DECLARED, Networks
from windvane.control.roles import Action, Grant, Roles
from windvane.control.rules import TAG_RULES, Rule, check, refused, s3_uris
from windvane.control.tags import set_first_tags, without_tags
from windvane.domain.candidate import Container
from windvane.domain.deployment import Model
from windvane.domain.images import MODELS, is_model_image, not_ours
from windvane.domain.resource import Kind
from windvane.errors import AlreadyExists, DoesNotExist, InvalidRequest
from windvane.names import Scope, arn
from windvane.store.base import Store, Transaction
from windvane.wire.call import Caller

_ALL_MODELS = Listing("ListModels", Model)

_PLACES = ("PrimaryContainer", "Containers.*")

MOST_ENVIRONMENT_BYTES = 32 << 10
"""Of all containers of a model together. Endpoints keep them for each of their variants.

source    Environment of ContainerDefinition in SageMaker's API reference
"""


def _either_form(request: Request) -> Iterator[str]:
    if "PrimaryContainer" in request and request.get("Containers"):
        yield "Specify either PrimaryContainer or Containers, not both."
    if "PrimaryContainer" not in request and not request.get("Containers"):
        yield "Either PrimaryContainer or Containers must be specified."


def _complete_containers(request: Request) -> Iterator[str]:
    for place, container in _containers(request):
        for member in ("Image", "ModelDataUrl"):
            if not container.get(member):
                yield f"The member '{place}.{member[0].lower()}{member[1:]}' must be specified."


def _our_images(request: Request) -> Iterator[str]:
    for place, container in _containers(request):
        image = container.get("Image")
        if image and not is_model_image(image):
            instead = "one of the InferenceContainers of a candidate"
            yield not_ours(image, f"{place}.image", MODELS, instead)


def _serial_execution(request: Request) -> Iterator[str]:
    if first(request, "InferenceExecutionConfig.Mode") == "Direct":
        yield (
            "Value 'Direct' at 'inferenceExecutionConfig.mode' is not supported by this server: the containers of a "
            "candidate make one pipeline and cannot be invoked one by one. Leave it out or choose Serial."
        )


def _distinct_hostnames(request: Request) -> Iterator[str]:
    containers = request.get("Containers") or []
    names = [container.get("ContainerHostname") for container in containers]
    if any(names) and not all(names):
        yield "If one of Containers has a ContainerHostname, each of them must have one."
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        yield f"The ContainerHostname '{name}' is given more than once in Containers."


def _short_environment(request: Request) -> Iterator[str]:
    n_bytes = sum(
        len(text.encode(errors="surrogatepass"))
        for _, container in _containers(request)
        for variable in container.get("Environment", {}).items()
        for text in variable
    )
    if n_bytes > MOST_ENVIRONMENT_BYTES:
        yield (
            f"The keys and values of Environment have {n_bytes} bytes in all containers together; they must have "
            f"{MOST_ENVIRONMENT_BYTES} at most."
        )


def _containers(request: Request) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in _PLACES:
        yield from found(request, path)


def _in_containers(member: str, *accepted: Any) -> tuple[Unserved, ...]:
    return tuple(Unserved(f"{path}.{member}", accepted) for path in _PLACES)


CREATE_MODEL_RULES: tuple[Rule, ...] = (
    refused(
        *_in_containers("Mode", "SingleModel"),
        *_in_containers("ImageConfig.RepositoryAccessMode", "Platform"),
        *_in_containers("ImageConfig.RepositoryAuthConfig"),
        *_in_containers("ModelDataSource"),
        *_in_containers("AdditionalModelDataSources"),
        *_in_containers("ModelPackageName"),
        *_in_containers("InferenceSpecificationName"),
        *_in_containers("MultiModelConfig"),
        *_in_containers("ContainerMetricsConfig"),
    ),
    _either_form,
    _complete_containers,
    _our_images,
    _serial_execution,
    _distinct_hostnames,
    _short_environment,
    s3_uris(*(f"{path}.ModelDataUrl" for path in _PLACES)),
    *TAG_RULES,
)


class Models:
    """The operations on models."""

    def __init__(
        self,
        store: Store,
        artifacts: Artifacts,
        roles: Roles,
        lists: Lists,
        clock: Callable[[], datetime],
        networks: Networks = NONE_DECLARED,
    ) -> None:
        self._store = store
        self._artifacts = artifacts
        self._roles = roles
        self._lists = lists
        self._clock = clock
        self._networks = networks

    def create(self, caller: Caller, request: Request) -> Model:
        """Create a model.

        raises    InvalidRequest; AccessDenied if the caller may not pass the role
        """
        check((*CREATE_MODEL_RULES, self._networks.rule()), request)
        self._check_world(caller, request)
        with self._store.transaction() as tx:
            scope = Scope(caller.account, caller.region)
            return add_model(tx, scope, request, self._clock())

    def describe(self, scope: Scope, name: str) -> Model:
        """Return a model.

        raises    DoesNotExist
        """
        with self._store.snapshot() as tx:
            return find_model(tx, scope, name)

    def list(self, scope: Scope, parameters: Mapping[str, Any]) -> Listed[Model]:
        """Return a page of the models.

        raises    InvalidRequest for a page token that is not this list's
        """
        return self._lists.page(_ALL_MODELS, scope, parameters)

    def delete(self, scope: Scope, name: str) -> None:
        """Endpoints that run the model go on.

        raises    DoesNotExist
        """
        with self._store.transaction() as tx:
            tx.delete(find_model(tx, scope, name))

    def _check_world(self, caller: Caller, request: Request) -> None:
        role = request.get("ExecutionRoleArn")
        grant = self._roles.of_caller(caller) if role is None else self._roles.passed(caller, role)
        for _, container in _containers(request):
            self._check_data(grant, container["ModelDataUrl"])

    def check_data(self, scope: Scope, role: str, url: str) -> None:
        """Check that the role of a model may still read its data: it, or its policies, may have changed since.

        raises    InvalidRequest if the role is no more or may not read them, or there are none
        """
        self._check_data(self._roles.assume(scope, role), url)

    def _check_data(self, grant: Grant, url: str) -> None:
        location = parse_location(url)
        grant.require(Action.GET, location.bucket, location.key)
        info = self._artifacts.info(location)
        if info is None:
            raise InvalidRequest(f"Could not find model data at {location}.")
        grant.require_read(info)


def add_model(tx: Transaction, scope: Scope, request: Request, now: datetime) -> Model:
    """Record a model whose request was checked.

    raises    AlreadyExists
    """
    model = Model(
        scope=scope,
        name=request["ModelName"],
        created=now,
        modified=now,
        request=without_tags(request),
        containers=tuple(
            Container(
                container["Image"],
                container["ModelDataUrl"],
                dict(container.get("Environment", {})),
                container.get("ContainerHostname", "") if request.get("Containers") else "",
            )
            for _, container in _containers(request)
        ),
    )
    if not tx.insert(model):
        raise AlreadyExists("model", model.arn)
    set_first_tags(tx, model.arn, request)
    return model


def find_model(tx: Transaction, scope: Scope, name: str) -> Model:
    """Return the model of a name.

    raises    DoesNotExist
    """
    model = tx.find(Model, scope, name)
    if model is None:
        raise DoesNotExist("model", arn(scope, Kind.MODEL, name))
    return model
