"""Notes as sentences for whoever asks for the thing itself: in responses of operations, in the library and its commands, in
reports. They quote data where that helps."""

from __future__ import annotations

from collections.abc import Iterable

from windvane.notes.codes import DataValue, NoEnsemble, NoteCode, ProcessEnd
from windvane.notes.note import Note
from windvane.notes.wordings import Facts, Wordings, worded
from windvane.titles import candidate_title
from windvane.wording import milliseconds, number

_C = NoteCode

_TASKS = {
    "analyze": "The data could not be read and analysed",
    "split": "The split data could not be written",
    "baseline": "Not even a baseline could be trained",
    "explore": "The data could not be explored",
    "explain": "The report could not be generated",
    "insights": "The report could not be generated",
}

_REMEDIES = dict.fromkeys(
    ("explain", "insights"), "It can still be generated, on the page of the candidate."
)
"""What to do about a task for which a job had no time, where it is not a longer time limit."""

_MODELS = {"network": "The network", "linear": "The linear model"}


def sentence(note: Note) -> str:
    """Return what happened, in words."""
    facts: dict[str, object] = {
        name: fact.text if isinstance(fact, DataValue) else fact
        for name, fact in note.facts.items()
    }
    facts["because"] = reason(note.because)
    return worded(SENTENCES[note.code], facts)


def reason(note: Note | None) -> str:
    """Return why something failed, in words; "" if it did not."""
    return "" if note is None else sentence(note)


def sentences(notes: Iterable[Note]) -> tuple[str, ...]:
    """Return each note in words."""
    return tuple(sentence(note) for note in notes)


def called(facts: Facts) -> str:
    """Return what people call a candidate, with the name that the API knows beside it; notes of earlier versions have that alone."""
    algorithm, index = facts.get("algorithm"), facts.get("index")
    if algorithm is None or index is None:
        return f"Candidate {facts['candidate']}"
    return f"{candidate_title(algorithm, index)} ({facts['candidate']})"


def _signalled(facts: Facts) -> str:
    is_of_memory = facts["signal"] == "SIGKILL"
    hint = ", perhaps because the machine ran out of memory" if is_of_memory else ""
    return f"The process was killed by {facts['signal']}{hint}."


def _job_limit(facts: Facts) -> str:
    return (
        f"{_TASKS.get(facts['task'], 'It did not finish')} within the job's time limit ({facts['limit_s']} s){_spent(facts)}. "
        f"{_REMEDIES.get(facts['task'], 'Give the job a longer time limit, or fewer rows.')}"
    )


def _spent(facts: Facts) -> str:
    """Return what took the time before: seconds are whole ones, and less than one is none."""
    waited_s, analysis_s = (
        round(facts.get("waited_s") or 0.0),
        round(facts.get("analysis_s") or 0.0),
    )
    told = f", of which the data waited {waited_s} s for a free worker" if waited_s else ""
    return told + (
        f", of which reading and analysing the data took {analysis_s} s" if analysis_s else ""
    )


def _no_time(facts: Facts) -> str:
    analysis_s = round(facts.get("analysis_s") or 0.0)
    why = f": reading and analysing the data had taken {analysis_s} s" if analysis_s else ""
    return f"there was not enough time left{why}."


def _no_result(facts: Facts) -> str:
    if "text" in facts:
        return f"The task ended with an invalid result: {facts['text']}."
    return "The task ended with an invalid result."


def _no_model(facts: Facts) -> str:
    told = "No candidate finished, and neither did the baseline"
    return f"{told}: {facts['because']}" if facts["because"] else f"{told}."


def _outclassed(facts: Facts) -> str:
    return (
        f"Stopped early, because it was clearly worse than candidate {facts['rival']}: after {facts['n_folds']} of "
        f"{facts['of_folds']} folds ({facts['n_rows']} rows), its {facts['metric']} was {number(facts['value'])}, that of "
        f"candidate {facts['rival']} {number(facts['rival_value'])}."
    )


def _not_converged(facts: Facts) -> str:
    return f"{_MODELS.get(facts['model'], 'The model')} did not converge to finite weights on these rows."


def _too_few_rows(facts: Facts) -> str:
    n_invalid = facts["n_invalid"]
    dropped = f" ({n_invalid} other rows have none)" if n_invalid else ""
    return (
        f"The training data have {facts['n_rows']} rows with a valid value in the target column '{facts['column']}'{dropped}. "
        f"At least {facts['least_rows']} are needed."
    )


