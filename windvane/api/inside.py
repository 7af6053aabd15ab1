"""Operations as the console calls them: the handlers of the wire, with the same checks, without a request of HTTP."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from windvane.errors import UnknownOperation
from windvane.wire.call import Call, Caller, Operations, Permit, RequestRecord, permit_all
from windvane.wire.edge import AsyncHandler
from windvane.wire.model import load_service
from windvane.wire.validate import validate


class Inside:
    """operations         synchronous handlers by (service, operation)
    async_operations   asynchronous ones
    permit             as the wire asks it
    """

    def __init__(
        self,
        operations: Operations,
        async_operations: Mapping[tuple[str, str], AsyncHandler],
        permit: Permit = permit_all,
    ) -> None:
        self._operations = operations
        self._async_operations = async_operations
        self._permit = permit

    async def ask(
        self, caller: Caller, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The members of the answer, by their names in the service model.

        raises    InvalidRequest for parameters that the model does not allow; AccessDenied; whatever the operation raises
        """
        model = load_service(service).operation(operation)
        given = dict(parameters)
        validate(given, model.input_shape)
        call = Call(service, operation, caller, given, str(uuid.uuid4()))
        key = (service, operation)
        self._permit(call, RequestRecord(call.request_id, caller=caller))
        if (asynchronous := self._async_operations.get(key)) is not None:
            return dict(await asynchronous(call) or {})
        if (handler := self._operations.get(key)) is None:
            raise UnknownOperation(f"The operation {operation} of {service} is not served here.")
        answer = await asyncio.to_thread(handler, call)
        return dict(answer or {})
