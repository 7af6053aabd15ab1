"""Who may assume which role, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.conditions import Facts
from windvane.control.identity.documents import Use
from windvane.control.identity.evaluation import Decision
from windvane.control.identity.policy_cache import read_cached
from windvane.control.identity.trust import Trust, trust_in
from windvane.domain.identity import Role
from windvane.errors import AccessDenied, InvalidRequest
from windvane.wire.call import Caller

_ACTION = "sts:AssumeRole"
_LONGEST_CHAINED_S = 3600


@dataclass(frozen=True)
class Assumed:
    """The parameters of AssumeRole."""

    role_arn: str
    session: str
    seconds: int | None
    external_id: str | None


class Sessions:
    """The operation AssumeRole, but for the keys."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def assume(self, caller: Caller, asked: Assumed) -> tuple[Role, int]:
        """Return the role, and how many seconds the session may last.

        raises    AccessDenied for a role that is not there too; InvalidRequest for too long a session
        """
        facts = _facts(asked)
        role = self._authorizer.directory.role(asked.role_arn)
        if role is None or not self._may(caller, role, facts):
            raise AccessDenied(
                f"User: {caller.credential.principal_arn} is not authorized to perform: {_ACTION} on resource: "
                f"{asked.role_arn}"
            )
        return role, _seconds(caller, role, asked.seconds)

    def _may(self, caller: Caller, role: Role, facts: Facts) -> bool:
        trust = self._trust(caller, role, facts)
        decision = self._authorizer.decide(caller, _ACTION, role.arn, facts)
        if trust is Trust.NAMED and caller.account == role.account:
            return decision in (Decision.ALLOWED, Decision.NOT_ALLOWED)
        return trust in (Trust.ACCOUNT, Trust.NAMED) and decision is Decision.ALLOWED

    def _trust(self, caller: Caller, role: Role, facts: Facts) -> Trust:
        credential = caller.credential
        rights = self._authorizer.rights(credential)
        who = (
            caller.account,
            rights.facts["aws:principalarn"],
            credential.user_id.partition(":")[0],
        )
        policy = read_cached(role.trust, Use.TRUST)
        known = {**self._authorizer.facts_of(caller), **facts, **rights.facts}
        return trust_in(policy, role.trusted_ids, who, known)


def _facts(asked: Assumed) -> Mapping[str, str]:
    facts = {"sts:rolesessionname": asked.session}
    if asked.external_id is not None:
        facts["sts:externalid"] = asked.external_id
    return facts


def _seconds(caller: Caller, role: Role, asked: int | None) -> int:
    """Return an hour unless more is asked for; what a session of a role asks for lasts an hour at most."""
    seconds = _LONGEST_CHAINED_S if asked is None else asked
    if seconds > role.max_session_s:
        raise InvalidRequest(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    is_chained = not caller.credential.permanent and bool(caller.credential.role_arn)
    if is_chained and seconds > _LONGEST_CHAINED_S:
        raise InvalidRequest(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    return seconds
