"""Sign-ins to the console as requests are: counted when they fail, and recorded."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from windvane.audit.record import SIGN_IN
from windvane.audit.redaction import HIDDEN
from windvane.errors import Throttled
from windvane.wire.call import Caller, Recorder, RequestRecord
from windvane.wire.failures import FailureCounter, failed_sign_in


class SignIns:
    """Told of every attempt to get into the console.

    recorder      the audit log; None keeps none
    on_request    for metrics
    """

    def __init__(
        self,
        failures: FailureCounter,
        recorder: Recorder | None,
        on_request: Callable[[RequestRecord], None],
    ) -> None:
        self._failures = failures
        self._recorder = recorder
        self._on_request = on_request

    async def succeeded(self, peer: str, user_agent: str, caller: Caller) -> None:
        """Record that somebody is signed in; raises StoreUnusable if that cannot be recorded."""
        record = self._record(peer, user_agent, caller.credential.access_key)
        record.caller, record.status = caller, 303
        await self._keep(record)

    async def failed(self, peer: str, user_agent: str, access_key: str, account: str) -> None:
        """Record that somebody is not.

        access_key  what was given as one; not kept if it is none, because people mistake the fields: it may be a secret
        account     whose key it is, "" if it is nobody's
        raises      Throttled if there were too many failures of late from this peer or with this key
        """
        is_known = bool(account) or not access_key
        record = self._record(peer, user_agent, access_key if is_known else HIDDEN)
        record.account = account
        error = self._failures.told(record, failed_sign_in(is_known=is_known))
        is_excessive = isinstance(error, Throttled)
        record.error_code = "ThrottlingException" if is_excessive else "AccessDenied"
        record.error_message, record.status = str(error), 429 if is_excessive else 401
        await self._keep(record)
        if is_excessive:
            raise Throttled("There were too many failed sign-ins. Wait a minute, then try again.")

    def _record(self, peer: str, user_agent: str, access_key: str) -> RequestRecord:
        return RequestRecord(
            str(uuid.uuid4()),
            source_ip=peer,
            user_agent=user_agent,
            service=SIGN_IN,
            operation="ConsoleLogin",
            access_key=access_key[:128],
        )

    async def _keep(self, record: RequestRecord) -> None:
        if self._recorder is not None:
            written = self._recorder.begin_answer(record)
            if written is not None:
                await written
        self._on_request(record)
