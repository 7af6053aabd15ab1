import asyncio

import pytest

from windvane.api.in_process import InProcessClient
from windvane.errors import InvalidRequest
from windvane.tracing.context import TraceContext, current_context, within
from windvane.tracing.span import SpanKind
from windvane.wire.call import Caller, Credential

ANNE = Caller("1" * 12, "us-east-1", Credential("1" * 12, "AKIA", "secret", "arn:anne", "A"))


def test_what_a_page_asks_for_is_part_of_its_trace():
    spans, seen, errors = [], [], [None, InvalidRequest("No."), RuntimeError("secret")]

    def list_models(call):
        seen.append(current_context())
        if (error := errors.pop(0)) is not None:
            raise error
        return {"Models": []}

    inside = InProcessClient(
        {("sagemaker", "ListModels"): list_models}, {}, record_span=spans.append
    )
    page = TraceContext("4" * 32, "5" * 16, True)

    async def ask():
        with within(page):
            await ask_thrice()

    async def ask_thrice():
        await inside.ask(ANNE, "sagemaker", "ListModels", {})
        for expected in (InvalidRequest, RuntimeError):
            with pytest.raises(expected):
                await inside.ask(ANNE, "sagemaker", "ListModels", {})

    asyncio.run(ask())
    inside.close()
    assert [span.context for span in spans] == seen
    assert {(span.context.trace_id, span.parent_id) for span in spans} == {("4" * 32, "5" * 16)}
    assert {span.name for span in spans} == {"sagemaker/ListModels"}
    assert {span.kind for span in spans} == {SpanKind.INTERNAL}
    assert [span.error for span in spans] == ["", "", "InternalFailure"]
    assert spans[1].attributes["rpc.response.status_code"] == "ValidationException"
    assert "secret" not in repr(spans)


def test_a_page_that_is_not_traced_asks_without_a_trace():
    spans, seen = [], []

    def list_models(call):
        seen.append(current_context())
        return {"Models": []}

    inside = InProcessClient(
        {("sagemaker", "ListModels"): list_models}, {}, record_span=spans.append
    )
    asyncio.run(inside.ask(ANNE, "sagemaker", "ListModels", {}))
    inside.close()
    assert (spans, seen) == ([], [None])
