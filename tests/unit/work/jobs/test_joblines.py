from dataclasses import replace

from unit.work.world import START, World, make_job

from windvane.domain.candidate import TrainingJob
from windvane.domain.datasource import DataSource
from windvane.domain.deployment import EndpointStatus
from windvane.domain.jobspec import Channel, DataSpec, Purpose, SearchSpec, TabularProblem
from windvane.domain.problem import Mode
from windvane.domain.task import TaskKind, TaskStatus
from windvane.notes.codes import NoteCode
from windvane.notes.log import in_log
from windvane.notes.note import Note, said
from windvane.work.jobs.joblines import notes
from windvane.work.jobs.steplines import as_lines, step_notes


class Told(World):
    """Keeps what is told of each step the world takes."""

    def advance(self):
        if not hasattr(self, "told"):
            self.told = []
        before = self.state
        super().advance()
        self.told += [in_log(note) for note in notes(before, self.state)]
        assert list(notes(self.state, self.state)) == []


def told_of(notes_of_a_step):
    return [in_log(note) for note in notes_of_a_step]


def whole_job(**changes):
    world = Told(make_job(max_candidates=3, **changes))
    world.search([0.7, 0.8])
    world.do(TaskKind.ENSEMBLE, score=0.9)
    world.report()
    return world


def test_the_log_of_a_job_tells_its_story():
    told = whole_job().told
    assert told[0] == "The AutoML job churn-model started: at most 3 candidates in 600 s."
    assert told[1] == "Reading s3://bucket/train; target column: 'y'."
    assert "Problem type: BinaryClassification; objective: F1 (higher is better)." in told
    assert "Search ended: MaxCandidatesReached (2 completed)." in told
    assert "explainability report written to s3://bucket/explain." in "\n".join(told)
    assert told[-1].startswith("The AutoML job churn-model is Completed (MaxCandidatesReached)")


def test_the_log_calls_candidates_as_people_do_with_their_names_beside():
    world = whole_job()
    told, names = "\n".join(world.told), {one.index: one.name for one in world.candidates}
    first, ensemble = f"LightGBM 1 ({names[1]})", f"Ensemble 3 ({names[3]})"
    assert f"\n{first}, with feature recipe dpp1, is queued." in told
    assert f"\n{first}, with feature recipe dpp1, scored F1 = 0.700 ± 0.010 on 5 folds in" in told
    assert f"\n{ensemble}, of 2 candidates, scored F1 = 0.900 ± 0.010" in told
    assert f"\n{ensemble}: explainability report written to s3://bucket/explain." in told
    assert f"\nNew best candidate: {first}." in told


def test_what_is_given_back_of_a_long_wait_is_told():
    world = Told(make_job(max_runtime_s=20))
    world.wait(17)
    world.claim(TaskKind.ANALYZE)
    assert any(line.endswith("or is busy: the job has 17 s more.") for line in world.told)
    assert not any("waited for a process" in line for line in whole_job().told)


def test_counts_and_types_are_told_where_they_are_known():
    world = Told(make_job())
    task = world.claim(TaskKind.ANALYZE)
    types = {"numeric": 3, "text": 1}
    result = {
        "problem_type": "Regression",
        "objective": "MSE",
        "n_rows": 700,
        "n_columns": 5,
        "column_types": types,
    }
    world._put(replace(task, status=TaskStatus.DONE, ended=world.now, result=result))
    assert "Found 700 rows and 5 columns (excluding the target: 3 numeric, 1 text)." in world.told
    assert "Problem type: Regression; objective: MSE (lower is better)." in world.told


