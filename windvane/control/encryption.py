"""What requests ask of encryption: keys of outputs and volumes, and traffic between the processes of a job.

A key is named by its id, its ARN, an alias or an alias's ARN, and is looked up when the request is made: what works for it
later knows its ARN alone, so that moving an alias changes nothing about a job under way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from windvane.artifacts.base import parse_location
from windvane.control.kms.ciphers import Ciphers
from windvane.control.kms.lookup import check_usable
from windvane.control.members import Request, found
from windvane.control.objects import KeyOfWrites, no_key
from windvane.control.roles import Grant
from windvane.control.rules import Rule, check
from windvane.errors import AccessDenied, CallerFault, InvalidRequest
from windvane.names import Scope

Told = Callable[[str], str]

_WRITING = ("kms:GenerateDataKey", "kms:Decrypt")
_HANDING_ON = "kms:CreateGrant"


def _as_it_is(fault: str) -> str:
    return fault


@dataclass(frozen=True)
class Encryption:
    """What this server can honour.

    ciphers        knows the keys
    plain_links    what the server talks to on other machines without TLS, in words
    has_own_store  outputs go to the embedded store, which knows the same keys; an external one has keys of its own, of
                   which only it knows whether they exist
    no_volumes     why no volume can be encrypted here, a sentence; "" if one can
    key_of_writes  the key that the default of a bucket names
    """

    ciphers: Ciphers
    plain_links: tuple[str, ...] = ()
    has_own_store: bool = True
    no_volumes: str = ""
    key_of_writes: KeyOfWrites = no_key

    def output_key(
        self, scope: Scope, grant: Grant, request: Request, path: str, told: Told = _as_it_is
    ) -> str:
        """Return the ARN of the key that outputs are to be encrypted under; "" if the member at `path` names none.

        grant     of the role that writes them
        told      how a fault is told to the client, if the request is not in its own words
        raises    InvalidRequest if the key cannot be used, or the role may not use it
        """
        for place, written in found(request, path):
            if written and not self.has_own_store:
                return str(written)
            if written:
                arn = self._arn(scope, written, place, told)
                grant.require_key(arn, *_WRITING)
                return arn
        return ""

    def check_default_keys(self, grant: Grant, uris: Iterable[str]) -> None:
        """Check that the role may use the default keys of the buckets that outputs go to, where the request names no key.

        raises    InvalidRequest if it may not, or a key cannot be used
        source    "Using server-side encryption with AWS KMS keys", permissions, in S3's user guide
        """
        for uri in uris:
            try:
                arn = self.key_of_writes(parse_location(uri) / "output")
            except (CallerFault, AccessDenied) as fault:
                raise InvalidRequest(
                    f"The default KMS key of the bucket of '{uri}' cannot be used: {fault}"
                ) from fault
            if arn:
                grant.require_key(arn, *_WRITING)

    def volume_key(self, scope: Scope, request: Request, path: str, told: Told = _as_it_is) -> str:
        """Return the ARN of the key of a volume, always one of this server's; "" if the member at `path` names none.

        A volume with a key is in memory (process/volatile.py): nothing of it is ever on a disk, and nothing new is begun on
        it while the key cannot be used.

        raises    InvalidRequest if the key cannot be used
        """
        for place, written in found(request, path):
            if written and self.no_volumes:
                raise InvalidRequest(
                    told(
                        f"The member '{place}' cannot be honoured on this server: {self.no_volumes}"
                    )
                )
            if written:
                return self._arn(scope, written, place, told)
        return ""

    def check_handed_on(self, arn: str, role: Grant, caller: Grant) -> None:
        """Check that the role of a job, or whoever asks for the job, may hand the key of its volume to SageMaker.

        arn       "" for a volume without a key
        raises    InvalidRequest if neither may
        source    kms:CreateGrant in "Amazon SageMaker API Permissions", SageMaker's developer guide
        """
        if arn and not caller.may_use_key(arn, _HANDING_ON):
            role.require_key(arn, _HANDING_ON)

    def check_traffic(self, request: Request, path: str, told: Told = _as_it_is) -> None:
        """raises    InvalidRequest if traffic is to be encrypted and something that leaves the machine is not"""
        check((_traffic(path, self.plain_links),), request, told)

    def _arn(self, scope: Scope, written: str, place: str, told: Told) -> str:
        try:
            key = self.ciphers.find(scope, written)
            check_usable(key)
        except (CallerFault, AccessDenied) as fault:
            raise InvalidRequest(
                told(f"The KMS key '{written}' at '{place}' cannot be used: {fault}")
            ) from fault
        return key.arn


def _traffic(path: str, plain_links: tuple[str, ...]) -> Rule:
    """The processes of a job run on the server's machine and talk through socket pairs and files of its own: what crosses
    a network is the traffic with an external object store and database."""

    def rule(request: Request) -> Iterator[str]:
        for place, value in found(request, path):
            if value is True and plain_links:
                yield (
                    f"Value 'true' at '{place}' cannot be honoured: this server talks without TLS to "
                    f"{'; '.join(plain_links)}. Use an https endpoint, or an sslmode that encrypts."
                )

    return rule
