"""Conditions of policies: operators over keys that the service knows. What it does not know is refused when a document
is written, never ignored.

source    "IAM JSON policy elements: Condition operators" in IAM's user guide
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from windvane.control.identity.patterns import (
    Pattern,
    UnusablePattern,
    read_pattern,
    split_at_colons,
    variables_in,
)
from windvane.errors import MalformedPolicy

Facts = Mapping[str, str]
"""What is known of a request: keys in lower case."""

KEYS = frozenset(
    {
        "application-autoscaling:scalable-dimension",
        "application-autoscaling:service-namespace",
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalType",
        "aws:RequestedRegion",
        "aws:SecureTransport",
        "aws:SourceIp",
        "aws:TokenIssueTime",
        "aws:userid",
        "aws:username",
        "iam:PassedToService",
        "iam:PolicyARN",
        "s3:VersionId",
        "s3:delimiter",
        "s3:if-match",
        "s3:if-none-match",
        "s3:max-keys",
        "s3:prefix",
        "s3:x-amz-acl",
        "s3:x-amz-copy-source",
        "s3:x-amz-metadata-directive",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:x-amz-storage-class",
        "sagemaker:InterContainerTrafficEncryption",
        "sagemaker:NetworkIsolation",
        "sagemaker:OutputKmsKey",
        "sagemaker:VolumeKmsKey",
        "sts:ExternalId",
        "sts:RoleSessionName",
    }
)
_KEYS = {key.lower() for key in KEYS}

_DIGITS_OF_A_YEAR = 4

_MAPPED_BITS = 96
"""Of an address of IPv6 that stands for one of IPv4: what is before it."""

_OF_PATTERNS = ("String", "Arn")
_OF_A_TEST = 16
"""Steps: what is compared may have to be read, or all facts to be folded."""

_Test = Callable[[str, Facts], bool]
"""Whether one value of a condition fits what the request says."""


@dataclass(frozen=True)
class Condition:
    """One operator over one key.

    negated      holds if no value fits, and where the key is missing
    if_exists    holds where the key is missing
    wants_null   of the operator Null alone: True wants the key to be missing
    but_known    variables of a negation: without one of them nobody knows what is excepted
    n_steps      how much it takes to find out whether it holds, as Pattern.n_steps
    """

    key: str
    tests: tuple[_Test, ...]
    negated: bool = False
    if_exists: bool = False
    wants_null: bool | None = None
    but_known: frozenset[str] = frozenset()
    n_steps: int = 1

    def holds(self, facts: Facts) -> bool:
        told = facts.get(self.key)
        if self.wants_null is not None:
            return (told is None) == self.wants_null
        if told is None:
            return self.negated or self.if_exists
        return any(_fits(test, told, facts) for test in self.tests) != self.negated


def _fits(test: _Test, told: str, facts: Facts) -> bool:
    """What the request says may be of another form than the operator takes: then nothing fits it."""
    try:
        return test(told, facts)
    except (ValueError, InvalidOperation):
        return False


def read_conditions(block: Any) -> tuple[Condition, ...]:
    """Read the Condition block of a statement.

    raises    MalformedPolicy for an operator, key or value that is not served
    """
    if not isinstance(block, dict):
        raise MalformedPolicy("Condition must be a JSON object.")
    conditions = []
    for operator, keys in block.items():
        if not isinstance(keys, dict):
            raise MalformedPolicy(f"Condition {operator} must be a JSON object of keys and values.")
        conditions += [_read(operator, key, values) for key, values in keys.items()]
    return tuple(conditions)


def _read(operator: str, key: str, values: Any) -> Condition:
    if key.lower() not in _KEYS:
        raise MalformedPolicy(
            f"The condition key {key[:128]} is not served here. Keys are: {', '.join(sorted(KEYS))}."
        )
    texts = [_text(value, key) for value in (values if isinstance(values, list) else [values])]
    if not texts:
        raise MalformedPolicy(f"The condition key {key} has no value.")
    if operator == "Null":
        if len(texts) != 1 or texts[0].lower() not in ("true", "false"):
            raise MalformedPolicy(f"Null of {key} must be true or false.")
        return Condition(key.lower(), (), wants_null=texts[0].lower() == "true")
    base = operator.removesuffix("IfExists")
    if base not in _OPERATORS:
        raise MalformedPolicy(
            f"The condition operator {operator[:128]} is not served here. Operators are: "
            f"{', '.join(_OPERATORS)}, each also with IfExists, and Null."
        )
    negated, made = _OPERATORS[base]
    try:
        tests = tuple(made(text) for text in texts)
    except UnusablePattern as error:
        raise MalformedPolicy(f"The policy variable ${{{error}}} is not served here.") from error
    except (ValueError, InvalidOperation) as error:
        raise MalformedPolicy(
            f"A value of {operator} {key} is not of the form that the operator takes: {texts}."
        ) from error
    but_known = variables_in(" ".join(texts)) if negated else frozenset()
    n_steps = sum(_steps_of(base, text) for text in texts)
    return Condition(
        key.lower(), tests, negated, operator != base, but_known=but_known, n_steps=n_steps
    )


def _steps_of(operator: str, text: str) -> int:
    of_pattern = read_pattern(text).n_steps if operator.startswith(_OF_PATTERNS) else 0
    return _OF_A_TEST + of_pattern


def _text(value: Any, key: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise MalformedPolicy(f"A value of the condition key {key} must be a string.")


def _equals(value: str) -> _Test:
    pattern = read_pattern(value, wild=False)
    return lambda told, facts: pattern.matches(told, facts)


def _equals_ignoring_case(value: str) -> _Test:
    pattern = read_pattern(value.casefold(), wild=False)
    return lambda told, facts: pattern.matches(
        told.casefold(), {name: fact.casefold() for name, fact in facts.items()}
    )


def _like(value: str) -> _Test:
    pattern = read_pattern(value)
    return lambda told, facts: pattern.matches(told, facts)


def _arn_like(value: str) -> _Test:
    """Return each part of an ARN by itself."""
    parts = [read_pattern(part) for part in split_at_colons(value, 5)]
    if len(parts) != 6 and value != "*":
        raise ValueError(value)
    return lambda told, facts: value == "*" or _parts_match(parts, told, facts)


def _parts_match(parts: list[Pattern], arn: str, facts: Facts) -> bool:
    told = arn.split(":", 5)
    return len(told) == len(parts) and all(
        part.matches(one, facts) for part, one in zip(parts, told, strict=True)
    )


def _bool(value: str) -> _Test:
    if value.lower() not in ("true", "false"):
        raise ValueError(value)
    return lambda told, _: told.lower() == value.lower()


def _in_network(value: str) -> _Test:
    network = _unmapped(ipaddress.ip_network(value, strict=False))
    return lambda told, _: _address_in(told, network)


def _unmapped(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Return a network of IPv4 that is written as one of IPv6, as itself: addresses are compared so."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - _MAPPED_BITS))


def _address_in(told: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address) in network


def _number(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[str], _Test]:
    def made(value: str) -> _Test:
        bound = _finite(value)
        return lambda told, _: compare(_finite(told), bound)

    return made


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


def _moment(compare: Callable[[datetime, datetime], bool]) -> Callable[[str], _Test]:
    def made(value: str) -> _Test:
        bound = _instant(value)
        return lambda told, _: compare(_instant(told), bound)

    return made


def _instant(text: str) -> datetime:
    """ISO 8601, or seconds since 1970; four digits may be meant as a year, and are neither."""
    if text.isascii() and text.isdigit() and len(text) != _DIGITS_OF_A_YEAR:
        try:
            return datetime.fromtimestamp(int(text), UTC)
        except (OverflowError, OSError) as error:
            raise ValueError(text) from error
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_OPERATORS: Mapping[str, tuple[bool, Callable[[str], _Test]]] = {
    "StringEquals": (False, _equals),
    "StringNotEquals": (True, _equals),
    "StringEqualsIgnoreCase": (False, _equals_ignoring_case),
    "StringNotEqualsIgnoreCase": (True, _equals_ignoring_case),
    "StringLike": (False, _like),
    "StringNotLike": (True, _like),
    "ArnEquals": (False, _arn_like),
    "ArnLike": (False, _arn_like),
    "ArnNotEquals": (True, _arn_like),
    "ArnNotLike": (True, _arn_like),
    "Bool": (False, _bool),
    "IpAddress": (False, _in_network),
    "NotIpAddress": (True, _in_network),
    "NumericEquals": (False, _number(lambda a, b: a == b)),
    "NumericNotEquals": (True, _number(lambda a, b: a == b)),
    "NumericLessThan": (False, _number(lambda a, b: a < b)),
    "NumericLessThanEquals": (False, _number(lambda a, b: a <= b)),
    "NumericGreaterThan": (False, _number(lambda a, b: a > b)),
    "NumericGreaterThanEquals": (False, _number(lambda a, b: a >= b)),
    "DateEquals": (False, _moment(lambda a, b: a == b)),
    "DateNotEquals": (True, _moment(lambda a, b: a == b)),
    "DateLessThan": (False, _moment(lambda a, b: a < b)),
    "DateLessThanEquals": (False, _moment(lambda a, b: a <= b)),
    "DateGreaterThan": (False, _moment(lambda a, b: a > b)),
    "DateGreaterThanEquals": (False, _moment(lambda a, b: a >= b)),
}
"""Operator -> whether it is a negation, and how a value of it becomes a test."""
