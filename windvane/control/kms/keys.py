"""The life of keys: made, described, switched off and on, rotated, deleted.

States (a table of what each operation asks for stands in AWS's developer guide, "Key states of AWS KMS keys"):

    Enabled <-> Disabled;  either -> PendingDeletion -> Disabled (cancelled) or destroyed (sweep.py)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from windvane.control.kms.lookup import (
    MANAGED,
    MOST_KEYS,
    check_not_pending,
    check_usable,
    ensure_managed,
    find_key,
    new_key,
    number_of_keys,
    scope_named,
)
from windvane.control.kms.materials import Materials
from windvane.control.members import Request, Unserved
from windvane.control.rules import TAG_RULES, check, refused
from windvane.control.tags import MAX_TAGS, set_first_tags
from windvane.domain.keys import Key, KeyMaterial, KeyState
from windvane.errors import (
    AccessDenied,
    InvalidRequest,
    KeyInvalidState,
    KeyMissing,
    LimitExceeded,
)
from windvane.names import PageTokens, Scope
from windvane.store.base import Query, Store, Transaction

MOST_ON_DEMAND_ROTATIONS = 25
"""source    "Rotate AWS KMS keys" in KMS's developer guide"""

WAITING_DAYS = (7, 30)
"""source    PendingWindowInDays of ScheduleKeyDeletion in KMS's API reference: at least, at most and by default"""

_ROTATION_DAYS = 365
_PAGE = 100

CREATE_KEY_RULES = (
    refused(
        Unserved("KeyUsage", ("ENCRYPT_DECRYPT",)),
        Unserved("KeySpec", ("SYMMETRIC_DEFAULT",)),
        Unserved("CustomerMasterKeySpec", ("SYMMETRIC_DEFAULT",)),
        Unserved("Origin", ("AWS_KMS",)),
        Unserved("CustomKeyStoreId"),
        Unserved("XksKeyId"),
        Unserved("MultiRegion", (False,)),
    ),
)


@dataclass(frozen=True)
class KeyPage:
    """One page of a list; next_marker is "" on the last one."""

    records: tuple[Any, ...]
    next_marker: str


