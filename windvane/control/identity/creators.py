"""Who created a job that has no role, as its record keeps them: what they may do is what the job may, as long as it runs."""

from __future__ import annotations

import json
from datetime import datetime

from windvane.control.identity.authorizer import Authorizer
from windvane.control.identity.evaluation import Rights
from windvane.wire.call import Caller, Credential


def creator_text(caller: Caller) -> str:
    """Return JSON of all that decides what somebody may do; nothing of it is secret."""
    credential = caller.credential
    return json.dumps(
        {
            "region": caller.region,
            "source_ip": caller.source_ip,
            "is_secure": caller.is_secure,
            "account": credential.account,
            "principal_arn": credential.principal_arn,
            "user_id": credential.user_id,
            "role_arn": credential.role_arn,
            "user_name": credential.user_name,
            "issued": credential.issued.isoformat() if credential.issued else "",
            "session_policies": credential.session_policies,
        }
    )


def creator_rights(authorizer: Authorizer, text: str) -> Rights:
    """Return what the creator of a record may do now, from what was kept of it.

    raises    AccessDenied for a user or role that is no more
    """
    told = json.loads(text)
    policies = tuple(told.pop("session_policies"))
    seen = {name: told.pop(name) for name in ("region", "source_ip", "is_secure")}
    issued = told.pop("issued")
    told["issued"] = datetime.fromisoformat(issued) if issued else None
    credential = Credential(access_key="", secret_key="", session_policies=policies, **told)
    return authorizer.rights_of_caller(Caller(credential.account, credential=credential, **seen))
