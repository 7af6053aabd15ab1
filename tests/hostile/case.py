"""One row of the tables."""

from __future__ import annotations

from dataclasses import dataclass

from hostile.asking import Ask


@dataclass(frozen=True)
class Case:
    """name      what is wrong with the request
    status    of HTTP
    code      of the error, as a client reads it
    text      the whole message
    """

    name: str
    ask: Ask
    status: int
    code: str
    text: str


def invalid(name: str, ask: Ask, text: str) -> Case:
    """What the control plane calls a constraint violation.

    source    autopilot.md 1.2
    """
    return Case(name, ask, 400, "ValidationException", text)


def unreadable(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "SerializationException", text)


def absent(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "ResourceNotFound", text)


def taken(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "ResourceInUse", text)


def unknown(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "UnknownOperationException", text)