def _column_missing(facts: Facts) -> str:
    near = facts.get("near")
    hint = f" Did you mean '{near}'?" if near else ""
    return f"The {facts['role']} column '{facts['column']}' is not in the data.{hint} The columns are: {facts['columns']}."


def _class_of_one_row(facts: Facts) -> str:
    hint = " If the target is a quantity, set ProblemType to Regression."
    return (
        f"The class '{facts['label']}' of the target column '{facts['column']}' has a single row; a class needs at least two, "
        f"one for training and one for validation. Add rows of this class, or remove it.{hint if facts['is_numeric'] else ''}"
    )


def _process_ended(facts: Facts) -> str:
    last = facts.get("last_line")
    return f"The model process {_how(facts)}." + (f" Last line of its log: {last}" if last else "")


def _no_ensemble(facts: Facts) -> str:
    return f"There is no ensemble: {_NO_ENSEMBLE[NoEnsemble(facts['obstacle'])]}"


_NO_ENSEMBLE = {
    NoEnsemble.MODE: (
        "in the mode HYPERPARAMETER_TUNING, which AUTO becomes for large data, single candidates are tuned. Choose the mode "
        "ENSEMBLING to get one."
    ),
    NoEnsemble.MAX_CANDIDATES: "MaxCandidates of the job is too small for one; at least 3 are needed.",
    NoEnsemble.TOO_FEW: "fewer than two candidates finished.",
    NoEnsemble.NO_GAIN: (
        "no weighted average of the candidates scored better than the best of them alone, so the job kept the simpler model."
    ),
    NoEnsemble.TIME: "no time was left to build one. Give the job a longer time limit.",
}


def _how(facts: Facts) -> str:
    match ProcessEnd(facts["end"]):
        case ProcessEnd.EXITED:
            return f"exited with code {facts['number']}"
        case ProcessEnd.KILLED:
            return f"was killed by signal {facts['number']}"
        case ProcessEnd.OVER_MEMORY:
            return "exceeded its memory limit"
        case ProcessEnd.SILENT:
            return "did not respond to a request in time"
        case ProcessEnd.NOT_READY:
            return f"was not ready within {facts['seconds']:g} seconds"
        case ProcessEnd.NOT_STARTED:
            error = facts.get("error")
            return f"could not be started: {error}" if error else "could not be started"


def _cut_short(facts: Facts) -> str:
    return f"training was cut short in fold {', '.join(facts['folds'])} (time limit)"


def _learning_curve(facts: Facts) -> str:
    told = "more rows helped, but there was no time for still more"
    if not facts["is_rising"]:
        told = "more rows did not help"
    points = ", ".join(
        f"{number(float(score))} with {int(n_rows):,}"
        for n_rows, score in zip(facts["rows"], facts["scores"], strict=True)
    )
    return f"{told}: {facts['metric']} of the held-out rows {points} rows"


def _rows_split(facts: Facts) -> str:
    return f"validation rows: {facts.get('how') or 'split by ' + facts['kind']}"


def _winners_curse(facts: Facts) -> str:
    by = number(float(f"{facts['by']:.2g}"))
    return (
        f"selected as the best of {facts['n_candidates']} candidates: expect a score worse by about {by} on new data "
        "(winner's curse)"
    )


def _stacked(facts: Facts) -> str:
    return (
        f"stacked: a second layer over the members' predictions improves {facts['metric']} from "
        f"{number(facts['before'])} to {number(facts['after'])} on out-of-fold rows"
    )


def _fastest(facts: Facts) -> str:
    return (
        f"no candidate predicts a row within the requested {1000 * facts['limit_s']:g} ms; this is the fastest, with "
        f"{milliseconds(facts['latency_s'])}"
    )


_OF_PROCESSES: Wordings = {
    _C.SAID: "{text}",
    _C.RAISED: "{error}: {text}",
    _C.TIME_OVER: "It was stopped because it reached its time limit.",
    _C.MEMORY_OVER: "It was stopped because it exceeded its memory limit.",
    _C.TOLD_TO_STOP: "It was stopped on request.",
    _C.SIGNALLED: _signalled,
    _C.EXITED: "The process ended with exit code {exit_code} before its work was done.",
    _C.REPORT_UNREADABLE: "The process exited, and its report cannot be read.",
    _C.RAN_OUT_OF_MEMORY: "It ran out of memory.",
    _C.CALLBACKS_FORBIDDEN: (
        "This system forbids memory that is written and executed, so that libraries of models cannot call back into Python. "
        "Allow it to the server: no MemoryDenyWriteExecute= in a unit of systemd, and no policy that does the same."
    ),
    _C.PROCESS_LOST: "The process of the task was lost: {text}",
    _C.STARTER_ENDED: "It was stopped because the process that started it had ended.",
}

