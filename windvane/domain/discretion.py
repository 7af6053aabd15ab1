"""What may be said of a failure where it is kept or sent on: in logs and events no value of anybody's data may stand.

Reasons for failures are sentences, and some quote cells: they are for whoever asks for the job itself. So a reason is
repeated only if it is known to be made of our own words and numbers. Whatever is not known is withheld: a sentence
that is worded anew, or a new one, is told less of, never more.
"""

from __future__ import annotations

import re

WITHHELD = "The reason is not repeated here, since it may quote data; the job's Describe operation gives it."

_N = r"[0-9]+"
_NAME = r"[A-Za-z0-9-]{1,80}"
_SIGNAL = r"SIG[A-Z0-9]+"
_VALUE = r"-?[0-9][0-9.,e+-]{0,30}"
"""A metric's, as engine/wording.py tells it."""

_TYPE = r"[A-Za-z_]{0,60}(?:Error|Exception|Exit|Interrupt)"

_SAFE = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"It did not finish within MaxRuntime(PerTrainingJob)?InSeconds \({_N} s\)\.",
        (
            r"(The (data|split data) could not be (read and analysed|written|explored)"
            r"|The report could not be generated"
            r"|Not even a baseline could be trained) "
            rf"within the job's time limit \({_N} s\)\. Raise MaxAutoMLJobRuntimeInSeconds, or provide less data\."
        ),
        (
            rf"It needed more than the {_N} MiB of memory that a task may use on this server "
            r"\(configuration, section \[work\], memory_mb\)\."
        ),
        r"Stopped before it finished because the search ended\.",
        r"It was stopped\.",
        r"It was ended because (its time was over|it needed more memory than it was given|it was told to stop)\.",
        rf"The process was ended by {_SIGNAL}(, perhaps by the system for want of memory)?\.",
        rf"The process left with exit code -?{_N} before its work was done\.",
        (
            rf"Tried {_N} times; each time the worker died or fell silent before it was done, the last time "
            r"'[A-Za-z0-9/-]{0,80}'\."
        ),
        (
            rf"The job's time limit of {_N} s was reached before its data were read: the server was down or busy\. "
            r"Create the job again\."
        ),
        (
            rf"Only {_N} of the {_N} folds on which candidates of this job are compared were trained: "
            r"the remaining time was too short for the others\."
        ),
        (
            rf"Not started: on {_N} rows and {_N} columns the algorithm {_NAME} is expected to need {_N} MiB of "
            rf"memory, and a candidate may use {_N} MiB\."
        ),
        (
            rf"Stopped early: on the {_N} rows of {_N} of {_N} folds its [A-Za-z0-9]{{1,40}} was {_VALUE}, clearly "
            rf"worse than the {_VALUE} of candidate {_N}\."
        ),
        r"Training needs the extra 'torch', which is not installed: pip install 'windvane\[torch\]'\.",
        r"The data analysis was cancelled\.",
        r"No candidate finished; the model is a baseline that predicts the same for every row\.",
        r"The (network|linear model) did not converge to finite weights on these rows\.",
        r"there was not enough time for it\.",
        r"No candidate finished, and neither did the baseline\.",
        r"it was deleted before it came into service\.",
        rf"it was not in service when the job's time limit of {_N} s was reached\.",
    )
)

_PREFIXES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"The (explainability|model insights) report is missing: ",
        rf"The model could not be deployed to the endpoint {_NAME}: ",
        r"The best candidate keeps its earlier package; it could not be packaged anew: ",
        r"The (ensemble|baseline): ",
        r"No candidate finished, and neither did the baseline: ",
        r"Models of discarded candidates could not be deleted: ",
        rf"Its feature recipe \({_NAME}\) could not be fitted: ",
        rf"Candidate {_NAME} \({_NAME}\): ",
        rf"Production variant {_NAME} could not be started: ",
        rf"({_NAME}) (could not be trained on these rows|ran out of memory): ",
        r"An internal error ended it: (?=The process )",
    )
)

_RETOLD = tuple(
    (re.compile(pattern, re.ASCII | re.DOTALL), told)
    for pattern, told in (
        (
            rf"The training data have ({_N}) rows with a value in the target column '.*At least ({_N}) are needed\.",
            r"The training data have \1 rows with a value in the target column; at least \2 are needed.",
        ),
        (r"The target column '.*' is not in the data\..*", "The target column is not in the data."),
        (r"The target column '.*' is constant.*", "The target column is constant."),
        (
            rf"The target column '.*' is empty in all ({_N}) rows\..*",
            r"The target column is empty in all \1 rows.",
        ),
        (
            r"The class '.*' of the target column '.*' has a single row; .*",
            "A class of the target column has a single row.",
        ),
        (
            rf"s3://.*, line ({_N}): the row has ({_N}) fields instead of ({_N}), .*",
            r"A file has a row of \2 fields instead of \3, in line \1.",
        ),
        (
            r"s3://\S* cannot be read as (Parquet|CSV|Gzip|Arrow): .*",
            r"A file cannot be read as \1.",
        ),
        (r"s3://\S* is empty\.", "The file is empty."),
    )
)
"""Common faults of data in other words: only figures of theirs are repeated."""

_MORE = "The job's Describe operation says more."

_INTERNAL = re.compile(rf"An internal error ended (it|the job): ({_TYPE})[:(]", re.ASCII)


def discreet(reason: str) -> str:
    """The reason as far as it may be told: whole, its beginning, in other words, or WITHHELD; "" if it is empty."""
    if not reason or any(pattern.fullmatch(reason) for pattern in _SAFE):
        return reason
    for prefix in _PREFIXES:
        if (match := prefix.match(reason)) is not None:
            return f"{match[0]}{discreet(reason[match.end() :])}"
    if (match := _INTERNAL.match(reason)) is not None:
        return f"An internal error ended {match[1]} ({match[2]}); the server's log says where."
    for pattern, told in _RETOLD:
        if (match := pattern.fullmatch(reason)) is not None:
            return f"{match.expand(told)} {_MORE}"
    return WITHHELD
