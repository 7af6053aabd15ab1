"""Content types: which of those a model knows a request means; and how large its answer may be."""

from __future__ import annotations

from functools import lru_cache

from windvane.errors import AcceptRefused, ContentTypeRefused

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
TENSORS = "application/vnd.open-inference.v2+json"
"""Requests and answers of the Open Inference Protocol, with which the wire marks them (wire/open_inference/paths.py)."""

DESCRIBE = "describe"
"""Key of the header of a request to a model process that asks what the model takes and gives."""

TRACEPARENT, TIMES = "traceparent", "times"
"""Keys of headers: of a request that is traced, and of a model process's answer to it (serving/model_span.py)."""

ASK_EXPLAIN, ASK_EVALUATE = "explain", "evaluate"
"""What a request to the process of serving/explainer.py asks."""

EXPLAIN = "explain"
"""Parameter of an accepted content type that asks what forecasts are made of, as in `text/csv; explain=true`."""

MOST_TOLD_BYTES = 4 * 1024**2
MOST_TOLD_VALUES = 500_000
"""Of what a model takes, or of the reasons of an answer: they become values and text again in the server itself. Of
10,000 columns they have 2 to 3 MB."""

MOST_MESSAGE = 4096
"""Characters of what a model process says is wrong: as JSON each may take 12 bytes of a header."""

MOST_HEAD_BYTES, MOST_HEAD_VALUES = 1 << 16, 10_000
"""Of the header of an answer, which is read on the event loop: a content type, or a message with commas."""

MOST_ANSWER_BYTES = 25 * 1024**2
"""Of one answer.

source    "Maximum response payload size" of InvokeEndpoint in SageMaker AI's quotas
"""

SUPPORTED = (CSV, JSON, JSON_LINES)

_UNTOLD = {"", "application/octet-stream", "binary/octet-stream"}
"""What clients send that name no content type."""

_RANGES = {"text/*": CSV, "application/*": JSON}
_UTF8 = {"utf-8", "utf8", "us-ascii", "ascii"}


def too_large(n_bytes: int | None = None) -> str:
    """Return what a caller is told whose request has a larger answer than there may be."""
    size = f"{n_bytes} bytes" if n_bytes is not None else "more bytes"
    return (
        f"The response has {size}; the maximum of a response is {MOST_ANSWER_BYTES} bytes. Send fewer rows at once, or "
        "use a transform job."
    )


@lru_cache(maxsize=256)
def read_content_type(content_type: str) -> str:
    """Return the one of SUPPORTED that a Content-Type header means; CSV if it says nothing.

    raises    ContentTypeRefused
    """
    media, parameters = _parse(content_type)
    if media in _UNTOLD:
        return CSV
    charset = parameters.get("charset", "utf-8").strip("\"'").lower()
    if media in SUPPORTED and charset in _UTF8:
        return media
    raise ContentTypeRefused(
        f"Content type '{content_type}' is not supported. Send one of {', '.join(SUPPORTED)}, "
        "in UTF-8."
    )


@lru_cache(maxsize=256)
def choose_accept(accept: str, default: str) -> str:
    """Return the one of SUPPORTED that an Accept header prefers; `default` if it leaves the choice.

    raises    AcceptRefused
    """
    if not accept.strip():
        return default
    wishes = [_parse(wish) for wish in accept.split(",")]
    wishes.sort(key=lambda wish: -_quality(wish[1]))
    for media, parameters in wishes:
        if _quality(parameters) <= 0:
            continue
        if media == "*/*":
            return default
        if media in _RANGES:
            return _RANGES[media]
        if media in SUPPORTED:
            return media
    raise AcceptRefused(accept)


def asks_for(accept: str, name: str) -> bool:
    """Return whether an Accept header has a parameter of this name that is true, as in `text/csv; explain=true`."""
    wishes = (_parse(wish)[1] for wish in accept.split(","))
    return any(wish.get(name, "").lower() == "true" for wish in wishes)


def _parse(text: str) -> tuple[str, dict[str, str]]:
    media, *rest = text.split(";")
    pairs = (part.partition("=") for part in rest)
    return media.strip().lower(), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _quality(parameters: dict[str, str]) -> float:
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 0.0
