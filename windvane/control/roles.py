"""Roles at work: what a job or model may read and write, and who may hand a role to one."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile

from windvane.artifacts.base import ObjectInfo
from windvane.artifacts.mapped import BucketMap
from windvane.control.buckets import BucketOwners, RegionOf, no_region
from windvane.control.identity.authorizer import Authorizer, account_of, denied
from windvane.control.identity.conditions import Facts
from windvane.control.identity.declared import SAGEMAKER
from windvane.control.identity.documents import Use
from windvane.control.identity.evaluation import NO_FACTS, Decision, Rights, decide
from windvane.control.identity.policy_cache import read_cached
from windvane.control.identity.trust import trusts_service
from windvane.domain.identity import Role
from windvane.errors import InvalidRequest
from windvane.names import Scope, default_role
from windvane.wire.call import Caller

_PASSED_TO = {"iam:passedtoservice": SAGEMAKER}
MOST_DECIDED_S = 10.0
"""Of a processor, for all that a request asks of one role; AWS's own policies take a second for 100,000 objects."""

_LOOKED_FOR_S = 1.0
"""How long a page looks for roles: an account may have a thousand, each with a policy of its own."""


class Action(StrEnum):
    """The actions on a bucket, in IAM's words."""

    LIST = "s3:ListBucket"
    GET = "s3:GetObject"
    PUT = "s3:PutObject"


_KEYS = "arn:aws:kms:"
_READS = ("s3:Get", "s3:List")
DENIALS = (Decision.DENIED, Decision.DENIED_BY_SESSION, Decision.NOT_ALLOWED_BY_SESSION)
"""What even a bucket for everybody is not read against."""


@dataclass
class DecisionTime:
    """A bound on the processor time, in seconds, of all decisions about one grant: policies may be long, and inputs
    have very many objects. Whoever asked may have gone long since."""

    taken_s: float = 0.0

    def decide(self, rights: Rights, action: str, resource: str, facts: Facts) -> Decision:
        """Decide whether rights allow an action, and count the time that this takes.

        raises    InvalidRequest once all decisions together have taken too long
        """
        if self.taken_s > MOST_DECIDED_S:
            raise InvalidRequest(
                f"It takes more than {MOST_DECIDED_S:g} seconds to find out whether {rights.arn} may use each of the objects: "
                "its policies are long. Give it shorter ones, or name fewer objects."
            )
        began = time.thread_time()
        decision = decide(rights, action, resource, facts)
        self.taken_s += time.thread_time() - began
        return decision


