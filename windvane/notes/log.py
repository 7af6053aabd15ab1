"""Notes as lines of logs and as reasons in events: without any value of anybody's data.

What a fact says is told unless it is marked as data (`DataValue`). A sentence that cannot be made without data has other words
here, or is withheld.
"""

from __future__ import annotations

from typing import Any

from windvane.notes.codes import DataValue, NoteCode
from windvane.notes.note import Note
from windvane.notes.sentences import SENTENCES, called
from windvane.notes.wordings import Facts, Wordings, worded
from windvane.wording import with_error

WITHHELD = (
    "The reason is not logged because it may contain data; the job's Describe operation gives it."
)
DESCRIBED = "The job's Describe operation gives details."
"""Stands behind a reason that is told without its data."""

_C = NoteCode

_PHASES = {
    "FeatureEngineering": "Feature engineering: fitting the feature recipes that candidates share.",
    "ModelTuning": "Model tuning: training and scoring candidates.",
    "TrainingModels": "Training models: training and scoring candidates.",
    "GeneratingExplainabilityReport": "Generating the explainability report of the best candidate.",
    "GeneratingModelInsightsReport": "Generating the model insights report of the best candidate.",
}

PHASES = frozenset(_PHASES)
"""Secondary statuses whose beginning is noted."""

_FIGURES = {
    "weight": "weight",
    "instances": "instances",
    "max_concurrency": "maximum concurrent requests",
    "provisioned": "provisioned processes",
}

_ENDS = {"Failed": "failed", "Stopped": "was stopped"}


def in_log(note: Note | None) -> str:
    """Return a note as it may stand in a log or an event; "" for none."""
    if note is None:
        return ""
    facts = _Told(
        {name: fact for name, fact in note.facts.items() if not isinstance(fact, DataValue)}
    )
    facts["because"] = in_log(note.because)
    try:
        return worded(_WORDINGS[note.code], facts)
    except _NotTold:
        return WITHHELD


class _NotTold(Exception):
    """A sentence needs a fact that is data."""


class _Told(dict[str, Any]):
    """The facts that may be told."""

    def __missing__(self, name: str) -> str:
        raise _NotTold(name)


def _title(facts: Facts) -> str:
    recipe, n_members = facts.get("recipe"), facts.get("n_members")
    made_of = f", with feature recipe {recipe}," if recipe else ""
    if n_members:
        made_of = f", of {n_members} candidates,"
    return f"{called(facts)}{made_of}"


def _report_written(facts: Facts) -> str:
    return f"{called(facts)}: {facts['report']} report written to {facts['uri']}."


def _scored(facts: Facts) -> str:
    score = with_error(facts["value"], facts.get("standard_error"))
    return f"{facts['metric']} = {score.replace(',', '')}"


def _candidate_scored(facts: Facts) -> str:
    score = _scored(facts) if "metric" in facts else ""
    n_folds = facts.get("n_folds")
    folds = f" on {n_folds} {'fold' if n_folds == 1 else 'folds'}" if n_folds else ""
    windows = f" on {facts['n_windows']} backtest windows" if "n_windows" in facts else ""
    took = f" in {facts['took_s']:.1f} s" if "took_s" in facts else ""
    return f"{_title(facts)} scored {score}{folds}{windows}{took}."


def _candidate_ended(facts: Facts) -> str:
    return f"{_title(facts)} {_ENDS[facts['status']]}. {facts['because']}".rstrip()


def _table_found(facts: Facts) -> str:
    types = ", ".join(f"{n} {kind}" for kind, n in facts["types"].items())
    told = f" (excluding the target: {types})" if types else ""
    return f"Found {facts['n_rows']} rows and {facts['n_columns']} columns{told}."


def _series_found(facts: Facts) -> str:
    findings = f"; {n} findings" if (n := facts["n_findings"]) else ""
    return (
        f"Found {facts['n_series']} series of {facts['n_values']} steps together; frequency: {facts['frequency']}"
        f"{findings}."
    )