class Keys:
    """The operations on keys. `key_id` is a key id, key ARN, alias or alias ARN where AWS takes all four."""

    def __init__(
        self, store: Store, materials: Materials, tokens: PageTokens, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._materials = store, materials
        self._tokens, self._clock = tokens, clock

    def create(self, scope: Scope, request: Request) -> Key:
        """Create a key.

        raises    InvalidRequest, LimitExceeded
        """
        plain = {**request, "Tags": _sagemaker_tags(request.get("Tags", ()))}
        check((*CREATE_KEY_RULES, *TAG_RULES), plain)
        if request.get("Policy") is not None:
            check_policy(scope, request["Policy"])
        key = new_key(scope, self._materials, self._clock(), request.get("Description", ""))
        with self._store.transaction() as tx:
            tx.insert(key)
            used = number_of_keys(tx, scope.account)
            if used > MOST_KEYS:
                raise LimitExceeded("KMS keys", MOST_KEYS, used - 1, 1, "Keys")
            set_first_tags(tx, key.arn, plain)
        return key

    def describe(self, scope: Scope, key_id: str) -> Key:
        """Return a key; one that the service manages is made when it is first asked for.

        raises    KeyMissing, AccessDenied
        """
        alias = key_id.rpartition(":")[2]
        if alias in MANAGED and scope_named(key_id, scope) == scope:
            ensure_managed(self._store, self._materials, scope, alias, self._clock())
        with self._store.snapshot() as tx:
            return find_key(tx, scope, key_id)

    def list(self, scope: Scope, request: Request) -> KeyPage:
        """Return a page of the keys.

        raises    InvalidRequest for a marker that is not this list's
        """
        return page(self._store, self._tokens, "ListKeys", Key, scope, request)

    def describe_by_id(self, scope: Scope, key_id: str) -> Key:
        """Return a key by its id or ARN.

        raises    KeyMissing, also for an alias; AccessDenied
        """
        with self._store.snapshot() as tx:
            return find_key(tx, scope, key_id, by_alias=False)

    def set_enabled(self, scope: Scope, key_id: str, enabled: bool) -> None:
        """Enable or disable a key.

        raises    KeyMissing, KeyInvalidState, AccessDenied
        """
        status = KeyState.ENABLED if enabled else KeyState.DISABLED
        self._change(scope, key_id, lambda key: replace(key, status=status))

    def set_description(self, scope: Scope, key_id: str, text: str) -> None:
        """Replace the description of a key.

        raises    KeyMissing, KeyInvalidState, AccessDenied
        """
        self._change(scope, key_id, lambda key: replace(key, description=text))

    def schedule_deletion(self, scope: Scope, key_id: str, days: int | None) -> Key:
        """Schedule the deletion of a key.

        raises    KeyMissing, KeyInvalidState, AccessDenied, InvalidRequest
        """
        least, most = WAITING_DAYS
        window = most if days is None else days
        if not least <= window <= most:
            raise InvalidRequest(
                f"PendingWindowInDays is {window}; it must be between {least} and {most}, inclusive."
            )
        until = self._clock() + timedelta(days=window)
        return self._change(
            scope,
            key_id,
            lambda key: replace(
                key, status=KeyState.PENDING_DELETION, deletion=until, window_days=window
            ),
        )

    def cancel_deletion(self, scope: Scope, key_id: str) -> Key:
        """The key is disabled afterwards, as AWS's is.

        raises    KeyMissing, KeyInvalidState, AccessDenied
        """
        with self._store.transaction() as tx:
            key = own_key(find_key(tx, scope, key_id, by_alias=False))
            if key.status is not KeyState.PENDING_DELETION:
                raise KeyInvalidState(f"{key.arn} is not pending deletion.")
            return self._update(
                tx, replace(key, status=KeyState.DISABLED, deletion=None, window_days=0)
            )

    def enable_rotation(self, scope: Scope, key_id: str, days: int | None) -> None:
        """Rotate a key's material from now on.

        raises    KeyMissing, KeyDisabled, KeyInvalidState, AccessDenied
        """
        period = days or _ROTATION_DAYS
        first = self._clock() + timedelta(days=period)
        self._change(
            scope,
            key_id,
            lambda key: replace(key, rotation_days=period, next_rotation=first),
            usable=True,
        )

    def disable_rotation(self, scope: Scope, key_id: str) -> None:
        """Stop to rotate a key's material.

        raises    KeyMissing, KeyDisabled, KeyInvalidState, AccessDenied
        """
        self._change(
            scope,
            key_id,
            lambda key: replace(key, rotation_days=0, next_rotation=None),
            usable=True,
        )

    def rotate(self, scope: Scope, key_id: str) -> Key:
        """Give the key new material at once; the old goes on decrypting.

        raises    KeyMissing, KeyDisabled, KeyInvalidState, AccessDenied, LimitExceeded
        """
        return self._change(scope, key_id, self._rotated_on_demand, usable=True)

    def rotations(self, scope: Scope, key_id: str) -> tuple[KeyMaterial, ...]:
        """Return every material but the first, newest first.

        raises    KeyMissing, AccessDenied
        """
        return self.describe_by_id(scope, key_id).materials[:0:-1]

    def policy(self, scope: Scope, key_id: str, name: str) -> str:
        """Return the policy of a key.

        raises    KeyMissing, AccessDenied
        """
        key = self.describe_by_id(scope, key_id)
        if name != "default":
            raise KeyMissing("No such policy exists")
        return default_policy(key.scope)

    def put_policy(self, scope: Scope, key_id: str, name: str, policy: str) -> None:
        """Only the policy that every key has anyway is taken.

        raises    KeyMissing, KeyInvalidState, AccessDenied, InvalidRequest
        """
        key = own_key(self.describe_by_id(scope, key_id))
        check_not_pending(key)
        if name != "default":
            raise InvalidRequest(f"PolicyName is '{name}'; a key has one policy, 'default'.")
        check_policy(scope, policy)

    def tags(self, scope: Scope, key_id: str) -> dict[str, str]:
        """Return the tags of a key.

        raises    KeyMissing, AccessDenied
        """
        with self._store.snapshot() as tx:
            return tx.tags(find_key(tx, scope, key_id, by_alias=False).arn)

    def add_tags(self, scope: Scope, key_id: str, tags: Iterable[dict[str, str]]) -> None:
        """Add tags to a key.

        raises    KeyMissing, KeyInvalidState, AccessDenied, InvalidRequest, LimitExceeded
        """
        request = {"Tags": _sagemaker_tags(tags)}
        check(TAG_RULES, request)
        with self._store.transaction() as tx:
            key = own_key(find_key(tx, scope, key_id, by_alias=False))
            check_not_pending(key)
            set_first_tags(tx, key.arn, request)
            if (used := len(tx.tags(key.arn))) > MAX_TAGS:
                raise LimitExceeded("tags of a key", MAX_TAGS, used - 1, 1, "Tags")

    def remove_tags(self, scope: Scope, key_id: str, names: Iterable[str]) -> None:
        """Remove tags of a key.

        raises    KeyMissing, KeyInvalidState, AccessDenied
        """
        with self._store.transaction() as tx:
            key = own_key(find_key(tx, scope, key_id, by_alias=False))
            check_not_pending(key)
            tx.remove_tags(key.arn, names)

    def _rotated_on_demand(self, key: Key) -> Key:
        used = sum(material.on_demand for material in key.materials)
        if used >= MOST_ON_DEMAND_ROTATIONS:
            raise LimitExceeded(
                "on-demand rotations of a key", MOST_ON_DEMAND_ROTATIONS, used, 1, "Rotations"
            )
        fresh = self._materials.new(key.arn, self._clock(), on_demand=True)
        return replace(key, materials=(*key.materials, fresh))

    def _change(
        self, scope: Scope, key_id: str, change: Callable[[Key], Key], *, usable: bool = False
    ) -> Key:
        """Change a key in a transaction.

        usable    whether the key must be enabled for it; never pending deletion
        """
        with self._store.transaction() as tx:
            key = own_key(find_key(tx, scope, key_id, by_alias=False))
            (check_usable if usable else check_not_pending)(key)
            return self._update(tx, change(key))

    def _update(self, tx: Transaction, key: Key) -> Key:
        changed = replace(key, modified=self._clock())
        tx.update(changed)
        return changed


def page(
    store: Store,
    tokens: PageTokens,
    operation: str,
    kind: type[Any],
    scope: Scope,
    request: Request,
) -> KeyPage:
    """Return one page of a list, oldest first.

    raises    InvalidRequest for a marker that is not this list's
    """
    belongs_to = (operation, scope.account, scope.region)
    after = tokens.read(belongs_to, request["Marker"]) if "Marker" in request else None
    query = Query(scope=scope, descending=False, limit=request.get("Limit", _PAGE), after=after)
    with store.snapshot() as tx:
        found = tx.page(kind, query)
    is_last = found.position is None
    return KeyPage(found.records, "" if is_last else tokens.issue(belongs_to, found.position))


def default_policy(scope: Scope) -> str:
    """Return the policy of every key: its account decides, by the policies of its users and roles.

    source    "Default key policy" in KMS's developer guide
    """
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{scope.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    document = {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}
    return json.dumps(document, indent=2)


def check_policy(scope: Scope, text: str) -> None:
    """Check that a key policy is the default one.

    raises    InvalidRequest for a policy that means anything else than the default one
    """
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The new key policy is not JSON: {error}.") from error
    wanted = json.loads(default_policy(scope))["Statement"]
    statements = given.get("Statement") if isinstance(given, dict) else None
    if not isinstance(statements, list) or [*map(_bare, statements)] != [*map(_bare, wanted)]:
        raise InvalidRequest(
            "Key policies other than the default one are not supported by this server: leave Policy out, and "
            "allow kms:... actions in the policies of users and roles."
        )


def _bare(statement: Any) -> Any:
    if not isinstance(statement, Mapping):
        return statement
    return {name: value for name, value in statement.items() if name != "Sid"}


def own_key(key: Key) -> Key:
    """Return a key unless the service manages it.

    raises    AccessDenied for a key that is the service's own
    """
    if key.is_managed:
        raise AccessDenied(
            f"The key {key.arn} is managed by the service: it can be used through S3 and SageMaker and described, not "
            "changed or called directly."
        )
    return key


def _sagemaker_tags(tags: Any) -> list[dict[str, str]]:
    """Tags as other services spell them."""
    return [{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in tags]