@dataclass(frozen=True)
class Grant:
    """The rights with which a job or model acts in an account.

    role_arn    of the role, or of the caller where no role was named
    """

    role_arn: str
    account: str
    rights: Rights
    is_declared: bool
    owners: BucketOwners
    mapped: BucketMap
    decision_time: DecisionTime = field(default_factory=DecisionTime, compare=False)
    region_of: RegionOf = field(default=no_region, compare=False)

    def decides(self, action: Action, bucket: str, key: str = "") -> Decision:
        """Return whether the role may do this with an object or bucket.

        key    of an object, or the prefix that is listed
        """
        rights = rights_at(bucket, self.rights, self.mapped, self.region_of)
        if action is Action.LIST:
            return self._decides(rights, action, f"arn:aws:s3:::{bucket}", {"s3:prefix": key})
        return self._decides(rights, action, f"arn:aws:s3:::{bucket}/{key}")

    def allows(self, action: Action, bucket: str, key: str = "") -> bool:
        """Return whether the policies allow this."""
        return self.decides(action, bucket, key) is Decision.ALLOWED

    def require(self, action: Action, bucket: str, key: str = "") -> None:
        """Check that the role may do this with an object or bucket.

        raises    InvalidRequest if the role may not do this with the bucket, or an object in it
        """
        decision = self.decides(action, bucket, key)
        if (source := self.mapped.find(bucket)) is not None:
            if action is Action.PUT:
                raise self._denied(
                    action, bucket, f"The bucket is only read: it stands for {source}."
                )
            if not source.is_open_to(self.account):
                raise self._denied(action, bucket, "The bucket is declared for other accounts.")
            if not source.accounts and decision not in DENIALS:
                return
        if decision is not Decision.ALLOWED:
            raise self._denied(action, bucket, self._why(action, decision))
        self.require_ownership(action, bucket)

    def require_read(self, info: ObjectInfo) -> None:
        """Check that the role may read an object.

        raises    InvalidRequest if the role may not read an object, or decrypt it
        """
        self.require(Action.GET, info.location.bucket, info.location.key)
        self.require_decryption(info)

    def require_decryption(self, info: ObjectInfo) -> None:
        """Check that the role may decrypt an object.

        raises    InvalidRequest if the role may not decrypt an object
        """
        if info.kms_key:
            self.require_key(info.kms_key, "kms:Decrypt")

    def may_use_key(self, arn: str, action: str) -> bool:
        """Return whether the policies allow this with a key of KMS."""
        return self._decides(rights_at_key(arn, self.rights), action, arn) is Decision.ALLOWED

    def require_key(self, arn: str, *actions: str) -> None:
        """Check that the role may use a key of KMS.

        raises    InvalidRequest if the role may not do this with a key of KMS
        """
        rights = rights_at_key(arn, self.rights)
        for action in actions:
            decision = self._decides(rights, action, arn)
            if decision is not Decision.ALLOWED:
                raise InvalidRequest(
                    f'Access denied: the role "{self.role_arn}" has no "{action}" permission on key "{arn}": '
                    f"{decision.reason(action)}."
                )

    def require_ownership(self, action: Action, bucket: str) -> None:
        """Check that the bucket is not another account's.

        raises    InvalidRequest for a bucket of another account
        """
        if self.mapped.find(bucket) is not None:
            return
        if self.owners.owner(bucket) not in (None, self.account):
            raise self._denied(action, bucket, "The bucket belongs to another account.")

    def _decides(
        self, rights: Rights, action: str, resource: str, facts: Facts = NO_FACTS
    ) -> Decision:
        return self.decision_time.decide(rights, action, resource, facts)

    def _why(self, action: Action, decision: Decision) -> str:
        if self.is_declared:
            return "The role's declaration does not name the bucket."
        reason = decision.reason(action)
        return f"{reason[0].upper()}{reason[1:]}."

    def _denied(self, action: Action, bucket: str, reason: str) -> InvalidRequest:
        return InvalidRequest(
            f'Access denied: the role "{self.role_arn}" has no "{action}" permission on bucket '
            f'"{bucket}". {reason}'
        )