def _problem_resolved(facts: Facts) -> str:
    goal = "lower is better" if facts["is_minimized"] else "higher is better"
    return f"Problem type: {facts['problem_type']}; objective: {facts['objective']} ({goal})."


def _rows_split(facts: Facts) -> str:
    if facts["kind"] == "time":
        return "Validation: rows in the order of a time column, scored by models of earlier rows."
    return "Validation: whole groups of a group column, scored by models of other groups."


def _search_over(facts: Facts) -> str:
    counts = ", ".join(f"{n} {status.lower()}" for status, n in facts["counts"].items())
    return f"Search ended: {facts['why']} ({counts or 'no candidates'})."


def _job_ended(facts: Facts) -> str:
    status, secondary = facts["status"], facts["secondary"]
    how = f"{status} ({secondary})" if secondary != status else status
    told = f"The AutoML job {facts['job']} is {how} after {facts['took_s']:.1f} s."
    return f"{told} {facts['because']}".rstrip()


def _kind(facts: Facts) -> str:
    return str(facts["kind"]).replace("-", " ")


def _stop_asked(facts: Facts) -> str:
    kind = "AutoML job" if facts["kind"] == "automl-job" else _kind(facts)
    return f"A stop of the {kind} {facts['job']} was requested."


def _step_started(facts: Facts) -> str:
    by = facts.get("algorithm", "")
    told = f"the model {facts['model']}" if "model" in facts else by
    return f"The {_kind(facts)} {facts['job']} started{f', with {told}' if told else ''}."


def _step_ended(facts: Facts) -> str:
    took = f" after {facts['took_s']:.1f} s" if "took_s" in facts else ""
    told = f"The {_kind(facts)} {facts['job']} is {facts['status']}{took}."
    return f"{told} {facts['because']}".rstrip()


def _table_read(facts: Facts) -> str:
    held_out = f" ({facts['n_held_out']} held out)" if facts["n_held_out"] else ""
    return (
        f"The table has {facts['n_rows']} rows{held_out} and {facts['n_features']} feature columns."
    )


def _rows_written(facts: Facts) -> str:
    return f"Rows written: {', '.join(f'{n} of {part}' for part, n in facts['rows'].items())}."


def _rescaled(facts: Facts) -> str:
    before, after = facts["before"], facts["after"]
    told = (f"{_FIGURES[one]} {before[one]:g} becomes {after[one]:g}" for one in before)
    return f"Variant {facts['variant']}: {', '.join(told)}."


def _endpoint_is(facts: Facts) -> str:
    told = f"The endpoint {facts['endpoint']} is {facts['status']}."
    return f"{told} {facts['because']}".rstrip()


def _stopping(facts: Facts) -> str:
    asked = f": no requests for {facts['idle_s']:g} s" if "idle_s" in facts else ""
    return f"The model process is being stopped{asked}; it finishes its current requests."


_WITHOUT_DATA: Wordings = {
    _C.RAISED: "{error}; the server's log says where.",
    _C.TOO_FEW_ROWS: (
        "The training data have {n_rows} rows with a valid value in the target column; at least {least_rows} are needed. "
        + DESCRIBED
    ),
    _C.COLUMN_MISSING: f"The {{role}} column is not in the data. {DESCRIBED}",
    _C.TARGET_CONSTANT: f"The target column has only one value. {DESCRIBED}",
    _C.TARGET_EMPTY: f"The target column is empty in all {{n_rows}} rows. {DESCRIBED}",
    _C.CLASS_OF_ONE_ROW: f"A class of the target column has a single row. {DESCRIBED}",
    _C.RAGGED_ROW: f"A file has a row of {{n_fields}} fields instead of {{n_columns}}, in line {{line}}. {DESCRIBED}",
    _C.FILE_UNREADABLE: f"A file cannot be read as {{format}}. {DESCRIBED}",
    _C.FILE_EMPTY: f"The file is empty. {DESCRIBED}",
    _C.MODEL_NOT_FETCHED: "its model data could not be fetched.",
}
"""In place of sentences that quote data."""

