"""Attack 2: what a server opens to others of the machine: one port, and no socket that has a name.

The store of before was a process with ports of its own, which answered anyone on the machine, and left sockets in the
temporary folder at each start.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from hostile.two_accounts import TwoAccounts

_LISTENS_TCP = "0A"
_LISTENS_UNIX = 0x10000


def test_a_server_and_its_children_listen_on_one_port(two_accounts: TwoAccounts) -> None:
    held = sockets_of(family(two_accounts.pid))
    assert [address for address, inode in listening_tcp() if inode in held] == [
        ("127.0.0.1", two_accounts.port)
    ]


def test_no_socket_of_a_server_has_a_name(two_accounts: TwoAccounts) -> None:
    """By a name, in a folder or an abstract one, others could connect to it."""
    held = sockets_of(family(two_accounts.pid))
    unix = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    assert any(one[6] in held for one in unix)
    assert [
        one for one in unix if one[6] in held and (len(one) > 7 or int(one[3], 16) & _LISTENS_UNIX)
    ] == []
    assert [path for path in two_accounts.temporary.rglob("*") if path.is_socket()] == []


def family(pid: int) -> set[int]:
    """The process and all that came of it."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def sockets_of(pids: set[int]) -> set[str]:
    """Inodes of the sockets that processes hold."""
    found = set()
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            for path in list(Path(f"/proc/{pid}/fd").iterdir()):
                with suppress(FileNotFoundError):  # it was closed meanwhile
                    if told := re.fullmatch(r"socket:\[(\d+)\]", path.readlink().name):
                        found.add(told[1])
    return found


def listening_tcp() -> list[tuple[tuple[str, int], str]]:
    """((address, port), inode) of every TCP socket that listens, of version 4 and 6."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == _LISTENS_TCP:
                address, _, port = local.partition(":")
                shown = (
                    ".".join(str(part) for part in reversed(bytes.fromhex(address)))
                    if table == "tcp"
                    else address
                )
                found.append(((shown, int(port, 16)), rest[5]))
    return found