_OF_TASKS: Wordings = {
    _C.CANDIDATE_LIMIT: "It did not finish within MaxRuntimePerTrainingJobInSeconds ({limit_s} s).",
    _C.STEP_LIMIT: "It did not finish within MaxRuntimeInSeconds ({limit_s} s).",
    _C.JOB_LIMIT: _job_limit,
    _C.MEMORY_LIMIT: (
        "It needed more than the {memory_mb} MiB of memory that a task may use on this server (configuration, section "
        "[work], memory_mb)."
    ),
    _C.INTERNAL_ERROR: "It failed because of an internal error: {because}",
    _C.ATTEMPTS_USED: (
        "It was tried {attempts} times; each time the worker died or stopped responding before it was done. The last worker "
        "was '{worker}'."
    ),
    _C.LOST_TOO_OFTEN: (
        "It was started {losses} times; each time the machine it ran on, or what ran it there, was gone before it was done."
    ),
    _C.NO_RESULT: _no_result,
    _C.CANNOT_BEGIN: "It cannot be started: {because}",
    _C.VOLUME_UNUSABLE: "The volume cannot be used: {because}",
}

_OF_JOBS: Wordings = {
    _C.JOB_BROKEN: "The job failed because of an internal error: {because}",
    _C.VOLUME_LOST: (
        "The encrypted volume of the AutoML job {job} was lost when the server's machine restarted, because it is kept in "
        "memory. The files that the job had written to S3 still exist. Create the job again."
    ),
    _C.NOT_READ_IN_TIME: (
        "The job's time limit of {limit_s} s was reached before its data were read, because the server was down or busy. "
        "Create the job again."
    ),
    _C.ANALYSIS_CANCELLED: "The data analysis was cancelled.",
    _C.NO_DEFINITIONS: (
        "The candidate definitions, the only output of this job, are missing: {because}"
    ),
    _C.NOT_ENOUGH_TIME: (
        "The job's time limit of {limit_s} s was too short. Give the job a longer one."
    ),
    _C.NO_MODEL: _no_model,
    _C.NOT_PACKABLE: "The best candidate ({index}) could not be packaged. {because}",
}

_OF_PARTS: Wordings = {
    _C.CANDIDATE_FAILED: lambda facts: f"{called(facts)}: {facts['because']}",
    _C.ENSEMBLE_FAILED: "The ensemble: {because}",
    _C.BASELINE_FAILED: "The baseline: {because}",
    _C.BASELINE_ONLY: (
        "No candidate finished; the model is a baseline that predicts the same for every row."
    ),
    _C.FLOOR_ONLY: (
        "No other model finished; the forecast repeats the last season of each series (seasonal naive)."
    ),
    _C.EXPLAINABILITY_MISSING: "The explainability report is missing: {because}",
    _C.INSIGHTS_MISSING: "The model insights report is missing: {because}",
    _C.NOTEBOOKS_MISSING: (
        "The data exploration and candidate definition notebooks are missing: {because}"
    ),
    _C.EXPLORATION_MISSING: "The data exploration notebook is missing: {because}",
    _C.DEFINITIONS_MISSING: "The candidate definition notebook is missing: {because}",
    _C.SPLITS_MISSING: "The data splits are missing: {because}",
    _C.TRANSFORMED_MISSING: "Transformed data are missing: {because}",
    _C.NOT_PACKED: "The best candidate could not be packaged again, so its earlier package is used: {because}",
    _C.MODELS_NOT_DELETED: "Models of discarded candidates could not be deleted: {because}",
    _C.NOT_DEPLOYED: "The model could not be deployed to the endpoint {endpoint}: {because}",
    _C.NO_TIME: _no_time,
    _C.NO_TIME_TO_PACK: "there was no time left.",
    _C.NO_ENSEMBLE: _no_ensemble,
    _C.ENDPOINT_DELETED: "the endpoint was deleted before it was in service.",
    _C.ENDPOINT_LATE: "the endpoint was not in service when the job's time limit of {limit_s} s was reached.",
}

