"""EnableInterContainerTrafficEncryption: what a job's processes say to each other, and to stores on other machines.

The processes of a job run on the server's machine and talk through socket pairs and files of its own: nothing of that
crosses a network. What does is the traffic with an external object store and database, so what is asked for holds if
all of these speak TLS.
"""

from __future__ import annotations

from collections.abc import Iterator

from windvane.control.members import Request, found
from windvane.control.rules import Rule


def traffic_encrypted(path: str, plain_links: tuple[str, ...]) -> Rule:
    """Return the rule that the member at `path` is not true while anything is plain.

    plain_links    what the server talks to on other machines without TLS, in words
    """

    def rule(request: Request) -> Iterator[str]:
        for place, value in found(request, path):
            if value is True and plain_links:
                yield (
                    f"Value 'true' at '{place}' cannot be honoured: this server talks without TLS to "
                    f"{'; '.join(plain_links)}. Use an https endpoint, or an sslmode that encrypts."
                )

    return rule
