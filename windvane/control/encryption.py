"""What requests ask of encryption: keys of outputs and volumes, and traffic between the processes of a job.

A key is named by its id, its ARN, an alias or an alias's ARN, and is looked up when the request is made: what works for it
later knows its ARN alone, so that moving an alias changes nothing about a job under way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from windvane.artifacts.base import parse_location
from windvane.control.kms.ciphers import Ciphers
from windvane.control.kms.lookup import check_usable
from windvane.control.members import Member
from windvane.control.objects import KeyOfWrites, no_key
from windvane.control.roles import Grant
from windvane.errors import AccessDenied, CallerFault, InvalidRequest
from windvane.names import Scope

_WRITING = ("kms:GenerateDataKey", "kms:Decrypt")
_HANDING_ON = "kms:CreateGrant"


@dataclass(frozen=True)
class Encryption:
    """The kinds of encryption that this server offers.

    ciphers        knows the keys
    plain_links    what the server talks to on other machines without TLS, in words
    has_own_store  outputs go to the embedded store, which knows the same keys; an external one has keys of its own, of
                   which only it knows whether they exist
    no_volumes     why no volume can be encrypted here, a sentence; "" if one can
    no_job_volumes
                   why no volume of a job can be, though others can; "" if one can
    key_of_writes  the key that the default of a bucket names
    """

    ciphers: Ciphers
    plain_links: tuple[str, ...] = ()
    has_own_store: bool = True
    no_volumes: str = ""
    no_job_volumes: str = ""
    key_of_writes: KeyOfWrites = no_key

    def output_key(self, scope: Scope, grant: Grant, named: Member) -> str:
        """Return the ARN of the key that outputs are to be encrypted under; "" if the member names none.

        grant     of the role that writes them
        raises    InvalidRequest if the key cannot be used, or the role may not use it
        """
        if not named.value or not self.has_own_store:
            return str(named.value or "")
        arn = self._arn(scope, named)
        grant.require_key(arn, *_WRITING)
        return arn

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

    def volume_key(self, scope: Scope, named: Member) -> str:
        """Return the ARN of the key of a volume, always one of this server's; "" if the member names none.

        A volume with a key is in memory (process/volatile.py): nothing of it is ever on a disk, and nothing new is begun on
        it while the key cannot be used.

        raises    InvalidRequest if the key cannot be used
        """
        if not named.value:
            return ""
        if self.no_volumes:
            raise InvalidRequest(
                f"The member '{named.place}' cannot be honoured on this server: {self.no_volumes}"
            )
        return self._arn(scope, named)

    def job_volume_key(self, scope: Scope, named: Member) -> str:
        """Return the same of a volume that tasks of a job work on.

        raises    InvalidRequest if the key cannot be used
        """
        if named.value and self.no_job_volumes:
            raise InvalidRequest(
                f"The member '{named.place}' cannot be honoured on this server: {self.no_job_volumes}"
            )
        return self.volume_key(scope, named)

    def check_handed_on(self, arn: str, role: Grant, caller: Grant) -> None:
        """Check that the role of a job, or whoever asks for the job, may hand the key of its volume to SageMaker.

        arn       "" for a volume without a key
        raises    InvalidRequest if neither may
        source    kms:CreateGrant in "Amazon SageMaker API Permissions", SageMaker's developer guide
        """
        if arn and not caller.may_use_key(arn, _HANDING_ON):
            role.require_key(arn, _HANDING_ON)

    def check_traffic(self, asked: Member) -> None:
        """Check that traffic can be encrypted if that is asked for.

        The processes of a job run on the server's machine and talk through socket pairs and files of its own: what crosses
        a network is the traffic with an external object store and database.

        raises    InvalidRequest if something that leaves the machine is not encrypted
        """
        if asked.value is True and self.plain_links:
            raise InvalidRequest(
                f"Value 'true' at '{asked.place}' cannot be honoured: this server talks without TLS to "
                f"{'; '.join(self.plain_links)}. Use an https endpoint, or an sslmode that encrypts."
            )

    def _arn(self, scope: Scope, named: Member) -> str:
        try:
            key = self.ciphers.find(scope, named.value)
            check_usable(key)
        except (CallerFault, AccessDenied) as fault:
            raise InvalidRequest(
                f"The KMS key '{named.value}' at '{named.place}' cannot be used: {fault}"
            ) from fault
        return key.arn
