"""Decides whether a caller may do an action to a resource, and remembers what it decided."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from windvane.control.identity.conditions import Facts
from windvane.control.identity.directory import Directory, Known
from windvane.control.identity.documents import Policy, Use
from windvane.control.identity.evaluation import NO_FACTS, Decision, Rights, decide, decide_for_any
from windvane.control.identity.key_uses import KeyUses
from windvane.control.identity.policy_cache import RightsCache, read_cached
from windvane.domain.identity import Principal, Role, User
from windvane.errors import AccessDenied, NotAuthorized
from windvane.wire.call import Caller, Credential

_MOST_REMEMBERED = 2_000
"""Decisions; what is asked for again and again are endpoints, buckets and operations, not single objects."""

_QUICK_CHARACTERS = 8192
_QUICK_STEPS = 1024
"""What the policies of whom is asked for on an event loop have, and take, at most: half a millisecond."""

_READ_AT_ONCE = 1024
"""Characters of policies that are read on an event loop, which takes 1.5 ms at most: a client may have many sessions, each
with policies of its own, and ask with one after the other."""

_WITHOUT_PERMISSION = frozenset({"sts:GetSessionToken"})
"""source    "No permissions are required to perform this operation" in STS's API reference"""

_OF_EVERYBODY = "sts:GetCallerIdentity"
"""source    GetCallerIdentity in STS's API reference: it works even where a policy denies it"""

_NOT_FOR_SESSIONS_OF_USERS = ("iam:",)
"""source    GetSessionToken in STS's API reference: "You cannot call any IAM API operations unless MFA ..." """

_CROSSES_ACCOUNTS = "sts:AssumeRole"


class _Remembered:
    """Decisions that hold while nothing changes; each is kept with what it was made from, never with what came
    after."""

    def __init__(self, of: Known) -> None:
        self.of = of
        self.rights = RightsCache()
        self.allowed: set[tuple[str, str, str, str]] = set()


