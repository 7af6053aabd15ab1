"""What is told of a failure: our own words whole, the rest not at all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.domain.discretion import WITHHELD, discreet
from windvane.domain.job import ApiVersion, AutoMLJob, Echo, Limits
from windvane.domain.task import Task, TaskKind
from windvane.engine.learners.torch_extra import MISSING
from windvane.names import Scope
from windvane.process.child import Ending, Exit
from windvane.testing.store_laws.place import SPEC
from windvane.work.jobs import trials
from windvane.work.workers.verdict import Case, StepCase, judge

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


def task(kind):
    return Task(
        id=1, job_arn=JOB.arn, kind=kind, key="k", payload={}, created=NOW, started=NOW, attempts=3
    )


@pytest.mark.parametrize("kind", [kind for kind in TaskKind if kind is not TaskKind.STEP])
@pytest.mark.parametrize("ending", [Ending.KILLED_TIME, Ending.KILLED_MEMORY])
def test_what_the_limits_ended_is_told_whole(kind, ending):
    text = {
        Ending.KILLED_TIME: "It was ended because its time was over.",
        Ending.KILLED_MEMORY: "It was ended because it needed more memory than it was given.",
    }[ending]
    case = Case(JOB, task(kind), NOW + timedelta(seconds=600), stopped=False, memory_mb=100)
    verdict = judge(case, Exit(ending, text), 3)
    assert discreet(verdict.error) == verdict.error


def test_what_the_limit_of_a_step_job_ended_is_told_whole():
    case = StepCase(task(TaskKind.STEP), stopped=False, memory_mb=100, max_runtime_s=60)
    verdict = judge(case, Exit(Ending.KILLED_TIME, ""), 3)
    assert discreet(verdict.error) == verdict.error != ""


@pytest.mark.parametrize(
    "reason",
    [
        "Stopped early: on the 1200 rows of 2 of 5 folds its MSE was 12,345, clearly worse than the 1e-05 of candidate 1.",
        "Stopped early: on the 90 rows of 1 of 3 folds its R2 was -0.125, clearly worse than the 0.5 of candidate 12.",
        f"Training needs {MISSING}",
    ],
)
def test_a_candidate_that_was_given_up_says_why(reason):
    assert discreet(reason) == reason


def test_a_crash_is_told_by_its_signal_or_its_type():
    case = Case(JOB, task(TaskKind.TRAIN), NOW, stopped=False, memory_mb=100)
    killed = judge(case, Exit(Ending.KILLED, "The process was ended by SIGSEGV."), 3)
    assert discreet(killed.error) == killed.error
    broken = Exit(Ending.FAILED, "ValueError: could not convert 'canary'", ("ValueError",))
    told = discreet(judge(case, broken, 3).error)
    assert told == "An internal error ended it (ValueError); the server's log says where."


def test_the_end_of_the_search_is_told_whole():
    assert discreet(trials._SEARCH_ENDED) == trials._SEARCH_ENDED


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("", ""),
        ("The column 'age' has the value 'canary' in row 3.", WITHHELD),
        (
            "The explainability report is missing: there was not enough time for it.",
            "The explainability report is missing: there was not enough time for it.",
        ),
        ("The ensemble: canary", f"The ensemble: {WITHHELD}"),
        (
            "xgboost could not be trained on these rows: canary",
            f"xgboost could not be trained on these rows: {WITHHELD}",
        ),
        (
            "Candidate job-001 (mlp): Its feature recipe (dpp0) could not be fitted: canary",
            f"Candidate job-001 (mlp): Its feature recipe (dpp0) could not be fitted: {WITHHELD}",
        ),
        (
            "An internal error ended the job: KeyError('canary')",
            "An internal error ended the job (KeyError); the server's log says where.",
        ),
        ("An internal error ended it: canary 4711", WITHHELD),
        (
            (
                "The training data have 12 rows with a value in the target column 'canary' "
                "(3 rows without one were left out). At least 500 are needed."
            ),
            (
                "The training data have 12 rows with a value in the target column; at least 500 are needed. "
                "The job's Describe operation says more."
            ),
        ),
        (
            "The target column 'canary' is not in the data. The columns are: 'canary'.",
            "The target column is not in the data. The job's Describe operation says more.",
        ),
        (
            (
                "s3://b/canary.csv, line 7: the row has 3 fields instead of 2, the number of columns in the header. "
                "Quote fields that contain the delimiter ','."
            ),
            "A file has a row of 3 fields instead of 2, in line 7. The job's Describe operation says more.",
        ),
    ],
)
def test_a_reason_is_told_as_far_as_it_is_known(reason, told):
    assert discreet(reason) == told


@given(st.text(min_size=1), st.sampled_from(["", "The ensemble: "]))
def test_no_text_of_somebody_elses_gets_through(text, before):
    canary = f"canary{text}"
    assert "canary" not in discreet(f"{before}{canary} has a value")


def test_common_faults_of_data_are_told_in_other_words(tmp_path):
    """As the engine words them today."""
    from windvane.domain.problem import ProblemSpec
    from windvane.engine.data.analysis import ReadOptions, SourceFile
    from windvane.engine.stages import analyse
    from windvane.errors import DataFault

    rows = [f"{i},canary{i % 2}" for i in range(600)]
    tables = {
        "is not in the data": ("z", "a,y", rows),
        "at least 500": ("y", "a,y", rows[:20]),
        "is constant": ("y", "a,y", [f"{i},canary" for i in range(600)]),
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
        told[name] = discreet(str(caught.value))
    assert not [text for text in told.values() if "canary" in text or text == WITHHELD]
    assert all(name in text for name, text in told.items())
