"""Every error a caller can meet.

    WindvaneError
    |-- CallerFault                 the caller can mend it; nothing was changed
    |   |-- InvalidRequest          a parameter, or a combination of parameters, is wrong
    |   |   |-- DoesNotExist        a model, endpoint or endpoint configuration is missing
    |   |   |-- OutputBucketMissing the bucket that results are to be written to does not exist
    |   |   |-- MalformedPolicy     a policy document is not of the documented form, or asks for what is not served
    |   |   |-- PackedPolicyTooLarge
    |   |   |                       the policies of a session do not fit into its token
    |   |   |-- InUse               something is still attached to what is to be deleted
    |   |   |-- Unmodifiable        a role or policy is the configuration's or the service's own
    |   |   |-- ContentTypeRefused  a body's content type is not one that a model reads
    |   |   |-- AcceptRefused       none of the accepted content types is one that a model writes
    |   |   |-- InvalidLookup       LookupEvents is asked for what it cannot look for
    |   |   |-- InvalidTimeRange    its time range ends before it begins
    |   |   `-- InvalidPageToken    its token is of other parameters
    |   |-- NotFound                a job is missing
    |   |   |-- KeyMissing          an encryption key or alias is missing
    |   |   |-- ScalingObjectMissing
    |   |   |                       a scalable target or scaling policy is missing
    |   |   `-- ScalingResourceMissing
    |   |                           a scalable target whose tags are asked for is missing
    |   |-- NameTaken               a job of this name exists
    |   |-- TooManyTags             a scalable target would have more tags than it may
    |   |-- LimitExceeded           a quota is used up
    |   |   `-- IdentityQuota       an account has as many users, roles, policies or keys as it may have
    |   |       `-- PolicyTooLong   a policy document, or all of a user or role, has too many characters
    |   |-- KeyDisabled             an encryption key is switched off
    |   |-- KeyInvalidState         an encryption key is to be deleted, or not in the state that this needs
    |   |-- BadCiphertext           what is to be decrypted was changed, or encrypted under something else
    |   |-- IncorrectKey            it was encrypted under another key than the one named
    |   |-- AccessDenied            the role or the key may not do this
    |   |   `-- NotAuthorized       policies do not allow an action
    |   |-- Unauthenticated         who calls cannot be established
    |   |   |-- MissingToken        no signature at all
    |   |   |-- UnknownKey          the access key or session token is not known
    |   |   |-- BadSignature        the signature does not match
    |   |   |-- IncompleteSignature a part of the signature is missing or malformed
    |   |   |   `-- IncompleteLink  the same in the query of a presigned request
    |   |   `-- Expired             temporary credentials are over
    |   |       |-- ClockSkew       the signature is older or newer than it may be
    |   |       `-- LinkExpired     a presigned request is over
    |   |-- UnknownOperation        the operation is not in the model, or is not served
    |   |   `-- UnservedService     nothing of the service is served
    |   |-- Malformed               the body cannot be read
    |   |-- TooLarge                the body is larger than it may be
    |   |-- TooSlow                 the body does not come to its end in the time it may take
    |   `-- Throttled               too much at once; try again later
    |-- InvocationFault             InvokeEndpoint could not answer
    |   |-- EndpointMissing
    |   |-- ModelNotReady
    |   `-- ModelFault              the model answered with an error
    |-- JobFault                    ends a job as Failed; its text is the FailureReason
    |   `-- DataFault               the content of the data is at fault
    |-- CandidateFault              ends one candidate, never the job
    |   |-- OutOfTime
    |   |-- OutOfMemory
    |   `-- Outclassed              it is clearly worse than another; it was given up, which is no fault
    |-- StoreUnusable               the store is busy, full, of a newer version, or misconfigured
    |   `-- StoreUnreachable        its database is away, or does not let the server in
    |-- ClusterUnusable             (executor/errors.py) the cluster cannot be reached, is open to others, or is of another version
    |-- WrongTransition             a record was to take a status that does not follow on its own, which is our fault
    |-- MemberLost                  another node that a model is trained with is gone
    |-- CorruptArtifact             a saved model is damaged or of an unknown format
    `-- Signal                      control flow; never reaches a client
        `-- RejectColumn            this transformer does not take this column

An error carries a note of what happened (windvane/notes): where code decides on it, or logs repeat it, with a code and facts;
else it is what the text says. HTTP statuses and AWS codes are in wire/faults.py.
"""

from __future__ import annotations

from enum import StrEnum

from windvane.notes.note import Note, said
from windvane.notes.sentences import sentence


class WindvaneError(Exception):
    """Root of the tree; `str(error)` is a whole sentence for its reader.

    note    what happened
    """

    def __init__(self, told: str | Note = "") -> None:
        self.note = said(told) if isinstance(told, str) else told
        super().__init__(sentence(self.note))


class CallerFault(WindvaneError):
    """The caller can mend it; nothing was changed."""


class InvalidRequest(CallerFault):
    """A parameter, or a combination of parameters, is wrong."""


