"""An instance as servers that share a store divide it among them: which server runs it, and whether it is up there."""

from __future__ import annotations

from dataclasses import dataclass

from windvane.notes.note import Note


@dataclass(frozen=True, order=True)
class Unit:
    """The unit of placement: one instance of a variant, or all processes of a serverless one.

    arn    of the endpoint, in lower case
    """

    arn: str
    generation: int
    variant: str
    number: int = 0


@dataclass(frozen=True)
class InstanceState:
    """The state of an instance, as told by the server that runs it.

    failure     why it cannot be brought up; None while it may
    why_down    why it stays down although it was up, a sentence without its full stop; "" otherwise
    """

    is_up: bool = False
    failure: Note | None = None
    why_down: str = ""


@dataclass(frozen=True)
class PlacedInstance:
    """One unit on one server. While it moves, it is on two of them.

    id          unique among all that were ever placed: who was taken for dead can tell nothing of another placement
    memory_mb   that it is counted with
    """

    id: str
    unit: Unit
    server: str
    memory_mb: int
    state: InstanceState = InstanceState()
