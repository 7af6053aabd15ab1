"""Whether policies allow what is asked: an explicit deny wins, and what nothing allows is denied.

source    "Policy evaluation logic" in IAM's user guide
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from windvane.control.identity.conditions import Facts
from windvane.control.identity.documents import Policy
from windvane.errors import Denial

NO_FACTS: Facts = MappingProxyType({})


class Decision(Enum):
    """The reasons are how AWS ends its sentence."""

    ALLOWED = ""
    DENIED = "with an explicit deny in an identity-based policy"
    DENIED_BY_SESSION = "with an explicit deny in a session policy"
    NOT_ALLOWED = "because no identity-based policy allows the {action} action"
    NOT_ALLOWED_BY_SESSION = "because no session policy allows the {action} action"

    def reason(self, action: str) -> str:
        return self.value.format(action=action)

    @property
    def denial(self) -> Denial:
        """What it has against an action that is not ALLOWED."""
        if self in (Decision.DENIED, Decision.DENIED_BY_SESSION):
            return Denial.EXPLICIT
        return Denial.NO_ALLOW if self is Decision.NOT_ALLOWED else Denial.SESSION


@dataclass(frozen=True)
class Rights:
    """The rights of a principal.

    policies    its own; what one of them allows is allowed
    sessions    policies of each AssumeRole that it came through: each narrows what there was
    facts       about the principal, keys in lower case
    """

    arn: str
    account: str
    policies: tuple[Policy, ...]
    sessions: tuple[tuple[Policy, ...], ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_steps(self) -> int:
        """How much a decision takes at most, as Pattern.n_steps."""
        everything = (*self.policies, *(policy for group in self.sessions for policy in group))
        return sum(one.n_steps for policy in everything for one in policy.statements)

    @property
    def depends_on_request(self) -> bool:
        """Whether a decision needs more than action and resource."""
        everything = (*self.policies, *(policy for group in self.sessions for policy in group))
        return any(policy.has_conditions for policy in everything)


def decide(rights: Rights, action: str, resource: str, facts: Facts = NO_FACTS) -> Decision:
    """Decide whether rights allow an action on a resource.

    facts    about the request, keys in lower case; what is known of the principal comes on top
    """
    asked = action.lower(), resource, {**facts, **rights.facts}
    sessions = [_verdict(group, *asked) for group in rights.sessions]
    return _decision(_verdict(rights.policies, *asked), sessions)


def decide_for_any(rights: Rights, action: str) -> Decision:
    """Return whether there may be a resource that the action is allowed on: every group of policies has an Allow of the
    action, and none a Deny of it that is about everything."""
    groups = (rights.policies, *rights.sessions)
    verdicts = [_verdict_for_any(group, action.lower(), rights.facts) for group in groups]
    return _decision(verdicts[0], verdicts[1:])


def _verdict_for_any(policies: Iterable[Policy], action: str, facts: Facts) -> _Verdict:
    found = _Verdict.SILENT
    for statement in (one for policy in policies for one in policy.statements):
        if statement.is_about_action(action, facts):
            if statement.allows:
                found = _Verdict.ALLOWED
            elif statement.is_about_everything:
                return _Verdict.DENIED
    return found


def _decision(own: _Verdict, sessions: Sequence[_Verdict]) -> Decision:
    if own is _Verdict.DENIED:
        return Decision.DENIED
    if _Verdict.DENIED in sessions:
        return Decision.DENIED_BY_SESSION
    if _Verdict.SILENT in sessions:
        # first: what allows it besides (a trust policy) does not widen a session
        return Decision.NOT_ALLOWED_BY_SESSION
    return Decision.NOT_ALLOWED if own is _Verdict.SILENT else Decision.ALLOWED


class _Verdict(Enum):
    ALLOWED = 1
    DENIED = 2
    SILENT = 3


def _verdict(policies: Iterable[Policy], action: str, resource: str, facts: Facts) -> _Verdict:
    found = _Verdict.SILENT
    for policy in policies:
        for statement in policy.statements:
            if found is _Verdict.ALLOWED and statement.allows:
                continue
            if statement.is_about(action, resource, facts):
                if not statement.allows:
                    return _Verdict.DENIED
                found = _Verdict.ALLOWED
    return found
