from dataclasses import replace

import pytest
from unit.work.workers.test_order import TASK
from unit.work.world import make_job

from windvane.domain.candidate import ProcessingJob, TrainingJob, TransformJob
from windvane.executor.base import End, Ended
from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note
from windvane.tracing.span import SpanKind
from windvane.work.workers.process_times import Part, ToldTimes
from windvane.work.workers.task_spans import begin_task_span, task_spans

REQUEST = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
JOB = replace(make_job(), traceparent=REQUEST)
ENDED = Ended("7-2", End.FINISHED, peak_memory_mb=12.5)


def spans_of(ended=ENDED, times=None):
    return list(task_spans(begin_task_span(JOB), JOB.name, TASK, ended, times))


def test_only_the_tasks_of_a_job_whose_request_was_traced_are():
    assert begin_task_span(make_job()) is None
    assert begin_task_span(JOB).context.trace_id == REQUEST[3:35]


@pytest.mark.parametrize("kind", [ProcessingJob, TrainingJob, TransformJob])
def test_the_task_of_a_step_job_is_part_of_the_trace_of_its_request(kind):
    own = {name: getattr(make_job(), name) for name in ("scope", "name", "created", "modified")}
    step = kind(**own, details={})
    assert begin_task_span(step) is None
    span = begin_task_span(replace(step, traceparent=REQUEST))
    assert (span.context.trace_id, span.parent_id) == (REQUEST[3:35], REQUEST[36:52])


def test_a_task_is_part_of_the_trace_of_the_request_that_created_its_job():
    [span] = spans_of()
    assert (span.name, span.kind, span.error) == ("task split", SpanKind.CONSUMER, "")
    assert (span.context.trace_id, span.parent_id) == (REQUEST[3:35], REQUEST[36:52])
    assert span.attributes == {
        "windvane.job": JOB.name,
        "windvane.task": "split",
        "windvane.task.kind": "split",
        "windvane.task.attempt": 0,
        "windvane.task.end": "finished",
        "windvane.task.peak_memory_mb": 12.5,
    }


def test_what_its_process_did_lies_within_it():
    start_ns = begin_task_span(JOB).ended("", "", {}).start_ns
    times = ToldTimes([start_ns, 10**30], ((Part.FETCH, [0, 10**30]), (Part.PUBLISH, "nonsense")))
    task, process, fetch, publish = spans_of(times=times)
    assert [process.name, fetch.name, publish.name] == [
        "task process",
        "fetch inputs",
        "publish outputs",
    ]
    assert process.parent_id == task.context.span_id
    assert fetch.parent_id == publish.parent_id == process.context.span_id
    for span in (process, fetch, publish):
        assert task.start_ns <= span.start_ns <= span.end_ns <= task.end_ns
    assert len({one.context.span_id for one in (task, process, fetch, publish)}) == 4


@pytest.mark.parametrize("end", list(End))
def test_a_task_that_failed_says_so_without_any_value_of_the_data(end):
    note = Note(NoteCode.NO_RESULT, {"text": DataValue("secret cell")})
    [span] = spans_of(Ended("7-2", end, note=note))
    assert bool(span.error) == (end not in (End.FINISHED, End.KILLED))
    assert "secret" not in span.error
    assert span.attributes["windvane.task.end"] == str(end)