class DoesNotExist(InvalidRequest):
    """A model, endpoint or endpoint configuration is missing (AWS: a ValidationException)."""

    def __init__(self, what: str, arn: str) -> None:
        super().__init__(f'Could not find {what} "{arn}".')
        self.what, self.arn = what, arn


class OutputBucketMissing(InvalidRequest):
    """The bucket that results are to be written to does not exist (AWS: a ValidationException)."""

    def __init__(self, bucket: str, uri: str, region: str, role_arn: str) -> None:
        super().__init__(
            f'Could not find the bucket "{bucket}" of S3 URL "{uri}" given in output data '
            f"config. Please ensure that the bucket exists in the selected region ({region}), "
            f'and that the role "{role_arn}" has "s3:PutObject" permissions on it.'
        )
        self.bucket = bucket


class NoObjects(InvalidRequest):
    """There is nothing at the location of the data (AWS: a ValidationException)."""


class AlreadyExists(InvalidRequest):
    """A model, endpoint or endpoint configuration exists already (AWS: a ValidationException)."""

    def __init__(self, what: str, arn: str) -> None:
        super().__init__(f'Cannot create already existing {what} "{arn}".')
        self.what, self.arn = what, arn


class MalformedPolicy(InvalidRequest):
    """A policy document is not of the documented form, or asks for what is not served."""


class PackedPolicyTooLarge(InvalidRequest):
    """The policies of a session do not fit into its token."""

    def __init__(self, percent: int) -> None:
        super().__init__(f"PackedPolicySize is {percent}% of the allotted quota.")


class InUse(InvalidRequest):
    """Something is still attached to what is to be deleted."""


class Unmodifiable(InvalidRequest):
    """A role or policy is declared in the configuration, or is the service's own."""


class ContentTypeRefused(InvalidRequest):
    """A body's content type is not one that a model reads."""


class AcceptRefused(InvalidRequest):
    """None of the accepted content types is one that a model writes."""

    def __init__(self, accept: str) -> None:
        super().__init__(f"Accept type '{accept}' is not supported.")
        self.accept = accept


class InvalidLookup(InvalidRequest):
    """LookupEvents is asked for what it cannot look for."""


class InvalidTimeRange(InvalidRequest):
    """A time range ends before it begins."""


class InvalidPageToken(InvalidRequest):
    """A page token of LookupEvents was not issued for these parameters."""


class NotFound(CallerFault):
    """An AutoML job or a log is missing. (That of a step job is an InvalidRequest: AWS has a ValidationException.)"""


class JobMissing(NotFound):
    """An AutoML job is missing."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Amazon SageMaker can't find an AutoML job called {name}.")
        self.name = name


class KeyMissing(NotFound):
    """An encryption key or an alias is missing."""


class ScalingObjectMissing(NotFound):
    """A scalable target or a scaling policy is missing."""


class ScalingResourceMissing(NotFound):
    """A scalable target whose tags are asked for is missing."""


class AlarmMissing(NotFound):
    """An alarm is missing."""


class AlarmTagsMissing(NotFound):
    """An alarm whose tags are asked for is missing."""


class MalformedReason(CallerFault):
    """The data of the reason of an alarm's state is no JSON object."""


class TooManyTags(CallerFault):
    """A scalable target would have more tags than it may."""


class KeyDisabled(CallerFault):
    """An encryption key is switched off: what is encrypted under it cannot be read until it is enabled again."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"{arn} is disabled.")
        self.arn = arn


class KeyInvalidState(CallerFault):
    """An encryption key is to be deleted, or not in the state that this needs."""


class BadCiphertext(CallerFault):
    """The ciphertext was changed, or was encrypted under another key or encryption context."""


class IncorrectKey(CallerFault):
    """It was encrypted under another key than the one named."""


class NameTaken(CallerFault):
    """A job of this name exists."""


class LimitExceeded(CallerFault):
    """A quota is used up."""

    def __init__(self, what: str, limit: int, used: int, delta: int, unit: str) -> None:
        super().__init__(
            f"The account-level service limit '{what}' is {limit} {unit}, with current utilization "
            f"of {used} {unit} and a request delta of {delta} {unit}. Raise it in the server's "
            "configuration, section [limits]."
        )
        self.what, self.limit, self.used, self.delta = what, limit, used, delta


class IdentityQuota(LimitExceeded):
    """An account has as many users, roles, policies or keys as it may have.

    source    the text of IAM's own LimitExceeded
    """

    def __init__(self, quota: str, limit: int) -> None:
        CallerFault.__init__(self, f"Cannot exceed quota for {quota}: {limit}")


class PolicyTooLong(IdentityQuota):
    """A policy document, or all inline documents of a user or role, has too many characters."""

    def __init__(self, limit: int, length: int) -> None:
        super().__init__("PolicySize", limit)
        self.length = length


class AccessDenied(CallerFault):
    """The role or the key may not do this."""


class Denial(StrEnum):
    """The objection of policies to an action: a Deny, no Allow of the principal's own, or none of the session's."""

    EXPLICIT = "explicit"
    NO_ALLOW = "no-allow"
    SESSION = "session"


class NotAuthorized(AccessDenied):
    """Policies do not allow an action.

    reason    in AWS's words
    denial    the same for code to decide on
    source    the texts of AWS's own denials
    """

    def __init__(
        self, principal: str, action: str, resource: str, reason: str, denial: Denial
    ) -> None:
        super().__init__(
            f"User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}"
        )
        self.principal, self.action, self.resource = principal, action, resource
        self.reason, self.denial = reason, denial


class Unauthenticated(CallerFault):
    """The caller's identity cannot be established."""


