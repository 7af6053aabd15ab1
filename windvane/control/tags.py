"""Tags of every kind of resource."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from windvane.control.members import Request
from windvane.control.rules import TAG_RULES, check
from windvane.control.webhooks import WebhooksOf, check_webhook_later, no_webhooks
from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.domain.deployment import Endpoint, EndpointConfig, Model
from windvane.domain.job import AutoMLJob
from windvane.domain.resource import Resource
from windvane.errors import DoesNotExist, InvalidRequest
from windvane.names import Arn, Scope, parse_arn
from windvane.store.base import Store, Transaction

MAX_TAGS = 50

_TAGGABLE: dict[str, type[Resource]] = {
    str(kind.kind): kind
    for kind in (
        AutoMLJob,
        ProcessingJob,
        TrainingJob,
        TransformJob,
        Model,
        EndpointConfig,
        Endpoint,
    )
}

_WORDS = {str(EndpointConfig.kind): "endpoint configuration"}


def without_tags(request: Request) -> dict[str, Any]:
    """Return a request as a record keeps it: tags live on their own, and change."""
    return {name: value for name, value in request.items() if name != "Tags"}


def first_tags(request: Request) -> dict[str, str]:
    """Return the tags that a request gives."""
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


def set_first_tags(tx: Transaction, arn: str, request: Request) -> None:
    """Give a resource the tags of the request that creates it."""
    if tags := first_tags(request):
        tx.set_tags(arn, tags)


class Tags:
    """The operations on tags."""

    def __init__(self, store: Store, webhooks: WebhooksOf = no_webhooks) -> None:
        self._store, self._webhooks = store, webhooks

    def add(self, scope: Scope, arn: str, request: Request) -> dict[str, str]:
        """Add or replace the request's Tags; all of the resource's tags afterwards.

        raises    InvalidRequest
        """
        check(TAG_RULES, request)
        with self._store.transaction() as tx:
            resource = _find(tx, scope, arn)
            if isinstance(resource, AutoMLJob):
                kept, names = tx.tags(resource.arn), self._webhooks(scope.account)
                check_webhook_later(resource, kept, first_tags(request), names)
            set_first_tags(tx, resource.arn, request)
            tags = tx.tags(resource.arn)
            if len(tags) > MAX_TAGS:
                raise InvalidRequest(
                    f"A resource can have at most {MAX_TAGS} tags; {resource.arn} would have {len(tags)}."
                )
        return tags

    def list(self, scope: Scope, arn: str) -> dict[str, str]:
        """Return the tags of a resource.

        raises    InvalidRequest
        """
        with self._store.snapshot() as tx:
            return tx.tags(_find(tx, scope, arn).arn)

    def remove(self, scope: Scope, arn: str, keys: Iterable[str]) -> None:
        """Removing a tag that is not there does nothing.

        raises    InvalidRequest
        """
        with self._store.transaction() as tx:
            tx.remove_tags(_find(tx, scope, arn).arn, keys)


def _find(tx: Transaction, scope: Scope, text: str) -> Resource:
    arn = parse_arn(text)
    kind = _TAGGABLE.get(arn.kind)
    if kind is None:
        raise InvalidRequest(
            f"Resources of the type '{arn.kind}' cannot have tags here. Those of these types can: "
            f"{', '.join(_TAGGABLE)}."
        )
    resource = tx.find(kind, scope, arn.name) if arn.scope == scope else None
    if resource is None or _folded(text) != resource.arn:  # of another partition or service
        raise _missing(arn, text)
    return resource


def _folded(arn: str) -> str:
    """Return names differ in the case of their letters; whatever stands before them does not."""
    before, slash, name = arn.partition("/")
    return f"{before}{slash}{name.lower()}"


def _missing(arn: Arn, text: str) -> InvalidRequest:
    """Return the service model gives operations on tags no error for what is not there: always a ValidationException."""
    if arn.kind == AutoMLJob.kind:
        return InvalidRequest(f"Amazon SageMaker can't find an AutoML job called {arn.name}.")
    return DoesNotExist(_WORDS.get(arn.kind, arn.kind.replace("-", " ")), text)
