"""Asks a cluster of Ray for something without a token, to see whether that is refused.

    python -m windvane.executor.token_probe HOST:PORT

Its exit code is CLOSED if it was refused, OPEN if not, UNKNOWN if nothing can be told. A process of its own, as Ray decides once
in the life of a process whether it shows a token.
"""

from __future__ import annotations

import os
import sys

CLOSED, OPEN, UNKNOWN = 0, 3, 4

_TIMEOUT_S = 5
_REFUSED = ("AuthenticationError", "nauthenticated", "InvalidAuthToken")

ENVIRONMENT = {"RAY_AUTH_MODE": "disabled", "HOME": "/nonexistent"}


def main() -> int:
    os.environ.update(ENVIRONMENT)
    from ray._raylet import GcsClient  # reads the environment

    try:
        GcsClient(address=sys.argv[1]).internal_kv_keys(b"", None, timeout=_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - the end of a process, which tells by its exit code
        told = f"{type(error).__name__}: {error}"
        sys.stderr.write(f"{told[:500]}\n")
        return CLOSED if any(word in told for word in _REFUSED) else UNKNOWN
    return OPEN


if __name__ == "__main__":
    sys.exit(main())