_OF_JOBS: Wordings = {
    _C.JOB_STARTED: (
        "The AutoML job {job} started: at most {max_candidates} candidates in {max_runtime_s} s."
    ),
    _C.READING_DATA: "Reading {uri}; target column: {target!r}.",
    _C.WAIT_GIVEN_BACK: (
        "The data waited for a process to read them, because the server had just started or is busy: the job has "
        "{seconds:.0f} s more."
    ),
    _C.VALIDATION_DATA: "Validation data: {uri} (used for scoring, never for training).",
    _C.HOLD_OUT: "Hold-out: a fraction of {share} of the rows (used for scoring, never for training).",
    _C.SAMPLE_WEIGHTS: (
        "Sample weights: taken from a column of the data, which is not used as a feature."
    ),
    _C.FEATURES_SPECIFIED: "Features, their types or the split of the rows are specified in {uri}.",
    _C.ALGORITHMS_ASKED: lambda facts: f"Algorithms to try: {', '.join(facts['algorithms'])}.",
    _C.TABLE_FOUND: _table_found,
    _C.SERIES_FOUND: _series_found,
    _C.MODE_RESOLVED: "Mode: {mode}, which AUTO chose for the size of the training data ({n_bytes} bytes).",
    _C.PROBLEM_RESOLVED: _problem_resolved,
    _C.ROWS_SPLIT: _rows_split,
    _C.CANDIDATE_QUEUED: lambda facts: f"{_title(facts)} is queued.",
    _C.CANDIDATE_SCORED: _candidate_scored,
    _C.CANDIDATE_ENDED: _candidate_ended,
    _C.REPORT_WRITTEN: _report_written,
    _C.BEST_CANDIDATE: lambda facts: f"New best candidate: {called(facts)}.",
    _C.SEARCH_OVER: _search_over,
    _C.PHASE_BEGUN: lambda facts: _PHASES[facts["phase"]],
    _C.DEPLOYING: "Deploying the best candidate to the endpoint {endpoint}.",
    _C.DEPLOYED: "The endpoint {endpoint} is in service.",
    _C.STOP_ASKED: _stop_asked,
    _C.JOB_ENDED: _job_ended,
    _C.MLFLOW_LOGGED: "The job is logged to MLflow: run {run} of the experiment {experiment!r}.",
    _C.MLFLOW_WAITS: "The job is not logged to MLflow yet: {why}. It is tried again.",
    _C.MLFLOW_NOT_LOGGED: "The job is not logged to MLflow: {why}.",
    _C.LINES_MISSING: "Log lines are missing here; see the server's log for the reason.",
    _C.STEP_STARTED: _step_started,
    _C.STEP_ENDED: _step_ended,
    _C.STEP_METRIC: lambda facts: f"{facts['split'].lower()}:{_scored(facts)}",
    _C.TABLE_READ: _table_read,
    _C.OBJECTS_TRANSFORMED: "Transformed objects: {n_objects}.",
    _C.ROWS_WRITTEN: _rows_written,
}

_OF_ENDPOINTS: Wordings = {
    _C.ENDPOINT_UPDATING: "Updating to the endpoint configuration {config}.",
    _C.VARIANT_RESCALED: _rescaled,
    _C.ENDPOINT_IS: _endpoint_is,
    _C.PROCESS_STARTING: "Starting a model process.",
    _C.PROCESS_ADDED: "Requests are queued: starting one more process.",
    _C.PROCESS_READY: "The model process is ready.",
    _C.PROCESS_STOPPING: _stopping,
}

_WORDINGS: Wordings = {**SENTENCES, **_WITHOUT_DATA, **_OF_JOBS, **_OF_ENDPOINTS}
