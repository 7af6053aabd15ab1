"""Work, and what is told of it, as text that goes from one machine to another."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from windvane.executor.base import End, Ended, GangMember, MachineNews, MemberReady, Said, Work
from windvane.executor.forked import MOST_RESULT, MOST_SAID, Result, read_result
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note, note_to_json
from windvane.notes.untrusted import read_untrusted_note

_MOST_PEAK_MB = 1e9
_MOST_CLASSES, _LONGEST_CLASS = 16, 100
_ADDRESS = re.compile(r"[^\s/@]{1,255}:([0-9]{1,5})")


def work_to_text(work: Work) -> str:
    member = None if work.member is None else vars(work.member)
    return json.dumps({**vars(work), "payload": dict(work.payload), "member": member})


def work_from_text(text: str) -> Work:
    told = json.loads(text)
    member = None if told["member"] is None else GangMember(**told["member"])
    return Work(**{**told, "member": member})


def news_to_text(news: MachineNews) -> str:
    """Return what is told, without the key of the work."""
    if isinstance(news, Said):
        return json.dumps({"said": json.dumps(news.said)})
    if isinstance(news, MemberReady):
        return json.dumps({"address": news.address})
    return json.dumps(
        {
            "end": str(news.end),
            "result": json.dumps(news.result),
            "note": None if news.note is None else note_to_json(news.note),
            "error_classes": news.error_classes,
            "peak_memory_mb": news.peak_memory_mb,
        }
    )


def news_from_text(key: str, text: str) -> MachineNews | None:
    """Return what is told of the work of a key; None if it says what is none. A machine may be under somebody else's control: no more
    is read than a task may tell (executor/forked.py).

    raises    LookupError, TypeError or ValueError if nothing can be made of it
    """
    if len(text) > 4 * MOST_RESULT:
        raise ValueError(f"{len(text)} characters are more than is told of any work")
    told = _loaded(text)
    if "said" in told:
        said = _bounded(told["said"], MOST_SAID)
        return None if said is None else Said(key, said)
    if "address" in told:
        return MemberReady(key, _address(told["address"]))
    end = End(told["end"])
    note = None if told["note"] is None else read_untrusted_note(told["note"])
    classes = tuple(str(name)[:_LONGEST_CLASS] for name in told["error_classes"][:_MOST_CLASSES])
    peak = told["peak_memory_mb"]
    peak_mb = None if peak is None else min(float(peak), _MOST_PEAK_MB)
    result = _bounded(told["result"], MOST_RESULT)
    if end is End.FINISHED and result is None:
        unread = Note(
            NoteCode.NO_RESULT, {"text": DataValue("it is no JSON object of bounded size")}
        )
        return Ended(key, End.FAILED, note=unread, peak_memory_mb=peak_mb)
    return Ended(key, end, result or {}, note, classes, peak_mb)


def _loaded(text: str) -> Mapping[str, Any]:
    """Parse a JSON object.

    raises    TypeError or ValueError if it is no JSON object
    """
    try:
        told = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(told, dict):
        raise TypeError("it is no JSON object")
    return told


def _bounded(text: object, most: int) -> Result | None:
    """Return a JSON object; None if it is none, or a larger one.

    raises    TypeError if it is no text
    """
    if not isinstance(text, str):
        raise TypeError("what is told is no text")
    data = text.encode()
    if len(data) > most:
        return None
    try:
        return read_result(data)
    except ValueError:
        return None


def _address(told: object) -> str:
    """Return an address as it is told.

    raises    ValueError if it is none
    """
    found = _ADDRESS.fullmatch(str(told))
    if found is None or not 0 < int(found[1]) < 1 << 16:
        raise ValueError("A member of a gang is at no address of the form HOST:PORT.")
    return found[0]
