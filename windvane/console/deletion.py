"""The page that asks before anything is deleted: what goes, what stays, and what cannot go because it is in use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why something cannot be deleted; `url` of the page of what uses it, "" if there is none or it is not to be seen."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Blocked:
    """Something that cannot be deleted."""

    name: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class DeletionView:
    """The question whether to delete something.

    action     path that the answer is sent to;  back  path of the page that led here
    fields     of the form, besides those of the question
    goes, stays
               in words, a line each
    blocked    what cannot be deleted
    to_type    a name that has to be typed; "" if a button is enough
    trouble    why nothing was deleted; "" unless that was tried
    """

    title: str
    action: str
    back: str
    fields: tuple[tuple[str, str], ...]
    goes: tuple[str, ...]
    stays: tuple[str, ...]
    blocked: tuple[Blocked, ...] = ()
    to_type: str = ""
    trouble: str = ""
