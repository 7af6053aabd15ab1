"""A page and what it asks for are one trace, if the page is traced at all."""

from contextlib import contextmanager

import pytest
from unit.console.desk import opened

from windvane.tracing.span import SpanKind
from windvane.tracing.tracer import Tracer


@pytest.fixture
def traced(tmp_path):
    """Opens a desk, and yields it with the spans that are recorded."""

    @contextmanager
    def at(sample_ratio):
        spans = []
        with opened(tmp_path, tracer=Tracer(spans.append, sample_ratio)) as desk:
            yield desk, spans

    return at


def test_what_a_page_asks_for_is_below_the_span_of_the_page(traced):
    with traced(1.0) as (desk, spans):
        assert desk.get("/console/?status=Completed").status == 200
    *asked, page = spans
    assert (page.name, page.kind, page.parent_id) == ("GET /console/", SpanKind.SERVER, "")
    assert page.attributes["http.response.status_code"] == 200
    assert "windvane/ListAutoMLJobOverviews" in {span.name for span in asked}
    assert {span.context.trace_id for span in asked} == {page.context.trace_id}
    assert page.context.span_id in {span.parent_id for span in asked}
    assert "Completed" not in repr(spans)


def test_a_page_that_is_not_traced_leaves_no_span_of_what_it_asks_for(traced):
    with traced(0.0) as (desk, spans):
        assert desk.get("/console/").status == 200
    assert spans == []


def test_strangers_and_files_of_pages_leave_no_span(traced):
    with traced(1.0) as (desk, spans):
        assert desk.get("/console/static/console.css").status == 200
        desk.cookie = "nobody"
        assert desk.get("/console/").status in (302, 303)
        assert desk.get("/console/sign-in").status == 200
    assert spans == []


def test_the_span_of_a_page_that_is_watched_ends_with_its_head(traced):
    with traced(1.0) as (desk, spans):
        desk.watch("/console/stream", 1)
    assert spans[-1].name == "GET /console/stream"
    assert spans[-1].attributes["http.response.status_code"] == 200
