"""Policy documents: what is written there, checked and made ready for matching.

source    "IAM JSON policy reference" in IAM's user guide; "IAM and AWS STS quotas" for the lengths
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from windvane.control.identity.conditions import Condition, Facts, read_conditions
from windvane.control.identity.patterns import (
    Pattern,
    UnusablePattern,
    read_pattern,
    split_at_colons,
    variables_in,
)
from windvane.errors import MalformedPolicy, PolicyTooLong

VERSION = "2012-10-17"
_ACTION = re.compile(r"\*|[a-z0-9-]+:[A-Za-z0-9*?]+", re.ASCII | re.IGNORECASE)
_SID = re.compile(r"[A-Za-z0-9]*")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PRINCIPAL_ARN = re.compile(
    r"arn:aws:iam::[0-9]{12}:(root|user/[\w+=,.@/-]+|role/[\w+=,.@/-]+)", re.ASCII
)
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")
_LEAST_PARTS = 3
_PARTS = (
    (re.compile(r"aws|[aws?]*[*?][aws*?]*"), "Partition", "aws"),
    (re.compile(r"[a-z0-9-]+"), "Vendor", "the name of a service"),
    (re.compile(r"[a-z0-9*?-]*"), "Region", "a region, * or nothing"),
    (re.compile(r"[0-9*?]*\*[0-9*?]*|[0-9?]{12}|aws|"), "Account", "12 digits, * or nothing"),
    (re.compile(r".+", re.DOTALL), "Resource name", "a name or *"),
)
"""Of an ARN in a policy: its parts after the first, what each is called, and what it must be."""
_OF_REGIONS = ("sagemaker", "windvane", "kms", "logs", "application-autoscaling", "cloudwatch")
"""Services of which every resource has a region and an account."""

_MOST_SPACED = 8
"""A document has at most so many characters, white space included, for each that it may have without."""

_FOLDED_SERVICES = ("sagemaker", "windvane")
"""Their resources are found whatever the case of the name."""


class Use(Enum):
    """The purpose of a document; the value is how many characters without spaces it may have, and a name of its own."""

    MANAGED = (6144, "managed policy")
    USER = (2048, "inline policies of a user")
    ROLE = (10_240, "inline policies of a role")
    SESSION = (2048, "session policy")
    TRUST = (4096, "trust policy")

    @property
    def most(self) -> int:
        return self.value[0]


@dataclass(frozen=True)
class ArnPattern:
    """Resources: each part of an ARN matches by itself, so that no `*` reaches over a colon but the last."""

    parts: tuple[Pattern, ...] | None
    folded_last: Pattern | None = None

    @property
    def n_steps(self) -> int:
        """The steps that a comparison takes at most, as of Pattern."""
        if self.parts is None or self.folded_last is None:
            return 1
        return sum(part.n_steps for part in (*self.parts, self.folded_last))

    def matches(self, resource: str, facts: Facts) -> bool:
        if self.parts is None or self.folded_last is None:
            return True
        told = resource.split(":", 5)
        if len(told) != len(self.parts):
            return False
        if told[2] in _FOLDED_SERVICES:
            known = _folded(facts) if self.folded_last.has_variables else facts
            last = self.folded_last.matches(told[5].lower(), known)
        else:
            last = self.parts[5].matches(told[5], facts)
        return last and all(
            part.matches(one, facts) for part, one in zip(self.parts[:5], told[:5], strict=True)
        )


def _folded(facts: Facts) -> Facts:
    return {name: fact.lower() for name, fact in facts.items()}


@dataclass(frozen=True)
class Principals:
    """The principals that a statement of a trust policy names.

    accounts   every principal of these accounts that its own policies allow it
    arns       users and roles
    services   such as sagemaker.amazonaws.com
    """

    everybody: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    services: frozenset[str]


@dataclass(frozen=True)
class Statement:
    """A statement of a policy document.

    allows          False for a Deny
    but_actions     actions are those that it is not about (NotAction); but_resources likewise
    principals      of a trust policy; None in others
    but_known       variables of what it is not about: while one of them is unknown, it allows nothing
    """

    allows: bool
    actions: tuple[Pattern, ...]
    but_actions: bool
    resources: tuple[ArnPattern, ...]
    but_resources: bool
    conditions: tuple[Condition, ...]
    principals: Principals | None = None
    but_known: frozenset[str] = frozenset()

    def is_about_action(self, action: str, facts: Facts) -> bool:
        """Return whether the statement names an action.

        action    in lower case
        """
        return any(one.matches(action, facts) for one in self.actions) != self.but_actions

    @property
    def n_steps(self) -> int:
        """How much it takes to find out whether it is about something, as Pattern.n_steps."""
        actions = sum(one.n_steps for one in self.actions)
        resources = sum(one.n_steps for one in self.resources)
        return actions + resources + sum(one.n_steps for one in self.conditions)

    @property
    def is_about_everything(self) -> bool:
        """Whether it holds for every resource, whatever else a request says."""
        if self.conditions or self.but_resources:
            return False
        return any(one.parts is None for one in self.resources)

    def is_about(self, action: str, resource: str, facts: Facts) -> bool:
        """Return whether the statement applies to an action, a resource and the facts of a request.

        action    in lower case
        """
        if not self.is_about_action(action, facts):
            return False
        if self.principals is None:
            named = any(one.matches(resource, facts) for one in self.resources)
            if named == self.but_resources:
                return False
        if self.allows and not self.but_known <= facts.keys():
            return False
        return all(condition.holds(facts) for condition in self.conditions)


@dataclass(frozen=True)
class Policy:
    """A document, ready for matching."""

    statements: tuple[Statement, ...]

    @property
    def has_conditions(self) -> bool:
        return any(statement.conditions for statement in self.statements)


def read_policy(text: str, use: Use) -> Policy:
    """Parse and check a policy document.

    raises    MalformedPolicy for a document that is not of the documented form or asks for what is not served;
    PolicyTooLong
    """
    if (length := length_of(text)) > use.most:
        raise PolicyTooLong(use.most, length)
    document = _json(text)
    if not isinstance(document, dict):
        raise MalformedPolicy("Syntax errors in policy: it is not a JSON object.")
    _known(document, {"Version", "Id", "Statement"}, "the policy")
    if document.get("Version") != VERSION:
        raise MalformedPolicy(f'The policy must say "Version": "{VERSION}".')
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicy("The policy must have a Statement.")
    sids = [one.get("Sid") for one in statements if isinstance(one, dict) and one.get("Sid")]
    if len({str(sid) for sid in sids}) != len(sids):
        raise MalformedPolicy("Statement IDs (Sid) in a single policy must be unique.")
    try:
        return Policy(tuple(_statement(one, use) for one in statements))
    except UnusablePattern as error:
        raise MalformedPolicy(f"The policy variable ${{{error}}} is not served here.") from error


def read_new_policy(text: str, use: Use) -> Policy:
    """Parse a document as read_policy does that is about to be kept: its white space takes room too.

    raises    MalformedPolicy, PolicyTooLong
    """
    check_room(text, use)
    return read_policy(text, use)


def check_room(text: str, use: Use) -> None:
    """Check that a text is short enough to be parsed.

    raises    PolicyTooLong for a text that is mostly white space
    """
    if len(text) > _MOST_SPACED * use.most:
        raise PolicyTooLong(use.most, len(text))


def length_of(text: str) -> int:
    """Characters as IAM counts them: without spaces."""
    return sum(1 for character in text if not character.isspace())


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedPolicy(f"Syntax errors in policy: {error}.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = sorted({name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1})
        raise MalformedPolicy(f"Syntax errors in policy: {', '.join(twice)[:200]} stands twice.")
    return found


def _no_constant(name: str) -> Any:
    raise MalformedPolicy(f"Syntax errors in policy: {name} is no JSON.")


def _known(element: Mapping[str, Any], names: set[str], where: str) -> None:
    if unknown := sorted(element.keys() - names):
        raise MalformedPolicy(
            f"Syntax errors in policy: {where} cannot have {unknown[0][:128]!r}; it may have {', '.join(sorted(names))}."
        )


_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Condition"}


def _statement(element: Any, use: Use) -> Statement:
    if not isinstance(element, dict):
        raise MalformedPolicy("Syntax errors in policy: a Statement must be a JSON object.")
    trusts = use is Use.TRUST
    if "NotPrincipal" in element:
        raise MalformedPolicy("NotPrincipal is not served here: name the principals.")
    if "Principal" in element and not trusts:
        raise MalformedPolicy("Policy document should not specify a principal.")
    if trusts and element.keys() & {"Resource", "NotResource"}:
        raise MalformedPolicy("Has prohibited field Resource")
    _known(
        element,
        _ELEMENTS | ({"Principal"} if trusts else {"Resource", "NotResource"}),
        "a statement",
    )
    effect = element.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise MalformedPolicy("Effect must be Allow or Deny.")
    sid = element.get("Sid", "")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        raise MalformedPolicy("Statement IDs (Sid) must be letters and digits.")
    actions, but_actions = _either(element, "Action", "NotAction")
    resources, but_resources = (
        ([], False) if trusts else _either(element, "Resource", "NotResource")
    )
    conditions = read_conditions(element["Condition"]) if "Condition" in element else ()
    but_known = variables_in(" ".join(resources)) if but_resources else frozenset()
    return Statement(
        effect == "Allow",
        tuple(_action(text) for text in actions),
        but_actions,
        tuple(_resource(text) for text in resources),
        but_resources,
        conditions,
        _principals(element.get("Principal")) if trusts else None,
        but_known.union(*(condition.but_known for condition in conditions)),
    )


def _either(element: Mapping[str, Any], name: str, negated: str) -> tuple[list[str], bool]:
    if (name in element) == (negated in element):
        raise MalformedPolicy(f"Policy statement must contain either {name} or {negated}.")
    given = element.get(name, element.get(negated))
    return _texts(given, name), negated in element


def _texts(given: Any, name: str) -> list[str]:
    texts = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise MalformedPolicy(f"{name} must be a string, or a list of one or more strings.")
    return texts


def _action(text: str) -> Pattern:
    if not _ACTION.fullmatch(text):
        raise MalformedPolicy(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc., and have letters, digits, * and "
            f"? after the colon, unlike {text[:128]!r}."
        )
    return read_pattern(text.lower())


def _resource(text: str) -> ArnPattern:
    if text == "*":
        return ArnPattern(None)
    parts = _parts_of(text)
    return ArnPattern(tuple(read_pattern(part) for part in parts), read_pattern(parts[5].lower()))


def _parts_of(text: str) -> list[str]:
    """Return the six parts of an ARN. One that ends early is completed with `*`; one whose parts cannot be what they
    stand for is refused, since a Deny of it would deny nothing.

    source    "IAM ARNs" in IAM's user guide: fields that are missing are completed with `*`, and no `*` stands for a
              service
    """
    parts = split_at_colons(text, 5)
    if parts[0] != "arn" or len(parts) < _LEAST_PARTS:
        raise MalformedPolicy(f'Resource {text[:200]} must be in ARN format or "*".')
    parts += ["*"] * (6 - len(parts))
    for part, (form, name, right) in zip(parts[1:], _PARTS, strict=True):
        if "${" not in part and not form.fullmatch(part):
            raise MalformedPolicy(
                f'{name} "{part[:100]}" is not valid for resource "{text[:200]}": it must be {right}.'
            )
    if parts[2] == "iam" and parts[3].strip("*"):
        raise MalformedPolicy(f"IAM resource {text[:200]} cannot contain region information.")
    if parts[2] in _OF_REGIONS and not all(parts[3:5]):
        raise MalformedPolicy(f'Resource "{text[:200]}" must have a region and an account, or *.')
    return parts


def _principals(given: Any) -> Principals:
    if given == "*":
        given = {"AWS": "*"}
    if not isinstance(given, dict) or not given:
        raise MalformedPolicy("Missing required field Principal")
    _known(given, {"AWS", "Service"}, "Principal")
    named = _texts(given["AWS"], "Principal AWS") if "AWS" in given else []
    services = _texts(given["Service"], "Principal Service") if "Service" in given else []
    for text in services:
        if not _SERVICE.fullmatch(text):
            raise MalformedPolicy(f"Invalid principal in policy: {text[:200]!r} is no service.")
    accounts, arns = set(), set()
    for text in named:
        if _ACCOUNT.fullmatch(text):
            accounts.add(text)
        elif _PRINCIPAL_ARN.fullmatch(text) and text.endswith(":root"):
            accounts.add(text.split(":")[4])
        elif _PRINCIPAL_ARN.fullmatch(text):
            arns.add(text)
        elif text != "*":
            raise MalformedPolicy(
                f'Invalid principal in policy: "AWS":"{text[:200]}". Served are *, an account, and the ARNs of '
                "accounts, users and roles."
            )
    return Principals("*" in named, frozenset(accounts), frozenset(arns), frozenset(services))
