"""Operations as the console calls them: the handlers of the wire, with the same checks, without a request of HTTP."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from windvane.errors import UnknownOperation
from windvane.wire.call import (
    Call,
    Caller,
    Operations,
    Permit,
    Recorder,
    RequestRecord,
    answered_arns,
    permit_all,
)
from windvane.wire.edge import AsyncHandler
from windvane.wire.faults import INTERNAL, OURS, fault_of
from windvane.wire.model import load_service
from windvane.wire.validate import validate

_USER_AGENT = "windvane console"


class Inside:
    """operations         synchronous handlers by (service, operation)
    async_operations   asynchronous ones
    permit             as the wire asks it
    recorder           the audit log; None keeps none
    """

    def __init__(
        self,
        operations: Operations,
        async_operations: Mapping[tuple[str, str], AsyncHandler],
        permit: Permit = permit_all,
        recorder: Recorder | None = None,
    ) -> None:
        self._operations = operations
        self._async_operations = async_operations
        self._permit = permit
        self._recorder = recorder

    async def ask(
        self, caller: Caller, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The members of the answer, by their names in the service model.

        raises    InvalidRequest for parameters that the model does not allow; AccessDenied; whatever the operation raises
        """
        record = RequestRecord(
            str(uuid.uuid4()),
            source_ip=caller.source_ip,
            is_secure=caller.is_secure,
            user_agent=_USER_AGENT,
            service=service,
            operation=operation,
            caller=caller,
            access_key=caller.credential.access_key,
            parameters=parameters,
        )
        try:
            answer = await self._serve(record, caller)
        except Exception as error:
            fault = fault_of(error, service)
            record.error_code = fault.code if fault is not None else INTERNAL.code
            record.error_message = str(error) if fault is not None else OURS
            await self._keep(record)
            raise
        record.answered = answered_arns(answer)
        await self._keep(record)
        return answer

    async def _serve(self, record: RequestRecord, caller: Caller) -> dict[str, Any]:
        service, operation = key = (record.service, record.operation)
        given = dict(record.parameters)
        validate(given, load_service(service).operation(operation).input_shape)
        call = Call(service, operation, caller, given, record.request_id)
        self._permit(call, record)
        if self._recorder is not None:
            self._recorder.check(record)
        if (asynchronous := self._async_operations.get(key)) is not None:
            return dict(await asynchronous(call) or {})
        if (handler := self._operations.get(key)) is None:
            raise UnknownOperation(f"The operation {operation} of {service} is not served here.")
        answer = await asyncio.to_thread(handler, call)
        return dict(answer or {})

    async def _keep(self, record: RequestRecord) -> None:
        if self._recorder is not None:
            written = self._recorder.begin_answer(record)
            if written is not None:
                await written
