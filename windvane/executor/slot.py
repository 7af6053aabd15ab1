"""What runs in a worker of Ray on a node, beside our own process there (executor/node.py): the place that Ray gives to some
work, and the pulse of who gives work. Neither forks, nor reads the work."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any, Self

from windvane.process.frames import Frame, FrameBuffer, pack
from windvane.version import __version__

RESOURCES = "windvane-"
"""What the names of our resources in Ray begin with; a version follows."""

RESOURCE = f"{RESOURCES}{__version__}"
"""Of the nodes on which a process of ours of this version runs: as many as there may be pieces of work at once. So work of one
version never goes to a node of another, and servers and nodes may be upgraded one after the other."""

SOCKET = "WINDVANE_NODE_SOCKET"
"""Variable of Ray's processes on a node: the path of the socket of ours."""

_LOOK_S = 0.1
"""Ray ends a task by an exception that Python raises once nothing waits in the kernel."""


class _Line:
    """A connection to the process of ours."""

    def __init__(self) -> None:
        self._channel = socket.socket(socket.AF_UNIX)
        self._channel.connect(os.environ[SOCKET])
        self._channel.settimeout(_LOOK_S)
        self._frames = FrameBuffer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def send(self, header: dict[str, Any]) -> None:
        self._channel.sendall(pack(header))

    def receive(self) -> Frame:
        """Return the next frame from the node.

        raises    ConnectionError if nothing more comes
        """
        while (frame := self._frames.next_frame()) is None:
            try:
                data = self._channel.recv(1 << 18)
            except TimeoutError:
                continue
            if not data:
                raise ConnectionResetError("the process that runs work on this node is gone")
            self._frames.feed(data)
        return frame


def attend(work: str, owner: str, takes_over: bool = False) -> Iterator[str]:
    """Yield the name of the node, and then what is told of the work, its end last. To be run by Ray where the work has room; it
    ends the work if it is cancelled. "" is no work.

    takes_over    the work was left behind on this node, and this is its key
    """
    import ray  # it runs this, and is not needed to hand this over

    yield str(ray.get_runtime_context().get_node_id())
    if not work:
        return
    with _Line() as line:
        line.send({"takes_over" if takes_over else "work": work, "owner": owner})
        try:
            while True:
                told = str(line.receive()[0]["news"])
                yield told
                if "end" in json.loads(told):
                    return
        except (KeyboardInterrupt, GeneratorExit):
            line.send({"stop": True})
            raise


class Pulse:
    """An actor of a node."""

    def beat(self, owner: str, until: float) -> tuple[float, list[str]]:
        """Say on behalf of an owner of work that it is there until a time.time(). Returns what time it is here, and the keys of
        work that was left behind here, and that it may take over.

        raises    OSError if the process of ours is gone
        """
        with _Line() as line:
            line.send({"owner": owner, "until": until})
            answer = line.receive()[0]
        return float(answer["now"]), [str(key) for key in answer["left"]]

    def about(self) -> str:
        """Return what the process of ours says of itself and its machine, as JSON.

        raises    OSError if it is gone
        """
        with _Line() as line:
            line.send({"ask": "about"})
            return str(line.receive()[0]["about"])
