"""Who calls: verifies the signature of a request, in the order of what it costs.

A key that is known and a clock that is right, from the head alone; the signature, if the head declares the hash of the
body; then the body, within bounds, and what was to be compared with it. Whatever the head alone can tell is told before a
byte of the body is asked for.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from windvane.addresses import peer_of
from windvane.errors import (
    BadSignature,
    Malformed,
    MissingToken,
    Throttled,
    UnknownOperation,
    UnservedService,
)
from windvane.wire import sigv4
from windvane.wire.call import KeyRing, seen_from
from windvane.wire.codec import CODECS
from windvane.wire.exchange import Exchange, header
from windvane.wire.failures import FailureCounter
from windvane.wire.faults import DIALECTS, Dialect
from windvane.wire.model import Protocol, Service
from windvane.wire.open_inference import tokens
from windvane.wire.rates import AccountRates

_HASHED_ON_THE_LOOP = 1 << 19
_UNSIGNED_BODY_BYTES = 1 << 13
_BODIES_OF_A_SUSPECT = 4


class Authentication:
    """The step of a request in which its caller is verified and its body read.

    failures    counts wrong keys and signatures
    rates       requests that each account may make
    """

    def __init__(
        self,
        keyring: KeyRing,
        clock: Callable[[], datetime],
        failures: FailureCounter,
        rates: AccountRates,
    ) -> None:
        self._keyring, self._clock = keyring, clock
        self._failures, self._rates = failures, rates
        self._read_for_suspects: Counter[str] = Counter()

    async def __call__(self, exchange: Exchange) -> None:
        """Find out who calls, and read the body.

        raises    MissingToken, UnknownKey, BadSignature and their like; UnservedService; Throttled
        """
        request = exchange.request
        claim = await self._read_claim(exchange)
        exchange.record.access_key = claim.signature.access_key
        exchange.record.account = claim.credential.account
        if exchange.route.served:
            _check_service(claim, exchange.service)
        by_token = _is_by_token(exchange)
        declared = tokens.EMPTY_HASH if by_token else sigv4.declared_hash(request)
        caller = claim.verify(declared) if declared else None
        if not exchange.route.served:
            raise UnservedService(exchange.route.service)
        body = await self._read_body(exchange, is_verified=caller is not None)
        if caller is None or not by_token:
            payload_hash = await _hash_of(body)
            if caller is None:
                caller = claim.verify(payload_hash)
            elif payload_hash != declared:
                raise sigv4.mismatch(claim.signature.service)
        exchange.record.caller = seen_from(caller, exchange.record)
        exchange.body.charge(caller.account)
        self._rates.admit(caller.account)
        exchange.request = request.with_body(body)

    async def _read_body(self, exchange: Exchange, *, is_verified: bool) -> bytes:
        """Read the body. After many failures few bodies are read at once for a peer before it has proved who it is.
        Failures of others with its key do not count: anybody who has seen a link knows the key."""
        peer = peer_of(exchange.record.source_ip)
        if is_verified or not self._failures.is_excessive(peer, ""):
            return await exchange.body.whole()
        if self._read_for_suspects[peer] >= _BODIES_OF_A_SUSPECT:
            raise Throttled("Rate exceeded")
        self._read_for_suspects[peer] += 1
        try:
            return await exchange.body.whole()
        finally:
            self._read_for_suspects[peer] -= 1
            if not self._read_for_suspects[peer]:
                del self._read_for_suspects[peer]

    async def _read_claim(self, exchange: Exchange) -> sigv4.Claim:
        if _is_by_token(exchange):
            endpoint = dict(exchange.route.labels).get("EndpointName", "")
            return tokens.read_claim(exchange.request, endpoint, self._keyring, self._clock())
        try:
            return sigv4.read_claim(exchange.request, self._keyring, self._clock())
        except MissingToken as error:
            if await _needs_no_signature(exchange):
                raise not_served(exchange) from error
            if DIALECTS[exchange.speaks] in (Dialect.QUERY, Dialect.EC2):
                raise MissingToken("Request is missing Authentication Token") from error
            raise


def _is_by_token(exchange: Exchange) -> bool:
    """Return whether a token stands for the signature: nowhere else than where the protocol's clients send one."""
    is_open_inference = exchange.route.protocol is Protocol.OPEN_INFERENCE
    return is_open_inference and tokens.is_sent(exchange.request)


async def _hash_of(body: bytes) -> str:
    if len(body) > _HASHED_ON_THE_LOOP:
        return await asyncio.to_thread(sigv4.hash_payload, body)
    return sigv4.hash_payload(body)


async def _needs_no_signature(exchange: Exchange) -> bool:
    """Return whether it asks for an operation that AWS serves to anybody, such as AssumeRoleWithWebIdentity; none is
    here.

    Only a short body is read for it."""
    length = header(exchange.request, "content-length")
    is_query = exchange.route.served and exchange.service.protocol is Protocol.QUERY
    if not is_query or not length.isdecimal() or int(length) > _UNSIGNED_BODY_BYTES:
        return False
    exchange.request = replace(exchange.request, body=await exchange.body.whole())
    try:
        name = CODECS[Protocol.QUERY].operation_name(exchange.route, exchange.request)
        operation = exchange.service.operation(name)
    except (Malformed, UnknownOperation):
        return False
    exchange.record.operation = name
    return bool(operation.auth_type == "none")


def _check_service(claim: sigv4.Claim, service: Service) -> None:
    """Check that a signature is for the service that the request goes to, however its head is spelled.

    raises    BadSignature
    """
    if claim.signature.service != service.signing_name:
        raise BadSignature(
            f"Credential should be scoped to correct service: '{service.signing_name}'."
        )


def not_served(exchange: Exchange) -> UnknownOperation:
    """Return the refusal of the operation that a request is for."""
    return UnknownOperation(
        f"The operation {exchange.record.operation} of {exchange.record.service} is not served here."
    )
