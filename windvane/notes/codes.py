"""Everything that can be noted, and which facts belong to it.

The value of a code stands in databases and saved candidates: it stays once it was released, and so do the names of its
facts. A further fact may be added if it may be absent. A code is worded in notes/sentences.py for whoever asks for the
thing itself, and in notes/log.py for logs and events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import UnionType


@dataclass(frozen=True)
class DataValue:
    """A value of somebody's data, or a text that may quote one: shown to whoever asks for the thing itself, never in logs or
    events."""

    text: str


class NoteCode(StrEnum):
    """What happened."""

    SAID = "said"
    RAISED = "raised"

    # how processes end
    TIME_OVER = "time-over"
    MEMORY_OVER = "memory-over"
    TOLD_TO_STOP = "told-to-stop"
    SIGNALLED = "signalled"
    EXITED = "exited"
    REPORT_UNREADABLE = "report-unreadable"
    RAN_OUT_OF_MEMORY = "ran-out-of-memory"
    PROCESS_LOST = "process-lost"
    STARTER_ENDED = "starter-ended"

    # how tasks end
    CANDIDATE_LIMIT = "candidate-limit"
    STEP_LIMIT = "step-limit"
    JOB_LIMIT = "job-limit"
    MEMORY_LIMIT = "memory-limit"
    INTERNAL_ERROR = "internal-error"
    ATTEMPTS_USED = "attempts-used"
    NO_RESULT = "no-result"
    CANNOT_BEGIN = "cannot-begin"
    VOLUME_UNUSABLE = "volume-unusable"

    # how jobs end
    JOB_BROKEN = "job-broken"
    VOLUME_LOST = "volume-lost"
    NOT_READ_IN_TIME = "not-read-in-time"
    ANALYSIS_CANCELLED = "analysis-cancelled"
    NO_DEFINITIONS = "no-definitions"
    NOT_ENOUGH_TIME = "not-enough-time"
    NO_MODEL = "no-model"
    NOT_PACKABLE = "not-packable"

    # what a job lacks though it goes on
    CANDIDATE_FAILED = "candidate-failed"
    ENSEMBLE_FAILED = "ensemble-failed"
    BASELINE_FAILED = "baseline-failed"
    BASELINE_ONLY = "baseline-only"
    EXPLAINABILITY_MISSING = "explainability-missing"
    INSIGHTS_MISSING = "insights-missing"
    NOTEBOOKS_MISSING = "notebooks-missing"
    EXPLORATION_MISSING = "exploration-missing"
    DEFINITIONS_MISSING = "definitions-missing"
    SPLITS_MISSING = "splits-missing"
    TRANSFORMED_MISSING = "transformed-missing"
    NOT_PACKED = "not-packed"
    MODELS_NOT_DELETED = "models-not-deleted"
    NOT_DEPLOYED = "not-deployed"
    NO_TIME = "no-time"
    NO_TIME_TO_PACK = "no-time-to-pack"
    ENDPOINT_DELETED = "endpoint-deleted"
    ENDPOINT_LATE = "endpoint-late"

    # why candidates fail or are given up
    SEARCH_ENDED = "search-ended"
    OUTCLASSED = "outclassed"
    FOLDS_MISSING = "folds-missing"
    TOO_LARGE = "too-large"
    NOT_CONVERGED = "not-converged"
    NOT_TRAINABLE = "not-trainable"
    TRAINING_OUT_OF_MEMORY = "training-out-of-memory"
    EXTRA_MISSING = "extra-missing"
    RECIPE_FAILED = "recipe-failed"

    # faults of data
    TOO_FEW_ROWS = "too-few-rows"
    COLUMN_MISSING = "column-missing"
    TARGET_CONSTANT = "target-constant"
    TARGET_EMPTY = "target-empty"
    CLASS_OF_ONE_ROW = "class-of-one-row"
    RAGGED_ROW = "ragged-row"
    FILE_UNREADABLE = "file-unreadable"
    FILE_EMPTY = "file-empty"

    # what is worth knowing of a candidate
    SCORED_ON_FOLDS = "scored-on-folds"
    SCORED_ON_REPEATS = "scored-on-repeats"
    TRAINED_ON_SAMPLE = "trained-on-sample"
    CUT_SHORT = "cut-short"
    NOT_REFITTED = "not-refitted"
    REFITTED_ON_ROWS = "refitted-on-rows"
    REFITTED_FOR_ROUNDS = "refitted-for-rounds"
    CROSS_FITTED = "cross-fitted"
    WEIGHTS_TUNED = "weights-tuned"
    WEIGHTS_GIVEN = "weights-given"
    LATENCY_ADDED = "latency-added"
    CLASSES_REWEIGHTED = "classes-reweighted"
    WINNERS_CURSE = "winners-curse"
    STACKED = "stacked"
    STACKED_AGAIN = "stacked-again"
    NOT_STACKED = "not-stacked"
    FASTEST_CHOSEN = "fastest-chosen"

    # the way of an AutoML job
    JOB_STARTED = "job-started"
    READING_DATA = "reading-data"
    VALIDATION_DATA = "validation-data"
    HOLD_OUT = "hold-out"
    SAMPLE_WEIGHTS = "sample-weights"
    FEATURES_SPECIFIED = "features-specified"
    ALGORITHMS_ASKED = "algorithms-asked"
    TABLE_FOUND = "table-found"
    MODE_RESOLVED = "mode-resolved"
    PROBLEM_RESOLVED = "problem-resolved"
    CANDIDATE_QUEUED = "candidate-queued"
    CANDIDATE_SCORED = "candidate-scored"
    CANDIDATE_ENDED = "candidate-ended"
    REPORT_WRITTEN = "report-written"
    BEST_CANDIDATE = "best-candidate"
    SEARCH_OVER = "search-over"
    PHASE_BEGUN = "phase-begun"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    STOP_ASKED = "stop-asked"
    JOB_ENDED = "job-ended"
    LINES_MISSING = "lines-missing"

    # the way of a step job
    STEP_STARTED = "step-started"
    STEP_ENDED = "step-ended"
    STEP_METRIC = "step-metric"
    TABLE_READ = "table-read"
    OBJECTS_TRANSFORMED = "objects-transformed"
    ROWS_WRITTEN = "rows-written"

    # endpoints and their model processes
    ENDPOINT_UPDATING = "endpoint-updating"
    VARIANT_RESCALED = "variant-rescaled"
    ENDPOINT_IS = "endpoint-is"
    VARIANT_NOT_STARTED = "variant-not-started"
    MODEL_NOT_FETCHED = "model-not-fetched"
    PROCESS_STARTING = "process-starting"
    PROCESS_ADDED = "process-added"
    PROCESS_READY = "process-ready"
    PROCESS_STOPPING = "process-stopping"
    PROCESS_ENDED = "process-ended"


class ProcessEnd(StrEnum):
    """How a model process ended, in a note of PROCESS_ENDED."""

    EXITED = "exited"
    KILLED = "killed"
    OVER_MEMORY = "over-memory"
    SILENT = "silent"
    NOT_READY = "not-ready"
    NOT_STARTED = "not-started"


_C = NoteCode
_Kinds = Mapping[str, type | UnionType]
_Number = int | float

_CANDIDATE: _Kinds = {
    "index": int,
    "candidate": str,
    "algorithm": str,
    "recipe": str | None,
    "n_members": int | None,
}
_SCORE: _Kinds = {"metric": str, "value": _Number, "standard_error": _Number | None}

FACTS: Mapping[NoteCode, _Kinds] = {
    _C.SAID: {"text": DataValue},
    _C.RAISED: {"error": str, "text": DataValue},
    _C.SIGNALLED: {"signal": str},
    _C.EXITED: {"exit_code": int},
    _C.PROCESS_LOST: {"text": DataValue},
    _C.CANDIDATE_LIMIT: {"limit_s": int},
    _C.STEP_LIMIT: {"limit_s": int},
    _C.JOB_LIMIT: {"task": str, "limit_s": int},
    _C.MEMORY_LIMIT: {"memory_mb": int},
    _C.ATTEMPTS_USED: {"attempts": int, "worker": str},
    _C.NO_RESULT: {"text": DataValue | None},
    _C.VOLUME_LOST: {"job": str},
    _C.NOT_READ_IN_TIME: {"limit_s": int},
    _C.NOT_ENOUGH_TIME: {"limit_s": int},
    _C.NOT_PACKABLE: {"index": int},
    _C.CANDIDATE_FAILED: {"candidate": str, "algorithm": str},
    _C.NOT_DEPLOYED: {"endpoint": str},
    _C.ENDPOINT_LATE: {"limit_s": int},
    _C.OUTCLASSED: {
        "n_rows": int,
        "n_folds": int,
        "of_folds": int,
        "metric": str,
        "value": _Number,
        "rival_value": _Number,
        "rival": int,
    },
    _C.FOLDS_MISSING: {"n_folds": int, "least_folds": int},
    _C.TOO_LARGE: {
        "n_rows": int,
        "n_columns": int,
        "algorithm": str,
        "needed_mb": _Number,
        "memory_mb": _Number,
    },
    _C.NOT_CONVERGED: {"model": str},
    _C.NOT_TRAINABLE: {"algorithm": str},
    _C.TRAINING_OUT_OF_MEMORY: {"algorithm": str},
    _C.EXTRA_MISSING: {"extra": str},
    _C.RECIPE_FAILED: {"recipe": str},
    _C.TOO_FEW_ROWS: {"n_rows": int, "n_invalid": int, "least_rows": int, "column": DataValue},
    _C.COLUMN_MISSING: {
        "role": str,
        "column": DataValue,
        "near": DataValue | None,
        "columns": DataValue,
    },
    _C.TARGET_CONSTANT: {"column": DataValue, "value": DataValue, "n_rows": int},
    _C.TARGET_EMPTY: {"column": DataValue, "n_rows": int},
    _C.CLASS_OF_ONE_ROW: {"column": DataValue, "label": DataValue, "is_numeric": int},
    _C.RAGGED_ROW: {
        "file": DataValue,
        "line": int,
        "n_fields": int,
        "n_columns": int,
        "delimiter": DataValue,
    },
    _C.FILE_UNREADABLE: {"file": DataValue, "format": str, "why": DataValue},
    _C.FILE_EMPTY: {"file": DataValue},
    _C.SCORED_ON_FOLDS: {"n_folds": int, "of_folds": int},
    _C.SCORED_ON_REPEATS: {"n_repeats": int, "n_folds": int},
    _C.TRAINED_ON_SAMPLE: {"n_rows": int},
    _C.CUT_SHORT: {"folds": tuple},
    _C.REFITTED_ON_ROWS: {"n_rows": int, "of_rows": int},
    _C.REFITTED_FOR_ROUNDS: {"n_rounds": int, "of_rounds": int},
    _C.CLASSES_REWEIGHTED: {"metric": str},
    _C.WINNERS_CURSE: {"n_candidates": int, "by": _Number},
    _C.STACKED: {"metric": str, "before": _Number, "after": _Number},
    _C.FASTEST_CHOSEN: {"limit_s": _Number, "latency_s": _Number},
    _C.JOB_STARTED: {"job": str, "max_candidates": int, "max_runtime_s": int},
    _C.READING_DATA: {"uri": str, "target": str},
    _C.VALIDATION_DATA: {"uri": str},
    _C.HOLD_OUT: {"share": _Number},
    _C.FEATURES_SPECIFIED: {"uri": str},
    _C.ALGORITHMS_ASKED: {"algorithms": tuple},
    _C.TABLE_FOUND: {"n_rows": int, "n_columns": int, "types": dict},
    _C.MODE_RESOLVED: {"mode": str, "n_bytes": int},
    _C.PROBLEM_RESOLVED: {"problem_type": str, "objective": str, "is_minimized": int},
    _C.CANDIDATE_QUEUED: _CANDIDATE,
    _C.CANDIDATE_SCORED: {
        **_CANDIDATE,
        "metric": str | None,
        "value": _Number | None,
        "standard_error": _Number | None,
        "n_folds": int | None,
        "took_s": _Number | None,
    },
    _C.CANDIDATE_ENDED: {**_CANDIDATE, "status": str},
    _C.REPORT_WRITTEN: {"candidate": str, "report": str, "uri": str},
    _C.BEST_CANDIDATE: {"index": int, "candidate": str},
    _C.SEARCH_OVER: {"why": str, "counts": dict},
    _C.PHASE_BEGUN: {"phase": str},
    _C.DEPLOYING: {"endpoint": str},
    _C.DEPLOYED: {"endpoint": str},
    _C.STOP_ASKED: {"kind": str, "job": str},
    _C.JOB_ENDED: {"job": str, "status": str, "secondary": str, "took_s": _Number},
    _C.STEP_STARTED: {"kind": str, "job": str, "model": str | None, "algorithm": str | None},
    _C.STEP_ENDED: {"kind": str, "job": str, "status": str, "took_s": _Number | None},
    _C.STEP_METRIC: {"split": str, **_SCORE},
    _C.TABLE_READ: {"n_rows": int, "n_held_out": int, "n_features": int},
    _C.OBJECTS_TRANSFORMED: {"n_objects": int},
    _C.ROWS_WRITTEN: {"rows": dict},
    _C.ENDPOINT_UPDATING: {"config": str},
    _C.VARIANT_RESCALED: {"variant": str, "before": dict, "after": dict},
    _C.ENDPOINT_IS: {"endpoint": str, "status": str},
    _C.VARIANT_NOT_STARTED: {"variant": str},
    _C.PROCESS_STOPPING: {"idle_s": _Number | None},
    _C.PROCESS_ENDED: {
        "end": str,
        "number": int | None,
        "seconds": _Number | None,
        "error": DataValue | None,
        "last_line": DataValue | None,
    },
}
"""Types of the facts of each code, by name; None in a type: it may be absent. What is not named has no facts."""
