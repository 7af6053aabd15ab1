"""What somebody would be allowed, without doing it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice, product
from typing import Any

from windvane.api.iam.operation import IdentityParts, OperationTable, page_size
from windvane.control.identity.documents import Policy, Use, length_of, read_policy
from windvane.control.identity.evaluation import Decision, Rights, decide
from windvane.errors import InvalidRequest, MalformedPolicy, NotFound, PolicyTooLong
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("iam")

_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}")
_MOST_FURTHER = 10 * Use.MANAGED.most
"""Characters of PolicyInputList: as many as the managed policies of a user or role have at most."""

_MOST_LOOKED_THROUGH = 1_000_000
"""Characters of policies that one page has looked through, about a second's work: each result looks through all."""

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
    rights, n_characters = _rights(parts, call)
    facts = _facts(given.get("ContextEntries", []))
    actions, resources = given["ActionNames"], given.get("ResourceArns") or ["*"]
    n_pairs = len(actions) * len(resources)
    start = _start(given.get("Marker"), n_pairs)
    end = start + page_size(call, max(1, _MOST_LOOKED_THROUGH // max(1, n_characters)))
    return {
        "EvaluationResults": [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": _WORDS[decide(rights, action, resource, facts)],
            }
            for action, resource in islice(product(actions, resources), start, end)
        ],
        "IsTruncated": end < n_pairs,
        **({"Marker": str(end)} if end < n_pairs else {}),
    }


def _start(marker: str | None, n_pairs: int) -> int:
    """Return the number of the pair that a page begins with. There may be hundreds of thousands, so they are not made to be
    counted.

    raises    InvalidRequest for a Marker that is none
    """
    if marker is None:
        return 0
    if not _NUMBER.fullmatch(marker) or int(marker) >= n_pairs:
        raise InvalidRequest(f"Invalid Marker: {marker[:200]}")
    return int(marker)


def _rights(parts: IdentityParts, call: Call) -> tuple[Rights, int]:
    """Return the rights of the user or role with the further documents of the request, and the length of its policies in
    characters.

    raises    NotFound, InvalidRequest for a document that is none, or for too many
    """
    arn, account = call.parameters["PolicySourceArn"], call.caller.account
    principal = parts.changes.current().principal(arn)
    if principal is None or principal.account != account:
        raise NotFound(f"The entity {arn} cannot be found.")
    texts = call.parameters.get("PolicyInputList", [])
    authorizer = parts.authorizer
    policies = (*authorizer.policies_of(principal), *_read(texts))
    n_characters = sum(map(len, (*authorizer.documents_of(principal), *texts)))
    rights = Rights(arn, account, policies, facts=authorizer.facts_of_principal(principal))
    return rights, n_characters


def _read(documents: list[str]) -> list[Policy]:
    """Read the further policy documents of a simulation.

    raises    InvalidRequest that names the document: MalformedPolicyDocument is not modelled for a simulation
    """
    if sum(map(length_of, documents)) > _MOST_FURTHER:
        raise InvalidRequest(
            f"The documents of PolicyInputList have over {_MOST_FURTHER} characters."
        )
    policies = []
    for number, text in enumerate(documents, 1):
        try:
            policies.append(read_policy(text, Use.MANAGED))
        except (MalformedPolicy, PolicyTooLong) as refused:
            raise InvalidRequest(f"PolicyInputList.member.{number}: {refused}") from refused
    return policies


def _facts(entries: list[dict[str, Any]]) -> Mapping[str, str]:
    """Return the context entries of a request as condition keys in lower case with their values.

    raises    InvalidRequest for a key of more than one value: no condition here asks for sets
    """
    facts = {}
    for entry in entries:
        key, values = entry.get("ContextKeyName", ""), entry.get("ContextKeyValues", [])
        if len(values) != 1:
            raise InvalidRequest(f"ContextEntries: {key} must have one value.")
        facts[key.lower()] = values[0]
    return facts
