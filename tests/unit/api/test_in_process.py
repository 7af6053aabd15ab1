import asyncio

import pytest

from windvane.api.in_process import InProcessClient
from windvane.errors import InvalidRequest
from windvane.tracing.context import current_context
from windvane.tracing.span import SpanKind
from windvane.tracing.tracer import Tracer
from windvane.wire.call import Caller, Credential

ANNE = Caller("1" * 12, "us-east-1", Credential("1" * 12, "AKIA", "secret", "arn:anne", "A"))


def test_what_a_page_asks_for_is_a_trace_of_its_own():
    spans, seen, errors = [], [], [None, InvalidRequest("No."), RuntimeError("secret")]

    def list_models(call):
        seen.append(current_context())
        if (error := errors.pop(0)) is not None:
            raise error
        return {"Models": []}

    inside = InProcessClient(
        {("sagemaker", "ListModels"): list_models}, {}, tracer=Tracer(spans.append, 1.0)
    )

    async def ask():
        await inside.ask(ANNE, "sagemaker", "ListModels", {})
        for expected in (InvalidRequest, RuntimeError):
            with pytest.raises(expected):
                await inside.ask(ANNE, "sagemaker", "ListModels", {})

    asyncio.run(ask())
    inside.close()
    assert [span.context for span in spans] == seen
    assert {span.name for span in spans} == {"sagemaker/ListModels"}
    assert {span.kind for span in spans} == {SpanKind.INTERNAL}
    assert [span.error for span in spans] == ["", "", "InternalFailure"]
    assert spans[1].attributes["rpc.response.status_code"] == "ValidationException"
    assert "secret" not in repr(spans)