def test_what_was_asked_of_data_and_search_is_told():
    places = ("train", "held-out")
    channels = tuple(
        Channel(source=DataSource(f"s3://bucket/{place}"), purpose=purpose)
        for purpose, place in zip(Purpose, places, strict=True)
    )
    job = make_job()
    spec = replace(
        job.spec,
        data=DataSpec(channels=channels, validation_fraction=0.25),
        problem=TabularProblem(
            target="y", sample_weight="w", feature_specification="s3://bucket/features.json"
        ),
        search=SearchSpec(mode=Mode.AUTO, algorithms=("lightgbm", "nn-torch")),
    )
    world = Told(replace(job, spec=spec))
    world.do(TaskKind.ANALYZE)
    assert world.told[2:7] == [
        "Validation data: s3://bucket/held-out (used for scoring, never for training).",
        "Hold-out: a fraction of 0.25 of the rows (used for scoring, never for training).",
        "Sample weights: taken from a column of the data, which is not used as a feature.",
        "Features, their types or the split of the rows are specified in s3://bucket/features.json.",
        "Algorithms to try: lightgbm, nn-torch.",
    ]
    assert (
        "Mode: ENSEMBLING, which AUTO chose for the size of the training data (0 bytes)."
        in world.told
    )


def test_the_deployment_is_told():
    world = whole_job(deploys=True)
    assert "Deploying the best candidate to the endpoint churn-model-endpoint." in world.told
    world.endpoint_is(EndpointStatus.IN_SERVICE)
    assert "The endpoint churn-model-endpoint is in service." in world.told


def test_a_reason_that_may_quote_data_is_not_repeated():
    world = Told(make_job(max_candidates=3))
    world.do(TaskKind.ANALYZE)
    world.do(TaskKind.FEATURES)
    world.do(TaskKind.FEATURES)
    task = world.claim(TaskKind.TRAIN)
    why = said("The cell 'canary-4711' in row 3 is no number.")
    world._put(replace(task, status=TaskStatus.FAILED, ended=world.now, failure=why))
    story = "\n".join(world.told)
    assert "failed. The reason is not logged" in story
    assert "canary" not in story


def test_a_failed_analysis_is_told_without_the_cell():
    world = Told(make_job())
    task = world.claim(TaskKind.ANALYZE)
    why = said("The target has the value 'canary-4711' once.")
    world._put(replace(task, status=TaskStatus.FAILED, ended=world.now, failure=why))
    assert world.told[-1].startswith("The AutoML job churn-model is Failed after")
    assert "canary" not in "\n".join(world.told)


def test_a_stopped_job_says_so():
    world = Told(make_job())
    world.do(TaskKind.ANALYZE)
    world.stop()
    assert world.told[-1].startswith("The AutoML job churn-model is Stopped after")


def test_the_log_of_a_step_job_has_its_start_its_scores_and_its_end():
    from windvane.domain.candidate import Metric, StepStatus
    from windvane.domain.problem import MetricName

    new = TrainingJob(scope=make_job().scope, name="t", created=START, modified=START, details={})
    begun = replace(new, started=START)
    ended = replace(
        begun,
        ended=START,
        status=StepStatus.COMPLETED,
        metrics=(Metric(MetricName.F1, 0.5, "Validation", 0.1),),
    )
    assert told_of(step_notes(None, new)) == []
    assert told_of(step_notes(new, begun)) == ["The training job t started."]
    assert told_of(step_notes(begun, ended)) == [
        "validation:F1 = 0.50 ± 0.10",
        "The training job t is Completed after 0.0 s.",
    ]
    assert told_of(step_notes(ended, ended)) == []
    transform = replace(begun, details={"ModelName": "churn"})
    assert told_of(step_notes(new, transform)) == [
        "The training job t started, with the model churn."
    ]
    table = {"n_rows": 600, "n_features": 3, "n_held_out": 0}
    done = {"table": table, "objects": 2, "rows": {"train": 480, "validation": 120}}
    assert told_of(step_notes(begun, replace(ended, metrics=()), done)) == [
        "The table has 600 rows and 3 feature columns.",
        "Transformed objects: 2.",
        "Rows written: 480 of train, 120 of validation.",
        "The training job t is Completed after 0.0 s.",
    ]
    table["n_held_out"] = 150
    assert "600 rows (150 held out) and 3" in told_of(step_notes(begun, ended, done))[0]


def test_what_cannot_be_told_is_said_to_be_missing_and_holds_up_nothing(caplog):
    def broken():
        yield Note(NoteCode.PROCESS_READY)
        raise KeyError("two")

    assert [line.note.code for line in as_lines(broken())] == [
        NoteCode.PROCESS_READY,
        NoteCode.LINES_MISSING,
    ]
    assert "KeyError" in caplog.text