class Authorizer:
    """Decides what callers may do: by their own policies, narrowed by those of their sessions."""

    def __init__(
        self,
        directory: Directory,
        clock: Callable[[], datetime],
        uses: KeyUses | None = None,
    ) -> None:
        """Decide by the identities of a directory.

        uses    where it is noted when keys of users were used; None notes nothing
        """
        self.directory = directory
        self.uses = uses or KeyUses(None)
        self._clock = clock
        self._remembered = _Remembered(Known())

    def __call__(self, caller: Caller, action: str, resource: str, facts: Facts = NO_FACTS) -> None:
        """Check that a caller may do an action to a resource.

        facts    that conditions may ask for besides those of the caller; names in lower case

        raises    AccessDenied
        """
        credential, remembered = caller.credential, self._current()
        asked = (credential.access_key, credential.session_token, action, resource)
        if credential.user_name:
            self.uses.note(caller, action, self._clock())
        if asked in remembered.allowed:
            return
        rights = self._rights(credential, remembered)
        decision = self._decide(caller, rights, action, resource, facts)
        if decision is not Decision.ALLOWED:
            raise denied(credential, action, resource, decision)
        if not rights.depends_on_request:
            if len(remembered.allowed) >= _MOST_REMEMBERED:
                remembered.allowed.clear()
            remembered.allowed.add(asked)

    def is_quick(self, caller: Caller) -> bool:
        """Return whether what a caller may do is decided at once: its policies are short, and were read or take no time
        to read.

        raises    AccessDenied for a principal that is no more
        """
        credential, remembered = caller.credential, self._current()
        holder = credential.access_key, credential.session_token
        is_kept = remembered.rights.get(holder) is not None
        if not is_kept and self._n_characters(credential) <= _READ_AT_ONCE:
            self._rights(credential, remembered)
        return remembered.rights.is_quick(holder)

    def decide(
        self, caller: Caller, action: str, resource: str, facts: Facts = NO_FACTS
    ) -> Decision:
        return self._decide(caller, self.rights(caller.credential), action, resource, facts)

    def decide_for_any(self, caller: Caller, action: str) -> Decision:
        """Return whether there may be a resource that the caller may do this to: if not, it is of no use to ask."""
        return decide_for_any(self.rights(caller.credential), action)

    def rights(self, credential: Credential) -> Rights:
        """Return what a principal or session may do by its policies.

        raises    AccessDenied for a principal that is no more
        """
        return self._rights(credential, self._current())

    def _current(self) -> _Remembered:
        remembered, known = self._remembered, self.directory.known()
        if remembered.of is not known:
            remembered = self._remembered = _Remembered(known)
        return remembered

    def _rights(self, credential: Credential, remembered: _Remembered) -> Rights:
        holder = credential.access_key, credential.session_token
        if (found := remembered.rights.get(holder)) is None:
            found, n_characters = self._read(credential), self._n_characters(credential)
            is_quick = found.n_steps <= _QUICK_STEPS and n_characters <= _QUICK_CHARACTERS
            remembered.rights.keep(holder, found, n_characters, is_quick=is_quick)
        return found

    def rights_of_caller(self, caller: Caller) -> Rights:
        """Return what a caller may do with this request, for what is decided apart from it.

        raises    AccessDenied for a principal that is no more
        """
        rights = self.rights(caller.credential)
        return replace(rights, facts={**self.facts_of(caller), **rights.facts})

    def rights_of_role(self, role: Role, region: str) -> Rights:
        """Return what a job may do that runs as the role, now; nothing of it crosses a network in the clear."""
        facts = {
            **self._facts_now(region),
            "aws:securetransport": "true",
            **_facts_of(role, "AssumedRole", f"{role.id}:job"),
        }
        return Rights(role.arn, role.account, self.policies_of(role), facts=facts)

    def policies_of(self, principal: Principal) -> tuple[Policy, ...]:
        """Return the policies of a user or role: its own and those attached to it.

        raises    MalformedPolicy for a document that this version cannot read
        """
        use = Use.USER if isinstance(principal, User) else Use.ROLE
        return (
            *(read_cached(document, use) for document in principal.inline.values()),
            *(read_cached(document, Use.MANAGED) for document in self._attached(principal)),
        )

    def documents_of(self, principal: Principal) -> tuple[str, ...]:
        """Return the texts of the policies of a user or role."""
        return (*principal.inline.values(), *self._attached(principal))

    def _attached(self, principal: Principal) -> list[str]:
        attached = [self.directory.policy(arn) for arn in principal.attached]
        return [policy.document for policy in attached if policy is not None]

    def facts_of_principal(self, principal: Principal) -> Mapping[str, str]:
        """Return what conditions may ask about a user or role itself."""
        kind = "User" if isinstance(principal, User) else "AssumedRole"
        return _facts_of(principal, kind, principal.id)

    def _decide(
        self, caller: Caller, rights: Rights, action: str, resource: str, facts: Facts
    ) -> Decision:
        credential = caller.credential
        if action == _OF_EVERYBODY:
            return Decision.ALLOWED
        owner = account_of(resource)
        if owner not in ("", "aws", caller.account) and action != _CROSSES_ACCOUNTS:
            return Decision.NOT_ALLOWED
        is_session_of_user = not credential.permanent and bool(credential.user_name)
        if is_session_of_user and action.startswith(_NOT_FOR_SESSIONS_OF_USERS):
            return Decision.NOT_ALLOWED_BY_SESSION
        decision = decide(rights, action, resource, {**self.facts_of(caller), **facts})
        is_free = action in _WITHOUT_PERMISSION and decision is not Decision.DENIED
        return Decision.ALLOWED if is_free else decision

    def facts_of(self, caller: Caller) -> Mapping[str, str]:
        is_secure = "true" if caller.is_secure else "false"
        facts = {**self._facts_now(caller.region), "aws:securetransport": is_secure}
        return {**facts, "aws:sourceip": caller.source_ip} if caller.source_ip else facts

    def _facts_now(self, region: str) -> dict[str, str]:
        now = self._clock()
        return {
            "aws:requestedregion": region,
            "aws:currenttime": now.isoformat(),
            "aws:epochtime": str(int(now.timestamp())),
        }

    def _read(self, credential: Credential) -> Rights:
        principal = self._principal(credential)
        if principal is None or credential.user_id.partition(":")[0] != principal.id:
            raise AccessDenied(f"{credential.principal_arn} is no more.")
        kind = "User" if isinstance(principal, User) else "AssumedRole"
        facts = _facts_of(principal, kind, credential.user_id)
        if credential.issued is not None:
            facts["aws:tokenissuetime"] = credential.issued.isoformat()
        sessions = tuple(self._session(text) for text in credential.session_policies)
        policies = self.policies_of(principal)
        return Rights(credential.principal_arn, principal.account, policies, sessions, facts)

    def _n_characters(self, credential: Credential) -> int:
        """Return the number of characters of all policies that say what a caller may do."""
        principal = self._principal(credential)
        own = () if principal is None else self.documents_of(principal)
        sessions = [text for one in credential.session_policies for text in self._texts(one)]
        return sum(map(len, (*own, *sessions)))

    def _texts(self, text: str) -> list[str]:
        """Return the documents of a session's policies.

        text    as of _session
        """
        document, arns = json.loads(text)
        named = [self.directory.policy(arn) for arn in arns]
        return [document, *(one.document for one in named if one is not None)]

    def _principal(self, credential: Credential) -> Principal | None:
        if credential.role_arn:
            return self.directory.role(credential.role_arn)
        return self.directory.user(credential.account, credential.user_name)

    def _session(self, text: str) -> tuple[Policy, ...]:
        """Return the policies of a session; none, which allows nothing, once a policy that is named is no more: what it
        denied would be denied no longer.

        text    JSON: the document of a session policy ("" for none) and ARNs of managed ones
        """
        document, arns = json.loads(text)
        own = [read_cached(document, Use.SESSION)] if document else []
        named = [policy for arn in arns if (policy := self.directory.policy(arn)) is not None]
        if len(named) < len(arns):
            return ()
        return (*own, *(read_cached(one.document, Use.MANAGED) for one in named))


def account_of(resource: str) -> str:
    """Return the account in an ARN; "" where it has none, as for buckets and `*`."""
    parts = resource.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def denied(credential: Credential, action: str, resource: str, decision: Decision) -> NotAuthorized:
    """Return what whoever asked is told."""
    reason = decision.reason(action)
    return NotAuthorized(credential.principal_arn, action, resource, reason, decision.denial)


def _facts_of(principal: Principal, kind: str, user_id: str) -> dict[str, str]:
    facts = {
        "aws:principalarn": principal.arn,
        "aws:principalaccount": principal.account,
        "aws:principaltype": kind,
        "aws:userid": user_id,
    }
    return {**facts, "aws:username": principal.name} if isinstance(principal, User) else facts
