"""Errors as the Open Inference Protocol tells them: an object with one member, `error`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from windvane import errors
from windvane.wire.codec import Answer

_INTERNAL = 500

_STATUS: Mapping[type[Exception], int] = {
    errors.Unauthenticated: 401,
    errors.NotFound: 404,
    errors.DoesNotExist: 404,
    errors.EndpointMissing: 404,
    errors.UnknownOperation: 404,
    errors.TooLarge: 413,
    errors.ModelNotReady: 503,
}
"""Where the protocol's clients expect another status than those of InvokeEndpoint."""


def encode_refusal(error: Exception, status: int, sentence: str, request_id: str) -> Answer:
    """Return the answer to a request that failed with `error`. What a model says of the request is told in its own words.

    status    that the runtime would answer
    """
    kinds = type(error).__mro__
    status = next((found for kind, found in _STATUS.items() if kind in kinds), status)
    if isinstance(error, errors.ModelFault):
        is_refusal = 400 <= error.status < _INTERNAL
        status = 400 if is_refusal else _INTERNAL
        sentence = error.message if is_refusal else sentence
    asks = (("www-authenticate", "Bearer"),) if status == 401 else ()
    headers = (("x-amzn-requestid", request_id), ("content-type", "application/json"), *asks)
    return Answer(status, headers, json.dumps({"error": sentence}).encode())
