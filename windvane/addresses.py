"""Where addresses lead: to this machine alone, or to others; and which are one peer's."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

_NETWORK_BITS = 64
"""source    RFC 4291, section 2.5.1: interface identifiers"""


def is_loopback(host: str) -> bool:
    """Return whether an address, or the name localhost, never leaves this machine; any other name may."""
    if host.lower() in ("localhost", "ip6-localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def peer_of(address: str) -> str:
    """Return what addresses of one peer have in common: of IPv6 the network of 64 bits, all of whose addresses a single machine
    can have; what is no address is itself.

    >>> peer_of("192.0.2.7"), peer_of("2001:db8::1"), peer_of("2001:db8::2:1"), peer_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::/64', '2001:db8::/64', '192.0.2.7')
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False))