class Roles:
    """The roles that jobs and models can have."""

    def __init__(
        self,
        authorizer: Authorizer,
        owners: BucketOwners,
        mapped: BucketMap | None = None,
        region_of: RegionOf = no_region,
    ) -> None:
        """Decide by the policies that an authorizer knows.

        mapped    the buckets that are read from elsewhere
        """
        self._authorizer = authorizer
        self._owners = owners
        self._region_of = region_of
        self._mapped = mapped or BucketMap()

    def default(self, scope: Scope) -> Grant:
        """Return the default role of the account: every bucket of it."""
        return self.assume(scope, default_role(scope.account))

    def assume(self, scope: Scope, arn: str) -> Grant:
        """Return what SageMaker may do in a role of the account.

        raises    InvalidRequest if the account has no such role, or SageMaker may not assume it
        """
        account = scope.account
        role = self._authorizer.directory.role(arn)
        if role is None or role.account != account:
            raise InvalidRequest(
                f"The role {arn} cannot be assumed. Please ensure that the role exists: it must be "
                f"{default_role(account)}, be made with CreateRole, or be declared in the server's configuration, "
                f"section [[roles]], for the account {account}."
            )
        if not trusts_service(read_cached(role.trust, Use.TRUST), SAGEMAKER):
            raise InvalidRequest(
                f"The role {arn} cannot be assumed. Please ensure that its trust relationship policy allows the action "
                f'"sts:AssumeRole" for the service principal "{SAGEMAKER}".'
            )
        return self._grant(
            role.arn, self._authorizer.rights_of_role(role, scope.region), _is_narrow(role)
        )

    def of_caller(self, caller: Caller) -> Grant:
        """Return what holds where a request names no role: what the caller may do, and no more.

        raises    AccessDenied if the caller's role or user is no more
        """
        rights = self._authorizer.rights_of_caller(caller)
        role = self._authorizer.directory.role(caller.credential.role_arn)
        arn = caller.credential.role_arn or caller.credential.principal_arn
        return self._grant(arn, rights, role is not None and _is_narrow(role))

    def passed(self, caller: Caller, arn: str) -> Grant:
        """Return the role that a caller hands to a job or model.

        raises    AccessDenied if the caller may not; InvalidRequest if the account has no such role
        """
        scope = Scope(caller.account, caller.region)
        if account_of(arn) == caller.account:
            self._authorizer(caller, "iam:PassRole", arn, _PASSED_TO)
        return self.assume(scope, arn)

    def require(self, caller: Caller, action: str, resource: str, facts: Facts = NO_FACTS) -> None:
        """Check that a caller may do what a job does later on its behalf.

        raises    AccessDenied
        """
        self._authorizer(caller, action, resource, facts)

    def passable(self, caller: Caller) -> tuple[str, ...]:
        """ARNs of the roles that a caller may hand to jobs, the default one first: as many as are found in a second."""
        give_up = time.monotonic() + _LOOKED_FOR_S
        roles = self._authorizer.directory.roles(caller.account)
        in_time = takewhile(lambda _: time.monotonic() < give_up, roles)
        return tuple(role.arn for role in in_time if self._is_passable(caller, role))

    def _is_passable(self, caller: Caller, role: Role) -> bool:
        if not trusts_service(read_cached(role.trust, Use.TRUST), SAGEMAKER):
            return False
        decision = self._authorizer.decide(caller, "iam:PassRole", role.arn, _PASSED_TO)
        return decision is Decision.ALLOWED

    def authorize_s3(
        self, caller: Caller, action: str, resource: str, facts: Facts = NO_FACTS
    ) -> None:
        """Check what an S3 request asks for; a bucket that is declared for everybody is read by everybody whom nothing
        denies it. A bucket has a region of its own, and so has a key, whatever region a request is signed for.

        raises    AccessDenied
        """
        bucket = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        source = self._mapped.find(bucket)
        if self._authorizer.rights(caller.credential).depends_on_request:
            is_key = resource.startswith(_KEYS)
            at_bucket = region_facts(bucket, self._mapped, self._region_of)
            facts = {**facts, **(_key_facts(resource) if is_key else at_bucket)}
        if source is not None and not source.accounts and action.startswith(_READS):
            decision = self._authorizer.decide(caller, action, resource, facts)
            if decision in DENIALS:
                raise denied(caller.credential, action, resource, decision)
            return
        self._authorizer(caller, action, resource, facts)

    def _grant(self, arn: str, rights: Rights, is_declared: bool) -> Grant:
        return Grant(
            arn,
            rights.account,
            rights,
            is_declared,
            self._owners,
            self._mapped,
            region_of=self._region_of,
        )


def rights_at(bucket: str, rights: Rights, mapped: BucketMap, region_of: RegionOf) -> Rights:
    """Return the rights where the bucket is, which has a region of its own, whatever the job's is."""
    if not rights.depends_on_request:
        return rights
    facts = region_facts(bucket, mapped, region_of)
    return replace(rights, facts={**rights.facts, **facts})


def rights_at_key(arn: str, rights: Rights) -> Rights:
    """Return the rights where a key of KMS is, which is where its bucket is, whatever the job's region is."""
    if not rights.depends_on_request:
        return rights
    return replace(rights, facts={**rights.facts, **_key_facts(arn)})


def _key_facts(arn: str) -> dict[str, str]:
    """Return what conditions may ask about a key; nothing for what is no ARN, as external stores may have it."""
    return {"aws:requestedregion": arn.split(":")[3]} if arn.startswith(_KEYS) else {}


def region_facts(bucket: str, mapped: BucketMap, region_of: RegionOf) -> dict[str, str]:
    """Return what conditions may ask for of the region of a bucket; nothing if that is unknown."""
    source = mapped.find(bucket)
    region = region_of(bucket) if source is None else source.region
    return {} if region is None else {"aws:requestedregion": region}


def _is_narrow(role: Role) -> bool:
    """Return whether it is a role of the configuration, with buckets that are named there."""
    return role.is_declared and role.arn != default_role(role.account)
