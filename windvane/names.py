"""ARNs and generated names: build and parse. Page tokens are in wire-neutral form here too."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from windvane.errors import InvalidRequest

_SERVERS = "windvane-"
_MOST_NUMBERED = 30

RESPONSES_TAG, PROBABILITIES = "windvane:responses", "probabilities"
"""Key and value of the tag of a job whose one-click deployment is to answer with probabilities besides the label."""

SENSITIVE_TAG, SENSITIVE_SEPARATOR = "windvane:sensitive-columns", "/"
"""Key of the tag of a job that names the columns by which it is to be shown how a model treats groups, and what stands
between them: values of tags have no commas."""

WEBHOOK_TAG = "windvane:webhook"
"""Key of the tag of a job that names the webhook of the configuration that is told of its end."""


@dataclass(frozen=True, order=True)
class Scope:
    """The account and region of a resource; nothing is shared between scopes."""

    account: str
    region: str


def arn(scope: Scope, kind: str, name: str) -> str:
    """Return the SageMaker ARN of a resource, e.g. kind 'automl-job'; AWS lower-cases the name."""
    return f"arn:aws:sagemaker:{scope.region}:{scope.account}:{kind}/{name.lower()}"


@dataclass(frozen=True)
class Arn:
    service: str
    scope: Scope
    kind: str
    name: str


_ARN = re.compile(r"arn:aws[a-z-]*:([a-z]+):([a-z0-9-]*):([0-9]{12}):([a-z-]+)/(.+)")


def parse_arn(text: str) -> Arn:
    """Return the parts of an ARN.

    raises    InvalidRequest if it is no ARN of the form arn:aws:SERVICE:REGION:ACCOUNT:KIND/NAME
    """
    match = _ARN.fullmatch(text)
    if match is None:
        raise InvalidRequest(
            f"'{text}' is not an ARN of the form arn:aws:SERVICE:REGION:ACCOUNT:KIND/NAME."
        )
    service, region, account, kind, name = match.groups()
    return Arn(service, Scope(account, region), kind, name)


def fresh_suffix(n_hex: int = 12) -> str:
    """Random lower-case hexadecimal digits."""
    return secrets.token_hex((n_hex + 1) // 2)[:n_hex]


def server_owner() -> str:
    """Return a fresh name for the servers of one store as an owner of buckets. It is no account: those have 12 digits."""
    return f"{_SERVERS}{fresh_suffix(12)}"


def is_server(owner: str) -> bool:
    """Return whether the owner of a bucket is a server, and no account."""
    return owner.startswith(_SERVERS)


def derived_suffix(*parts: str, n_hex: int = 12) -> str:
    """Hexadecimal digits that depend on `parts` alone: the same again after a restart."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:n_hex]


def fitted(prefix: str, suffix: str, limit: int) -> str:
    """`prefix-suffix`, the prefix shortened so that the whole has at most `limit` characters."""
    return f"{prefix[: limit - len(suffix) - 1].rstrip('-')}-{suffix}"


def numbered(stem: str, limit: int, suffix: str = "") -> Iterator[str]:
    """Yield names of at most `limit` characters, the shortest first, and at last one that nobody has.

    suffix    that all of them have behind the stem

    >>> [next(names) for names in [numbered("churn-lightgbm-9", 63)] for _ in range(3)]
    ['churn-lightgbm-9', 'churn-lightgbm-9-2', 'churn-lightgbm-9-3']
    >>> [next(names) for names in [numbered("churn", 15, "rerun")] for _ in range(2)]
    ['churn-rerun', 'churn-rerun-2']
    """
    behind = f"{suffix}-" if suffix else ""
    yield fitted(stem, suffix, limit) if suffix else stem[:limit].rstrip("-")
    for number in range(2, _MOST_NUMBERED):
        yield fitted(stem, f"{behind}{number}", limit)
    yield fitted(stem, f"{behind}{fresh_suffix(8)}", limit)


class PageTokens:
    """Page tokens that nobody can forge or carry into another scope or list.

    A token is the position after which a list goes on, signed together with what it belongs to.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def replace(self, secret: bytes) -> None:
        """Use another secret from now on: no token issued before is good for anything."""
        self._secret = secret

    def issue(self, belongs_to: tuple[str, ...], position: Any) -> str:
        """Return a token for `position` (JSON-serialisable) of the list named by `belongs_to`."""
        body = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._sign(belongs_to, body) + body).decode()

    def read(self, belongs_to: tuple[str, ...], token: str) -> Any:
        """Return the position of a token issued for the same list.

        raises    InvalidRequest if the token was not issued for it
        """
        try:
            raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest("Invalid NextToken: it was not issued by this service.") from error
        signature, body = raw[:32], raw[32:]
        if not hmac.compare_digest(signature, self._sign(belongs_to, body)):
            raise InvalidRequest(
                "Invalid NextToken: it was not issued for this list and these filters."
            )
        return json.loads(body)

    def _sign(self, belongs_to: tuple[str, ...], body: bytes) -> bytes:
        message = json.dumps(belongs_to).encode() + b"\x00" + body
        return hmac.new(self._secret, message, hashlib.sha256).digest()


def default_role(account: str) -> str:
    """Return the ARN of the role that every account has and that may use all of the account's buckets."""
    return f"arn:aws:iam::{account}:role/windvane"


def default_bucket(account: str, region: str) -> str:
    """Return the bucket that exists from the first start; the name the SageMaker SDK looks for by default.

    source    sagemaker SDK 2.x, Session.default_bucket
    """
    return f"sagemaker-{region}-{account}"


_DEFAULT_BUCKET = re.compile(r"sagemaker-[a-z0-9-]+-([0-9]{12})", re.ASCII)


def bucket_reserved_for(bucket: str) -> str | None:
    """Return the account of which this is the default bucket in some region: nobody else may create it."""
    match = _DEFAULT_BUCKET.fullmatch(bucket)
    return None if match is None else match[1]