_OF_CANDIDATES: Wordings = {
    _C.SEARCH_ENDED: "Stopped before it finished because the search ended.",
    _C.OUTCLASSED: _outclassed,
    _C.FOLDS_MISSING: (
        "The remaining time was sufficient for only {n_folds} of the {least_folds} folds on which the candidates of this job "
        "are compared."
    ),
    _C.TOO_LARGE: (
        "Not started: with {n_rows} rows and {n_columns} columns, the algorithm {algorithm} would need about "
        "{needed_mb:.0f} MiB of memory; a candidate may use {memory_mb:.0f} MiB."
    ),
    _C.NOT_CONVERGED: _not_converged,
    _C.NOT_TRAINABLE: "{algorithm} could not be trained on these rows: {because}",
    _C.TRAINING_OUT_OF_MEMORY: "{algorithm} ran out of memory: {because}",
    _C.EXTRA_MISSING: (
        "Training needs the extra '{extra}', which is not installed: pip install 'windvane[{extra}]'."
    ),
    _C.RECIPE_FAILED: "Its feature recipe ({recipe}) could not be fitted: {because}",
}

_OF_DATA: Wordings = {
    _C.TOO_FEW_ROWS: _too_few_rows,
    _C.COLUMN_MISSING: _column_missing,
    _C.TARGET_CONSTANT: (
        "The target column '{column}' has only one value: '{value}' (rows with a value: {n_rows}). At least two different "
        "values are needed."
    ),
    _C.TARGET_EMPTY: (
        "The target column '{column}' is empty in all {n_rows} rows. Fill in its values, or choose another target column."
    ),
    _C.CLASS_OF_ONE_ROW: _class_of_one_row,
    _C.RAGGED_ROW: (
        "{file}, line {line}: the row has {n_fields} fields instead of {n_columns}, the number of columns in the header. "
        "Quote fields that contain the delimiter '{delimiter}'."
    ),
    _C.FILE_UNREADABLE: "{file} cannot be read as {format}: {why}",
    _C.FILE_EMPTY: "{file} is empty.",
}

_OF_TRAINING: Wordings = {
    _C.SCORED_ON_FOLDS: "scored on {n_folds} of {of_folds} folds (time limit)",
    _C.SCORED_ON_REPEATS: "scored on {n_repeats} repeats of {n_folds}-fold cross-validation",
    _C.TRAINED_ON_SAMPLE: "trained on a random sample of {n_rows:,} rows",
    _C.TRAINED_ON_NODES: "trained data-parallel on {n_nodes} nodes",
    _C.LEARNING_CURVE: _learning_curve,
    _C.CUT_SHORT: _cut_short,
    _C.NOT_REFITTED: "not trained again on all rows: this is the model of the first fold",
    _C.REFITTED_ON_ROWS: "the final model was trained on {n_rows} of {of_rows} rows (time limit)",
    _C.REFITTED_FOR_ROUNDS: "the refit stopped after {n_rounds} of {of_rounds} rounds (time limit)",
    _C.CROSS_FITTED: "cross-fitted: every row is scored with ensemble weights that were fitted without it",
    _C.ROWS_SPLIT: _rows_split,
    _C.WEIGHTS_TUNED: "the score is slightly optimistic: the weights were tuned on the validation rows",
    _C.WEIGHTS_GIVEN: "the weights of its members were given in the request",
    _C.LATENCY_ADDED: "latency is the sum of the members' latencies",
    _C.CLASSES_REWEIGHTED: (
        "class probabilities are reweighted to optimise {metric} before the class is chosen"
    ),
    _C.WINNERS_CURSE: _winners_curse,
    _C.STACKED: _stacked,
    _C.STACKED_AGAIN: "its second layer was trained again on the members' predictions",
    _C.NOT_STACKED: "no second stacking layer: {because}",
    _C.FASTEST_CHOSEN: _fastest,
}

_OF_ENDPOINTS: Wordings = {
    _C.VARIANT_NOT_STARTED: "Production variant {variant} could not be started: {because}",
    _C.MODEL_NOT_FETCHED: "its model data could not be fetched ({because}).",
    _C.NO_SERVER_HAS_ROOM: (
        "no server has {memory_mb} MiB of memory left for an instance. Start another server, or raise [serving] host_memory_mb."
    ),
    _C.PROCESS_ENDED: _process_ended,
}

SENTENCES: Wordings = {
    **_OF_PROCESSES,
    **_OF_TASKS,
    **_OF_JOBS,
    **_OF_PARTS,
    **_OF_CANDIDATES,
    **_OF_DATA,
    **_OF_TRAINING,
    **_OF_ENDPOINTS,
}
"""Reasons for failures and remarks on results. What only logs say is in notes/log.py."""
