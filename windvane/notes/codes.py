"""Everything that can be noted, and which facts belong to it.

The value of a code stands in databases and saved candidates: it stays once it was released, and so do the names of its
facts. A further fact may be added if it may be absent. A code is worded in notes/sentences.py for whoever asks for the
thing itself, and in notes/log.py for logs and events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType, UnionType
from typing import Self


@dataclass(frozen=True)
class DataValue:
    """A value of somebody's data, or a text that may quote one: shown to whoever asks for the thing itself, never in logs or
    events."""

    text: str


Kinds = Mapping[str, type | UnionType]

NO_FACTS: Kinds = MappingProxyType({})

_Number = int | float

_CANDIDATE: Kinds = {
    "index": int,
    "candidate": str,
    "algorithm": str,
    "recipe": str | None,
    "n_members": int | None,
}
_SCORE: Kinds = {"metric": str, "value": _Number, "standard_error": _Number | None}


class NoteCode(StrEnum):
    """A kind of thing that can happen, with the facts that belong to it.

    facts    their types by name; None in a type: it may be absent
    """

    facts: Kinds

    def __new__(cls, value: str, facts: Kinds = NO_FACTS) -> Self:
        member = str.__new__(cls, value)
        member._value_, member.facts = value, facts
        return member

    SAID = "said", {"text": DataValue}
    RAISED = "raised", {"error": str, "text": DataValue}

    # how processes end
    TIME_OVER = "time-over"
    MEMORY_OVER = "memory-over"
    TOLD_TO_STOP = "told-to-stop"
    SIGNALLED = "signalled", {"signal": str}
    EXITED = "exited", {"exit_code": int}
    REPORT_UNREADABLE = "report-unreadable"
    RAN_OUT_OF_MEMORY = "ran-out-of-memory"
    CALLBACKS_FORBIDDEN = "callbacks-forbidden"
    PROCESS_LOST = "process-lost", {"text": DataValue}
    STARTER_ENDED = "starter-ended"

    # how tasks end
    CANDIDATE_LIMIT = "candidate-limit", {"limit_s": int}
    STEP_LIMIT = "step-limit", {"limit_s": int}
    JOB_LIMIT = (
        "job-limit",
        {"task": str, "limit_s": int, "waited_s": _Number | None, "analysis_s": _Number | None},
    )
    MEMORY_LIMIT = "memory-limit", {"memory_mb": int}
    INTERNAL_ERROR = "internal-error"
    ATTEMPTS_USED = "attempts-used", {"attempts": int, "worker": str}
    LOST_TOO_OFTEN = "lost-too-often", {"losses": int}
    NO_RESULT = "no-result", {"text": DataValue | None}
    CANNOT_BEGIN = "cannot-begin"
    VOLUME_UNUSABLE = "volume-unusable"

    # how jobs end
    JOB_BROKEN = "job-broken"
    VOLUME_LOST = "volume-lost", {"job": str}
    NOT_READ_IN_TIME = "not-read-in-time", {"limit_s": int}
    ANALYSIS_CANCELLED = "analysis-cancelled"
    NO_DEFINITIONS = "no-definitions"
    NOT_ENOUGH_TIME = "not-enough-time", {"limit_s": int}
    NO_MODEL = "no-model"
    NOT_PACKABLE = "not-packable", {"index": int}

    # what a job lacks though it goes on
    CANDIDATE_FAILED = (
        "candidate-failed",
        {"index": int | None, "candidate": str, "algorithm": str},
    )
    ENSEMBLE_FAILED = "ensemble-failed"
    BASELINE_FAILED = "baseline-failed"
    BASELINE_ONLY = "baseline-only"
    FLOOR_ONLY = "floor-only"
    EXPLAINABILITY_MISSING = "explainability-missing"
    INSIGHTS_MISSING = "insights-missing"
    NOTEBOOKS_MISSING = "notebooks-missing"
    EXPLORATION_MISSING = "exploration-missing"
    DEFINITIONS_MISSING = "definitions-missing"
    SPLITS_MISSING = "splits-missing"
    TRANSFORMED_MISSING = "transformed-missing"
    NOT_PACKED = "not-packed"
    MODELS_NOT_DELETED = "models-not-deleted"
    NOT_DEPLOYED = "not-deployed", {"endpoint": str}
    NO_TIME = "no-time", {"analysis_s": _Number | None}
    NO_TIME_TO_PACK = "no-time-to-pack"
    ENDPOINT_DELETED = "endpoint-deleted"
    ENDPOINT_LATE = "endpoint-late", {"limit_s": int}
    NO_ENSEMBLE = "no-ensemble", {"obstacle": str}

    # why candidates fail or are given up
    SEARCH_ENDED = "search-ended"
    OUTCLASSED = (
        "outclassed",
        {
            "n_rows": int,
            "n_folds": int,
            "of_folds": int,
            "metric": str,
            "value": _Number,
            "rival_value": _Number,
            "rival": int,
        },
    )
    FOLDS_MISSING = "folds-missing", {"n_folds": int, "least_folds": int}
    TOO_LARGE = (
        "too-large",
        {
            "n_rows": int,
            "n_columns": int,
            "algorithm": str,
            "needed_mb": _Number,
            "memory_mb": _Number,
        },
    )
    NOT_CONVERGED = "not-converged", {"model": str}
    NOT_TRAINABLE = "not-trainable", {"algorithm": str}
    TRAINING_OUT_OF_MEMORY = "training-out-of-memory", {"algorithm": str}
    EXTRA_MISSING = "extra-missing", {"extra": str}
    RECIPE_FAILED = "recipe-failed", {"recipe": str}

    # faults of data
    TOO_FEW_ROWS = (
        "too-few-rows",
        {"n_rows": int, "n_invalid": int, "least_rows": int, "column": DataValue},
    )
    COLUMN_MISSING = (
        "column-missing",
        {
            "role": str,
            "column": DataValue,
            "near": DataValue | None,
            "columns": DataValue,
        },
    )
    TARGET_CONSTANT = "target-constant", {"column": DataValue, "value": DataValue, "n_rows": int}
    TARGET_EMPTY = "target-empty", {"column": DataValue, "n_rows": int}
    CLASS_OF_ONE_ROW = (
        "class-of-one-row",
        {"column": DataValue, "label": DataValue, "is_numeric": int},
    )
    RAGGED_ROW = (
        "ragged-row",
        {
            "file": DataValue,
            "line": int,
            "n_fields": int,
            "n_columns": int,
            "delimiter": DataValue,
        },
    )
    FILE_UNREADABLE = "file-unreadable", {"file": DataValue, "format": str, "why": DataValue}
    FILE_EMPTY = "file-empty", {"file": DataValue}

    # what is worth knowing of a candidate
    SCORED_ON_FOLDS = "scored-on-folds", {"n_folds": int, "of_folds": int}
    SCORED_ON_REPEATS = "scored-on-repeats", {"n_repeats": int, "n_folds": int}
    TRAINED_ON_SAMPLE = "trained-on-sample", {"n_rows": int}
    TRAINED_ON_NODES = "trained-on-nodes", {"n_nodes": int}
    LEARNING_CURVE = (
        "learning-curve",
        {"metric": str, "rows": tuple, "scores": tuple, "is_rising": int},
    )
    CUT_SHORT = "cut-short", {"folds": tuple}
    NOT_REFITTED = "not-refitted"
    REFITTED_ON_ROWS = "refitted-on-rows", {"n_rows": int, "of_rows": int}
    REFITTED_FOR_ROUNDS = "refitted-for-rounds", {"n_rounds": int, "of_rounds": int}
    CROSS_FITTED = "cross-fitted"
    ROWS_SPLIT = "rows-split", {"kind": str, "how": DataValue | None}
    WEIGHTS_TUNED = "weights-tuned"
    WEIGHTS_GIVEN = "weights-given"
    LATENCY_ADDED = "latency-added"
    CLASSES_REWEIGHTED = "classes-reweighted", {"metric": str}
    WINNERS_CURSE = "winners-curse", {"n_candidates": int, "by": _Number}
    STACKED = "stacked", {"metric": str, "before": _Number, "after": _Number}
    STACKED_AGAIN = "stacked-again"
    NOT_STACKED = "not-stacked"
    FASTEST_CHOSEN = "fastest-chosen", {"limit_s": _Number, "latency_s": _Number}

    # the way of an AutoML job
    JOB_STARTED = "job-started", {"job": str, "max_candidates": int, "max_runtime_s": int}
    READING_DATA = "reading-data", {"uri": str, "target": str}
    WAIT_GIVEN_BACK = "wait-given-back", {"seconds": _Number}
    VALIDATION_DATA = "validation-data", {"uri": str}
    HOLD_OUT = "hold-out", {"share": _Number}
    SAMPLE_WEIGHTS = "sample-weights"
    FEATURES_SPECIFIED = "features-specified", {"uri": str}
    ALGORITHMS_ASKED = "algorithms-asked", {"algorithms": tuple}
    TABLE_FOUND = "table-found", {"n_rows": int, "n_columns": int, "types": dict}
    SERIES_FOUND = (
        "series-found",
        {"n_series": int, "n_values": int, "frequency": str, "n_findings": int},
    )
    MODE_RESOLVED = "mode-resolved", {"mode": str, "n_bytes": int}
    PROBLEM_RESOLVED = (
        "problem-resolved",
        {"problem_type": str, "objective": str, "is_minimized": int},
    )
    CANDIDATE_QUEUED = "candidate-queued", _CANDIDATE
    CANDIDATE_SCORED = (
        "candidate-scored",
        {
            **_CANDIDATE,
            "metric": str | None,
            "value": _Number | None,
            "standard_error": _Number | None,
            "n_folds": int | None,
            "n_windows": int | None,
            "took_s": _Number | None,
        },
    )
    CANDIDATE_ENDED = "candidate-ended", {**_CANDIDATE, "status": str}
    REPORT_WRITTEN = (
        "report-written",
        {
            "index": int | None,
            "candidate": str,
            "algorithm": str | None,
            "report": str,
            "uri": str,
        },
    )
    BEST_CANDIDATE = "best-candidate", {"index": int, "candidate": str, "algorithm": str | None}
    SEARCH_OVER = "search-over", {"why": str, "counts": dict}
    PHASE_BEGUN = "phase-begun", {"phase": str}
    DEPLOYING = "deploying", {"endpoint": str}
    DEPLOYED = "deployed", {"endpoint": str}
    STOP_ASKED = "stop-asked", {"kind": str, "job": str}
    JOB_ENDED = "job-ended", {"job": str, "status": str, "secondary": str, "took_s": _Number}
    MLFLOW_LOGGED = "mlflow-logged", {"run": str, "experiment": str}
    MLFLOW_WAITS = "mlflow-waits", {"why": str}
    MLFLOW_NOT_LOGGED = "mlflow-not-logged", {"why": str}
    LINES_MISSING = "lines-missing"

    # the way of a step job
    STEP_STARTED = (
        "step-started",
        {"kind": str, "job": str, "model": str | None, "algorithm": str | None},
    )
    STEP_ENDED = "step-ended", {"kind": str, "job": str, "status": str, "took_s": _Number | None}
    STEP_METRIC = "step-metric", {"split": str, **_SCORE}
    TABLE_READ = "table-read", {"n_rows": int, "n_held_out": int, "n_features": int}
    OBJECTS_TRANSFORMED = "objects-transformed", {"n_objects": int}
    ROWS_WRITTEN = "rows-written", {"rows": dict}

    # endpoints and their model processes
    ENDPOINT_UPDATING = "endpoint-updating", {"config": str}
    VARIANT_RESCALED = "variant-rescaled", {"variant": str, "before": dict, "after": dict}
    ENDPOINT_IS = "endpoint-is", {"endpoint": str, "status": str}
    VARIANT_NOT_STARTED = "variant-not-started", {"variant": str}
    MODEL_NOT_FETCHED = "model-not-fetched"
    NO_SERVER_HAS_ROOM = "no-server-has-room", {"memory_mb": int}
    PROCESS_STARTING = "process-starting"
    PROCESS_ADDED = "process-added"
    PROCESS_READY = "process-ready"
    PROCESS_STOPPING = "process-stopping", {"idle_s": _Number | None}
    PROCESS_ENDED = (
        "process-ended",
        {
            "end": str,
            "number": int | None,
            "seconds": _Number | None,
            "error": DataValue | None,
            "last_line": DataValue | None,
        },
    )


class NoEnsemble(StrEnum):
    """Why a job has no ensemble, in a note of NO_ENSEMBLE."""

    MODE = "mode"
    MAX_CANDIDATES = "max-candidates"
    TOO_FEW = "too-few"
    NO_GAIN = "no-gain"
    TIME = "time"


class ProcessEnd(StrEnum):
    """The ways in which a model process ends, in a note of PROCESS_ENDED."""

    EXITED = "exited"
    KILLED = "killed"
    OVER_MEMORY = "over-memory"
    SILENT = "silent"
    NOT_READY = "not-ready"
    NOT_STARTED = "not-started"
