"""Access keys of users."""

from __future__ import annotations

from typing import Any

from windvane.api.iam.operation import IdentityParts, OperationTable, page_of
from windvane.api.iam.users import own_name
from windvane.domain.identity import AccessKey, KeyStatus
from windvane.errors import AccessDenied, InvalidRequest
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("iam")


@OPERATIONS.serves("CreateAccessKey")
def create_access_key(parts: IdentityParts, call: Call) -> Result:
    key, secret_key = parts.users.create_key(call.caller.account, own_name(call))
    return {"AccessKey": {**_key_answer(key), "SecretAccessKey": secret_key}}


@OPERATIONS.serves("ListAccessKeys")
def list_access_keys(parts: IdentityParts, call: Call) -> Result:
    keys = parts.users.keys(call.caller.account, own_name(call))
    return page_of(call, "AccessKeyMetadata", keys, lambda key: key.name, _key_answer)


@OPERATIONS.serves("UpdateAccessKey")
def update_access_key(parts: IdentityParts, call: Call) -> Result:
    given = call.parameters
    if given["Status"] not in set(KeyStatus):
        raise InvalidRequest(f"Status must be Active or Inactive, not {given['Status']}.")
    parts.users.set_key_status(
        call.caller.account, own_name(call), given["AccessKeyId"], KeyStatus(given["Status"])
    )
    return None


@OPERATIONS.serves("DeleteAccessKey")
def delete_access_key(parts: IdentityParts, call: Call) -> Result:
    parts.users.delete_key(call.caller.account, own_name(call), call.parameters["AccessKeyId"])
    return None


@OPERATIONS.serves("GetAccessKeyLastUsed")
def get_access_key_last_used(parts: IdentityParts, call: Call) -> Result:
    access_key = call.parameters["AccessKeyId"]
    record = parts.changes.current().key(access_key)
    if record is None or record.account != call.caller.account:
        raise AccessDenied(
            f"User: {call.caller.credential.principal_arn} is not authorized to perform: iam:GetAccessKeyLastUsed on "
            f"resource: access key {access_key}"
        )
    with parts.changes.snapshot() as tx:
        use = tx.key_use(access_key)
    told: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
    if use is not None:
        told = {"LastUsedDate": use.used, "ServiceName": use.service, "Region": use.region}
    return {"UserName": record.user_name, "AccessKeyLastUsed": told}


def _key_answer(key: AccessKey) -> dict[str, Any]:
    return {
        "UserName": key.user_name,
        "AccessKeyId": key.name,
        "Status": key.status.value,
        "CreateDate": key.created,
    }
