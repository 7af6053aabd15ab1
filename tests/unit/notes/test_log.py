"""What logs and events say: facts of ours whole, values of somebody's data never."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.domain.job import ApiVersion, AutoMLJob, Echo, Limits
from windvane.domain.task import Task, TaskKind
from windvane.executor.base import End, Ended
from windvane.names import Scope
from windvane.notes.codes import DataValue, NoEnsemble, NoteCode, ProcessEnd
from windvane.notes.log import WITHHELD, in_log
from windvane.notes.note import Note, raised, said
from windvane.notes.sentences import SENTENCES, reason, sentence
from windvane.testing.store_laws.place import SPEC
from windvane.work.workers.task_outcome import Case, StepCase, judge

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOB = AutoMLJob(
    scope=Scope("000000000000", "us-east-1"),
    name="job",
    created=NOW,
    modified=NOW,
    spec=SPEC,
    echo=Echo(ApiVersion.V1, {}),
    limits=Limits(5, 600, 60),
    deadline=NOW,
)
CANARY = "canary"


def task(kind):
    return Task(
        id=1, job_arn=JOB.arn, kind=kind, key="k", payload={}, created=NOW, started=NOW, attempts=3
    )


def value_of(name, kind):
    """A fact of this kind: every text in it that is data is a canary."""
    kinds = getattr(kind, "__args__", (kind,))
    if name == "end":
        return str(ProcessEnd.NOT_STARTED)
    if name == "obstacle":
        return str(NoEnsemble.NO_GAIN)
    if name == "phase":
        return "ModelTuning"
    if name == "status":
        return "Failed"
    if name in ("rows", "scores") and tuple in kinds:
        return ("20",)
    if DataValue in kinds:
        return DataValue(CANARY)
    if str in kinds:
        return "ours"
    if tuple in kinds:
        return ("ours",)
    if dict in kinds:
        return {"weight": 1}
    return 1


def a_note(code, because=None):
    facts = {name: value_of(name, kind) for name, kind in code.facts.items()}
    return Note(code, facts, because)


@pytest.mark.parametrize("code", list(NoteCode))
def test_every_code_is_worded_for_logs_without_data(code):
    told = in_log(a_note(code, said("the column canary")))
    assert told
    assert CANARY not in told


@pytest.mark.parametrize("code", list(SENTENCES))
def test_every_code_that_can_be_a_reason_is_worded_whole(code):
    note = a_note(code, said("the column canary"))
    told = sentence(note)
    for fact in note.facts.values():
        if isinstance(fact, DataValue):
            assert CANARY in told


@pytest.mark.parametrize("code", list(NoteCode))
def test_facts_that_may_be_absent_are_not_missed(code):
    note = a_note(code, said("x"))
    kinds = code.facts
    least = {name: fact for name, fact in note.facts.items() if not isinstance(None, kinds[name])}
    assert in_log(replace(note, facts=least))
    if code in SENTENCES:
        assert sentence(replace(note, facts=least))


@pytest.mark.parametrize("kind", [kind for kind in TaskKind if kind is not TaskKind.STEP])
@pytest.mark.parametrize("end", [End.OUT_OF_TIME, End.OUT_OF_MEMORY])
def test_what_the_limits_ended_is_told_whole(kind, end):
    note = Note({End.OUT_OF_TIME: NoteCode.TIME_OVER}.get(end, NoteCode.MEMORY_OVER))
    case = Case(JOB, task(kind), NOW + timedelta(seconds=600), stopped=False, memory_mb=100)
    verdict = judge(case, Ended("1-1", end, note=note), 3)
    assert in_log(verdict.note) == reason(verdict.note) != ""


def test_what_the_limit_of_a_step_job_ended_is_told_whole():
    case = StepCase(task(TaskKind.STEP), stopped=False, memory_mb=100, max_runtime_s=60)
    verdict = judge(case, Ended("1-1", End.OUT_OF_TIME), 3)
    assert in_log(verdict.note) == reason(verdict.note) != ""


def test_a_crash_is_told_by_its_signal_or_its_type():
    case = Case(JOB, task(TaskKind.TRAIN), NOW, stopped=False, memory_mb=100)
    crash = Ended("1-1", End.CRASHED, note=Note(NoteCode.SIGNALLED, {"signal": "SIGSEGV"}))
    killed = judge(case, crash, 3)
    assert in_log(killed.note) == reason(killed.note)
    error = ValueError("could not convert 'canary'")
    broken = judge(
        case, Ended("1-1", End.FAILED, note=raised(error), error_classes=("ValueError",)), 3
    )
    assert reason(broken.note) == (
        "It failed because of an internal error: ValueError: could not convert 'canary'"
    )
    assert in_log(broken.note) == (
        "It failed because of an internal error: ValueError; the server's log says where."
    )


def test_what_only_a_text_tells_is_withheld():
    note = Note(NoteCode.ENSEMBLE_FAILED, because=said("The column 'age' has the value 'canary'."))
    assert sentence(note) == "The ensemble: The column 'age' has the value 'canary'."
    assert in_log(note) == f"The ensemble: {WITHHELD}"
    assert in_log(None) == ""


@given(st.text(min_size=1))
def test_no_text_of_somebody_elses_gets_through(text):
    assert text not in in_log(said(text)).replace(WITHHELD, "")
    assert in_log(said(text)) == WITHHELD


def test_common_faults_of_data_are_told_in_other_words(tmp_path):
    """As the engine finds them today."""
    from windvane.domain.problem import ProblemSpec
    from windvane.engine.data.analysis import ReadOptions, SourceFile
    from windvane.engine.stages import analyse
    from windvane.errors import DataFault

    rows = [f"{i},canary{i % 2}" for i in range(600)]
    tables = {
        "is not in the data": ("z", "a,y", rows),
        "at least 500": ("y", "a,y", rows[:20]),
        "has only one value": ("y", "a,y", [f"{i},canary" for i in range(600)]),
        "single row": ("y", "a,y", [*rows, "3,canary-once"]),
        "3 fields instead of 2": ("y", "a,y", [*rows, "canary,1,2"]),
    }
    told = {}
    for name, (target, header, lines) in tables.items():
        file = tmp_path / "table.csv"
        file.write_text("\n".join([header, *lines]))
        scratch = tmp_path / name.replace(" ", "-")
        (scratch / "into").mkdir(parents=True)
        with pytest.raises(DataFault) as caught:
            analyse(
                [SourceFile(file, "s3://bucket/canary.csv")],
                ReadOptions(scratch=scratch),
                ProblemSpec(target=target),
                scratch / "into",
            )
        told[name] = in_log(caught.value.note)
    assert not [text for text in told.values() if "canary" in text or text == WITHHELD]
    assert all(name in text for name, text in told.items())


def test_notes_of_earlier_versions_name_candidates_as_the_api_does():
    best = Note(NoteCode.BEST_CANDIDATE, {"index": 3, "candidate": "job-003-1a2b"})
    written = {"candidate": "job-003-1a2b", "report": "explainability", "uri": "s3://bucket/a"}
    assert in_log(best) == "New best candidate: Candidate job-003-1a2b."
    told = "Candidate job-003-1a2b: explainability report written to s3://bucket/a."
    assert in_log(Note(NoteCode.REPORT_WRITTEN, written)) == told
