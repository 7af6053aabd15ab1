"""Who an access key belongs to: root keys of the configuration and of the data folder, keys of users, temporary ones.

Temporary keys are good as long as what they come from: the account, the permanent key with the secret that it had, the
role or user, and every role on the way.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from windvane.api.session_tokens import (
    MOST_CHARACTERS,
    MOST_POLICY_ARNS,
    MOST_POLICY_CHARACTERS,
    Claims,
    Known,
    SessionTokens,
)
from windvane.control.identity.declared import role_id
from windvane.control.identity.directory import Directory
from windvane.control.identity.key_safe import KeySafe
from windvane.domain.identity import AccessKey, KeyStatus, Role, User
from windvane.errors import Expired, InvalidRequest, PackedPolicyTooLarge
from windvane.names import default_role
from windvane.wire.call import Credential


@dataclass(frozen=True)
class TemporaryKeys:
    """Temporary credentials, as AssumeRole and GetSessionToken return them."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires: datetime
    credential: Credential


class KeyRing:
    """Finds the owner of an access key (the wire's KeyRing).

    permanent       root keys: (account, access key, secret key)
    token_secret    signs session tokens
    directory       users and roles; None where there are none but every account's default role
    safe            opens the secrets of users' keys
    """

    def __init__(
        self,
        permanent: Iterable[tuple[str, str, str]],
        token_secret: bytes,
        directory: Directory | None = None,
        safe: KeySafe | None = None,
    ) -> None:
        self._directory = directory or Directory(None)
        self._safe = safe or KeySafe(token_secret)
        self.replace(permanent, token_secret)

    def replace(self, permanent: Iterable[tuple[str, str, str]], token_secret: bytes) -> None:
        """Other root keys, or another secret, from now on."""
        credentials = [_root_credential(*one) for one in permanent]
        self._roots = _Roots(
            {one.access_key: one for one in credentials},
            frozenset(one.account for one in credentials),
            SessionTokens(token_secret),
        )

    def credential(self, access_key: str, session_token: str, now: datetime) -> Credential | None:
        """Return the credential of a key; None if the key is unknown, does not go with the token, or what it comes
        from is gone.

        raises    Expired for temporary keys whose time is over
        """
        roots = self._roots
        if not session_token:
            return self._permanent(roots, access_key)
        known = roots.tokens.known(session_token)
        if known is None or not hmac.compare_digest(known.access_key.encode(), access_key.encode()):
            return None
        if not self._still_stands(roots, known.claims):
            return None
        if now.timestamp() >= known.claims.expires:
            raise Expired("The security token included in the request is expired")
        return _temporary_credential(known, session_token)

    def issue(
        self,
        role_arn: str,
        session: str,
        lifetime: timedelta,
        now: datetime,
        parent: Credential,
        session_policy: str = "",
    ) -> TemporaryKeys:
        """Keys for a session of a role, good for `lifetime` from `now`.

        parent           who asks: a session's keys end with the permanent key that it came from itself, and what narrows
                         it narrows them too
        session_policy   as in Credential; "" narrows nothing
        raises           InvalidRequest if key or role is no more; PackedPolicyTooLarge
        """
        role = self._directory.role(role_arn)
        if role is None:
            raise InvalidRequest(f"The role {role_arn} is no more.")
        chain = parent.chain
        if (
            parent.role_arn
        ):  # each role once, however often it came through it: all are looked for at every request
            link = f"{parent.user_id.partition(':')[0]} {parent.role_arn}"
            chain = tuple(dict.fromkeys((*chain, link)))
        policies = (*parent.session_policies, *([session_policy] if session_policy else []))
        claims = self._claims(role, parent, lifetime, now, session, chain, policies)
        return self._keys(claims)

    def issue_for_user(
        self, user: User, lifetime: timedelta, now: datetime, parent: Credential
    ) -> TemporaryKeys:
        """Keys for a session of the user who asks."""
        return self._keys(self._claims(user, parent, lifetime, now, "", (), ()))

    def account_of(self, access_key: str) -> str | None:
        """Return whose permanent key it is, active or not."""
        root = self._roots.keys.get(access_key)
        record = self._directory.key(access_key)
        return root.account if root else record.account if record else None

    def proof(self, credential: Credential) -> str:
        """Return what shows that a permanent key still has its secret, without telling it; another one in each account."""
        return _proof(self._roots.tokens, credential)

    def _claims(
        self,
        principal: Role | User,
        parent: Credential,
        lifetime: timedelta,
        now: datetime,
        session: str,
        chain: tuple[str, ...],
        policies: tuple[str, ...],
    ) -> Claims:
        roots = self._roots
        first = self._permanent(roots, parent.parent_key or parent.access_key)
        if first is None:
            raise InvalidRequest("The access key that asks for a session is no more.")
        is_role = isinstance(principal, Role)
        return Claims(
            account=principal.account,
            principal_id=principal.id,
            principal_arn=principal.arn,
            user_name="" if is_role else principal.name,
            session=session,
            issued=int(now.timestamp()),
            expires=int((now + lifetime).timestamp()),
            nonce=secrets.token_hex(8),
            parent_key=first.access_key,
            parent_proof=_proof(roots.tokens, first),
            chain=chain,
            session_policies=policies,
        )

    def _keys(self, claims: Claims) -> TemporaryKeys:
        if (size := sum(map(len, claims.session_policies))) > MOST_POLICY_CHARACTERS:
            raise PackedPolicyTooLarge(100 * size // MOST_POLICY_CHARACTERS)
        n_named = sum(len(json.loads(text)[1]) for text in claims.session_policies)
        if n_named > MOST_POLICY_ARNS:
            raise PackedPolicyTooLarge(100 * n_named // MOST_POLICY_ARNS)
        tokens = self._roots.tokens
        token = tokens.write(claims)
        if len(token) > MOST_CHARACTERS:
            raise PackedPolicyTooLarge(100 * len(token) // MOST_CHARACTERS)
        known = Known(claims, tokens.access_key(token), tokens.secret_key(token))
        credential = _temporary_credential(known, token)
        expires = datetime.fromtimestamp(claims.expires, UTC)
        return TemporaryKeys(
            credential.access_key, credential.secret_key, token, expires, credential
        )

    def _permanent(self, roots: _Roots, access_key: str) -> Credential | None:
        if (root := roots.keys.get(access_key)) is not None:
            return root
        record = self._directory.key(access_key)
        if record is None or record.status is not KeyStatus.ACTIVE:
            return None
        if record.account not in roots.accounts:
            return None
        user = self._directory.user(record.account, record.user_name)
        if user is None or user.id != record.user_id:
            return None
        return _user_credential(self._safe, record, user)

    def _still_stands(self, roots: _Roots, claims: Claims) -> bool:
        parent = self._permanent(roots, claims.parent_key)
        if parent is None or claims.account not in roots.accounts:
            return False
        if not hmac.compare_digest(_proof(roots.tokens, parent), claims.parent_proof):
            return False
        if claims.user_name:
            user = self._directory.user(claims.account, claims.user_name)
            return user is not None and user.id == claims.principal_id
        links = [(claims.principal_id, claims.principal_arn), *map(_split, claims.chain)]
        return all(self._has_role(arn, unique_id) for unique_id, arn in links)

    def _has_role(self, arn: str, unique_id: str) -> bool:
        role = self._directory.role(arn)
        return role is not None and role.id == unique_id


@dataclass(frozen=True)
class _Roots:
    """The root keys between one replacement and the next; taken once a request."""

    keys: dict[str, Credential]
    accounts: frozenset[str]
    tokens: SessionTokens


def _split(link: str) -> tuple[str, str]:
    unique_id, _, arn = link.partition(" ")
    return unique_id, arn


def assumed_role_arn(role_arn: str, session: str) -> str:
    """`arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` of a session of a role."""
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    return f"arn:aws:sts::{account}:assumed-role/{name}/{session}"


@lru_cache(maxsize=4096)
def _proof(tokens: SessionTokens, credential: Credential) -> str:
    facts = [credential.account, credential.access_key, credential.secret_key]
    return tokens.sign("proof", json.dumps(facts).encode()).hex()


def _root_credential(account: str, access_key: str, secret_key: str) -> Credential:
    """The holder of a root key is a session of the account's default role, so that clients find a role to work with
    (the SageMaker SDK's get_execution_role)."""
    role, session = default_role(account), access_key
    return Credential(
        account,
        access_key,
        secret_key,
        assumed_role_arn(role, session),
        f"{role_id(role)}:{session}",
        role_arn=role,
    )


@lru_cache(maxsize=4096)
def _secret_of(safe: KeySafe, account: str, access_key: str, sealed: str) -> str | None:
    return safe.open(account, access_key, sealed)


def _user_credential(safe: KeySafe, record: AccessKey, user: User) -> Credential | None:
    """Return the credential of a user's key; None for a secret that this server cannot open."""
    secret = _secret_of(safe, record.account, record.name, record.sealed_secret)
    if secret is None:
        return None
    return Credential(user.account, record.name, secret, user.arn, user.id, user_name=user.name)


def _temporary_credential(known: Known, token: str) -> Credential:
    claims = known.claims
    is_role, arn = not claims.user_name, claims.principal_arn
    return Credential(
        claims.account,
        known.access_key,
        known.secret_key,
        assumed_role_arn(arn, claims.session) if is_role else arn,
        f"{claims.principal_id}:{claims.session}" if is_role else claims.principal_id,
        token,
        permanent=False,
        role_arn=arn if is_role else "",
        user_name=claims.user_name,
        parent_key=claims.parent_key,
        issued=datetime.fromtimestamp(claims.issued, UTC),
        chain=claims.chain,
        session_policies=claims.session_policies,
    )
