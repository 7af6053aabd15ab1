"""Endpoints: record what is to run. Hosting brings a record from Creating, Updating or Deleting to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from windvane.control.endpoint_configs import find_endpoint_config
from windvane.control.lists import Listed, Listing, Lists
from windvane.control.members import Request, Unserved
from windvane.control.models import find_model
from windvane.control.quotas import Quotas
from windvane.control.rescaling import changes, rescaled, retained
from windvane.control.rules import TAG_RULES, Rule, check, refused
from windvane.control.tags import set_first_tags
from windvane.domain.deployment import Deployed, Endpoint, EndpointConfig, EndpointStatus
from windvane.domain.logs import endpoint_place, line_of
from windvane.domain.resource import Kind
from windvane.domain.scaling import ScalableTarget
from windvane.errors import AlreadyExists, DoesNotExist, InvalidRequest, LimitExceeded
from windvane.names import Scope, arn
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note
from windvane.store.base import Store, Transaction

_ALL_ENDPOINTS = Listing("ListEndpoints", Endpoint)

_WITH_INSTANCES = (EndpointStatus.CREATING, EndpointStatus.UPDATING, EndpointStatus.IN_SERVICE)

ENDPOINTS_AN_INSTANCE = 10
"""Endpoints that an account may have for each model process, failed ones included: hosting looks at all of them."""

CREATE_ENDPOINT_RULES: tuple[Rule, ...] = (refused(Unserved("DeploymentConfig")), *TAG_RULES)

UPDATE_ENDPOINT_RULES: tuple[Rule, ...] = (
    refused(
        Unserved("DeploymentConfig"),
        Unserved("RetainDeploymentConfig", (False,)),
    ),
)


class Endpoints:
    """The operations on endpoints."""

    def __init__(
        self, store: Store, quotas: Quotas, lists: Lists, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._quotas = quotas
        self._lists = lists
        self._clock = clock

    def create(self, scope: Scope, request: Request) -> Endpoint:
        """Create an endpoint.

        raises    InvalidRequest, LimitExceeded
        """
        check(CREATE_ENDPOINT_RULES, request)
        with self._store.transaction() as tx:
            return add_endpoint(tx, scope, request, self._clock(), self._quotas.instances)

    def describe(self, scope: Scope, name: str) -> Endpoint:
        """Return an endpoint.

        raises    DoesNotExist
        """
        with self._store.snapshot() as tx:
            return find_endpoint(tx, scope, name)

    def list(self, scope: Scope, parameters: Mapping[str, Any]) -> Listed[Endpoint]:
        """Return a page of the endpoints.

        raises    InvalidRequest for a page token that is not this list's
        """
        return self._lists.page(_ALL_ENDPOINTS, scope, parameters)

    def update(self, scope: Scope, request: Request) -> Endpoint:
        """What runs now goes on until what is desired is ready.

        raises    InvalidRequest, LimitExceeded
        """
        check(UPDATE_ENDPOINT_RULES, request)
        with self._store.transaction() as tx:
            endpoint = _in_service(tx, scope, request["EndpointName"])
            config = find_endpoint_config(tx, scope, request["EndpointConfigName"])
            updated = replace(
                endpoint,
                config_name=config.name,
                generation=endpoint.generation + 1,
                desired=retained(request, endpoint.running, _deployed(tx, config)),
                desired_shadow=config.shadow,
                is_rescaling=False,
                status=EndpointStatus.UPDATING,
                failure=None,
                modified=self._clock(),
            )
            _check_instances(tx, updated, self._quotas.instances)
            tx.update(updated)
            for one in updated.desired:
                place = endpoint_place(updated, updated.generation, one.variant.name, 0)
                updating = Note(NoteCode.ENDPOINT_UPDATING, {"config": config.name})
                tx.log(place, [line_of(updating)], updated.modified)
        return updated

    def rescale(self, scope: Scope, request: Request) -> Endpoint:
        """Other weights and capacities for what runs; its processes go on.

        raises    InvalidRequest, LimitExceeded
        """
        with self._store.transaction() as tx:
            return rescale_endpoint(tx, scope, request, self._clock(), self._quotas.instances)

    def delete(self, scope: Scope, name: str) -> None:
        """Mark an endpoint and its scaling targets for deletion.

        raises    DoesNotExist
        """
        with self._store.transaction() as tx:
            endpoint = find_endpoint(tx, scope, name)
            if endpoint.status is not EndpointStatus.DELETING:
                deleting = replace(endpoint.outline, status=EndpointStatus.DELETING)
                tx.update(replace(deleting, modified=self._clock()))
                for target in tx.children(ScalableTarget, endpoint.arn):
                    tx.delete(target)


def add_endpoint(
    tx: Transaction, scope: Scope, request: Request, now: datetime, instance_limit: int
) -> Endpoint:
    """Record an endpoint whose request was checked.

    instance_limit    model processes that the account may have

    raises    AlreadyExists; DoesNotExist for a missing configuration or model; LimitExceeded
    """
    name = request["EndpointName"]
    if tx.find(Endpoint, scope, name) is not None:
        raise AlreadyExists("endpoint", arn(scope, Kind.ENDPOINT, name))
    config = find_endpoint_config(tx, scope, request["EndpointConfigName"])
    endpoint = Endpoint(
        scope=scope,
        name=name,
        created=now,
        modified=now,
        config_name=config.name,
        generation=1,
        desired=_deployed(tx, config),
        desired_shadow=config.shadow,
    )
    _check_instances(tx, endpoint, instance_limit)
    _check_number(tx, scope, ENDPOINTS_AN_INSTANCE * instance_limit)
    tx.insert(endpoint)
    set_first_tags(tx, endpoint.arn, request)
    return endpoint


def rescale_endpoint(
    tx: Transaction, scope: Scope, request: Request, now: datetime, instance_limit: int
) -> Endpoint:
    """Record other weights and capacities for what runs.

    instance_limit    model processes that the account may have

    raises    DoesNotExist, InvalidRequest, LimitExceeded
    """
    endpoint = _in_service(tx, scope, request["EndpointName"])
    updated = replace(
        endpoint,
        desired=rescaled(
            endpoint.running, request["DesiredWeightsAndCapacities"], endpoint.running_config_name
        ),
        desired_shadow=endpoint.running_shadow,
        is_rescaling=True,
        status=EndpointStatus.UPDATING,
        failure=None,
        modified=now,
    )
    _check_instances(tx, updated, instance_limit)
    tx.update(updated)
    for before, after in zip(endpoint.running, updated.desired, strict=True):
        place = endpoint_place(updated, updated.desired_generation, after.variant.name, 0)
        if (changed := changes(before, after)) is not None:
            tx.log(place, [line_of(changed)], now)
    return updated


def find_endpoint(tx: Transaction, scope: Scope, name: str) -> Endpoint:
    """Return the endpoint of a name.

    raises    DoesNotExist
    """
    endpoint = tx.find(Endpoint, scope, name)
    if endpoint is None:
        raise DoesNotExist("endpoint", arn(scope, Kind.ENDPOINT, name))
    return endpoint


def _in_service(tx: Transaction, scope: Scope, name: str) -> Endpoint:
    """Return an endpoint that is in service.

    raises    DoesNotExist, InvalidRequest if it cannot be changed now
    """
    endpoint = find_endpoint(tx, scope, name)
    if endpoint.status in (EndpointStatus.CREATING, EndpointStatus.UPDATING):
        raise InvalidRequest(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    if endpoint.status is not EndpointStatus.IN_SERVICE:
        raise InvalidRequest(
            f'Cannot update endpoint "{endpoint.arn}" in status {endpoint.status}: it must '
            "be InService."
        )
    return endpoint


def _deployed(tx: Transaction, config: EndpointConfig) -> tuple[Deployed, ...]:
    models = [find_model(tx, config.scope, variant.model_name) for variant in config.variants]
    return tuple(
        Deployed(
            variant,
            model.containers,
            config.volume_key,
            model.request.get("ExecutionRoleArn", ""),
        )
        for variant, model in zip(config.variants, models, strict=True)
    )


def _check_instances(tx: Transaction, wanted: Endpoint, limit: int) -> None:
    """Check that the account may have as many instances.

    raises    LimitExceeded if the account would have more model processes than it may
    """
    used = sum(
        _instances(endpoint)
        for endpoint in tx.every(Endpoint, _WITH_INSTANCES, wanted.scope.account)
        if endpoint.arn != wanted.arn
    )
    delta = _instances(wanted)
    if used + delta > limit:
        raise LimitExceeded("instances for endpoint usage", limit, used, delta, "Instances")


def _check_number(tx: Transaction, scope: Scope, limit: int) -> None:
    """Check that the account may have one more endpoint.

    raises    LimitExceeded if the account has as many endpoints as it may, whatever has become of them
    """
    used = tx.count(Endpoint, tuple(EndpointStatus), account=scope.account)
    if used >= limit:
        what = f"endpoints, {ENDPOINTS_AN_INSTANCE} for each of the instances"
        raise LimitExceeded(what, limit, used, 1, "Endpoints")


def _instances(endpoint: Endpoint) -> int:
    return sum(deployed.variant.most_processes for deployed in endpoint.desired)