class MissingToken(Unauthenticated):
    """No signature at all."""


class UnknownKey(Unauthenticated):
    """The access key or session token is not known."""


class BadSignature(Unauthenticated):
    """The signature does not match."""


class IncompleteSignature(Unauthenticated):
    """A part of the signature is missing or malformed."""


class IncompleteLink(IncompleteSignature):
    """A part of a presigned request's signature is missing or malformed."""


class Expired(Unauthenticated):
    """The time of temporary credentials, or of a signature, is over."""


class ClockSkew(Expired):
    """The signature is older (or newer) than it may be."""


class LinkExpired(Expired):
    """A presigned request is past its X-Amz-Expires."""


class UnknownOperation(CallerFault):
    """The operation is not in the service model, or is not served."""


class UnservedService(UnknownOperation):
    """A request for a service of which nothing is served here."""

    def __init__(self, service: str) -> None:
        super().__init__(f"The service '{service[:64]}' is not served here.")
        self.service = service


class Malformed(CallerFault):
    """The body cannot be read."""


class TooLarge(CallerFault):
    """The body is larger than it may be."""


class TooSlow(CallerFault):
    """The body does not come to its end in the time it may take."""


class Throttled(CallerFault):
    """Too much at once; try again later."""


class InvocationFault(WindvaneError):
    """InvokeEndpoint could not answer."""


class EndpointMissing(InvocationFault):
    """No endpoint of this name in the caller's account."""

    def __init__(self, name: str, account: str) -> None:
        super().__init__(f"Endpoint {name} of account {account} not found.")
        self.name, self.account = name, account


class ModelNotReady(InvocationFault):
    """The endpoint exists and cannot answer yet."""


class ModelFault(InvocationFault):
    """The model answered with an error.

    status    the model's own HTTP status: 4xx for bad input, 5xx for its own fault, 0 for none
    message   the model's own words
    log_group ARN of the CloudWatch log group where the endpoint's log is found
    """

    def __init__(self, sentence: str, *, status: int, message: str, log_group: str) -> None:
        super().__init__(sentence)
        self.status, self.message, self.log_group = status, message, log_group


class JobFault(WindvaneError):
    """Ends a job as Failed; its text is the job's FailureReason (at most 1024 characters)."""


class DataFault(JobFault):
    """The content of the data is at fault: says what, where, and what would be right."""


class CandidateFault(WindvaneError):
    """Ends one candidate, never the job; its text is the candidate's FailureReason."""


class OutOfTime(CandidateFault):
    """The candidate did not finish in its time."""


class OutOfMemory(CandidateFault):
    """The candidate needed more memory than it was given."""


class Outclassed(CandidateFault):
    """The candidate is clearly worse than another on the same rows: it was given up, which is no fault."""


class MemberLost(WindvaneError):
    """Another node that a model is trained with is gone, so that this one cannot go on."""


class CorruptArtifact(WindvaneError):
    """A saved model is damaged or of an unknown format."""


class WrongTransition(WindvaneError):
    """A record was to take a status that does not follow on its own; nothing was changed."""

    def __init__(self, kind: str, name: str, before: str, after: str) -> None:
        super().__init__(f"The {kind} {name} is {before} and cannot become {after}.")


class StoreUnusable(WindvaneError):
    """The store is busy, its disk is full, it is of a newer version, or misconfigured; nothing was changed."""

    @classmethod
    def busy(cls, waited_s: float) -> StoreUnusable:
        return cls(
            f"The store was busy with another writer for {waited_s:g} seconds; nothing was changed."
        )

    @classmethod
    def full(cls) -> StoreUnusable:
        return cls(
            "The disk that holds the server's database is full; nothing was changed. Free some space "
            "and try again."
        )


class StoreUnreachable(StoreUnusable):
    """The database is away, or does not let the server in; without a change of the configuration, a later attempt may succeed."""

    @classmethod
    def away(cls) -> StoreUnreachable:
        return cls("The server's database cannot be reached; nothing was changed. Try again later.")


class NewerRecord(StoreUnusable):
    """A record was written by a newer version of Windvane, and in a way that this one does not know. It is left alone: a server
    of that version works with it."""


class Signal(WindvaneError):
    """Control flow; never reaches a client."""


class RejectColumn(Signal):
    """This transformer does not take this column; the text says why."""
