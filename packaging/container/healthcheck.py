#!/opt/windvane/bin/python
"""Ask the server of the data folder whether it is well: the health check of the image.

The server publishes its address, with the certificate to trust if there is one, in the data folder.
"""

import json
import ssl
import sys
import urllib.request
from pathlib import Path

ADDRESS = Path("/var/lib/windvane/server.json")


def main() -> int:
    try:
        published = json.loads(ADDRESS.read_text())
        with urllib.request.urlopen(
            f"{published['url']}/healthz", timeout=4, context=_context(published["certificate"])
        ) as answer:
            print(answer.read(1000).decode())
    except OSError as error:
        print(f"The server does not answer, or is not well: {error}.")
        return 1
    return 0


def _context(certificate: str) -> ssl.SSLContext | None:
    """It is asked by the address of this machine, for which its certificate need not be."""
    if not certificate:
        return None
    trusted = ssl.create_default_context(cafile=certificate)
    trusted.check_hostname = False
    return trusted


if __name__ == "__main__":
    sys.exit(main())
