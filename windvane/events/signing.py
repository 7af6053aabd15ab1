"""How a webhook's receiver knows that a delivery is ours: an HMAC over its time and its body."""

from __future__ import annotations

import hashlib
import hmac

ID_HEADER = "Windvane-Event-Id"
TIME_HEADER = "Windvane-Timestamp"
SIGNATURE_HEADER = "Windvane-Signature"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of SIGNATURE_HEADER: HMAC-SHA256, in hexadecimal digits, over TIME_HEADER's value, a full stop and the
    body."""
    signed = timestamp.encode() + b"." + body
    return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
