"""What somebody would be allowed, without doing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windvane.api.iam.table import IdentityParts, Table, page_of
from windvane.control.identity.documents import Policy, Use, read_policy
from windvane.control.identity.evaluation import Decision, Rights, decide
from windvane.errors import InvalidRequest, MalformedPolicy, NotFound, PolicyTooLong
from windvane.wire.call import Call, Result

OPERATIONS = Table("iam")

_WORDS: Mapping[Decision, str] = {
    Decision.ALLOWED: "allowed",
    Decision.DENIED: "explicitDeny",
    Decision.NOT_ALLOWED: "implicitDeny",
}


@OPERATIONS.serves(
    "SimulatePrincipalPolicy",
    "PermissionsBoundaryPolicyInputList",
    "PolicyExclusionList",
    "ResourcePolicy",
    "ResourceOwner",
    "CallerArn",
    "ResourceHandlingOption",
)
def simulate_principal_policy(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    rights, facts = _rights(parts, call), _facts(given.get("ContextEntries", []))
    asked = [
        (action, resource)
        for action in given["ActionNames"]
        for resource in given.get("ResourceArns") or ["*"]
    ]
    return page_of(
        call,
        "EvaluationResults",
        asked,
        lambda pair: "\n".join(pair),
        lambda pair: {
            "EvalActionName": pair[0],
            "EvalResourceName": pair[1],
            "EvalDecision": _WORDS[decide(rights, *pair, facts)],
        },
    )


def _rights(parts: IdentityParts, call: Call) -> Rights:
    """Of the user or role, with the further documents of the request.

    raises    NotFound, InvalidRequest for a document that is none
    """
    arn, account = call.parameters["PolicySourceArn"], call.caller.account
    principal = parts.changes.current().principal(arn)
    if principal is None or principal.account != account:
        raise NotFound(f"The entity {arn} cannot be found.")
    further = _read(call.parameters.get("PolicyInputList", []))
    policies = (*parts.authorizer.policies_of(principal), *further)
    return Rights(arn, account, policies, facts=parts.authorizer.facts_of_principal(principal))


def _read(documents: list[str]) -> list[Policy]:
    """raises    InvalidRequest that names the document: MalformedPolicyDocument is not modelled for a simulation"""
    policies = []
    for number, text in enumerate(documents, 1):
        try:
            policies.append(read_policy(text, Use.MANAGED))
        except (MalformedPolicy, PolicyTooLong) as refused:
            raise InvalidRequest(f"PolicyInputList.member.{number}: {refused}") from refused
    return policies


def _facts(entries: list[dict[str, Any]]) -> Mapping[str, str]:
    """raises    InvalidRequest for a key of more than one value: no condition here asks for sets"""
    facts = {}
    for entry in entries:
        key, values = entry.get("ContextKeyName", ""), entry.get("ContextKeyValues", [])
        if len(values) != 1:
            raise InvalidRequest(f"ContextEntries: {key} must have one value.")
        facts[key.lower()] = values[0]
    return facts
