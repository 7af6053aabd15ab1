"""What is wrong with a form, in plain words at the field that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from windvane.console.job.tags import sensitive_value
from windvane.console.job_form.draft import Draft, tags_of, whole_number
from windvane.console.job_form.missing_data import about_missing_data
from windvane.console.job_form.time_limit import seconds_of
from windvane.errors import CallerFault, NameTaken, NoObjects, OutputBucketMissing
from windvane.names import SENSITIVE_TAG, WEBHOOK_TAG

LONGEST_JOB_NAME, LONGEST_ENDPOINT_NAME = 32, 63
_LONGEST_OUTPUT, _MOST_TAGS, _LONGEST_KEY, _LONGEST_VALUE = 128, 50, 128, 256
_MOST_STEPS, _MOST_QUANTILES = 500, 5
"""source    the limits of CreateAutoMLJobV2's members in SageMaker's API reference"""

_TIME_LIMIT = (
    "Enter a time from 1 s to 30 days with its unit, such as 90 s, 10 min or 1.5 h, or leave it blank. A number alone is "
    "minutes."
)
_OUTPUT = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?")
_OF_REFUSALS = (
    ("tags", re.compile(r"'tags\.|Tags")),
    ("endpoint_name", re.compile(r"[Ee]ndpointName")),
    ("frequency", re.compile(r"[Ff]orecastFrequency")),
    ("horizon", re.compile(r"[Ff]orecastHorizon")),
    ("quantiles", re.compile(r"[Ff]orecastQuantiles")),
    ("candidates", re.compile(r"[Mm]axCandidates")),
    ("time_limit", re.compile(r"[Mm]axAutoMLJobRuntimeInSeconds")),
)
"""Words of a refusal that are about one field alone."""


def name_fault(name: str, longest: int) -> str:
    """Return what is wrong with the name of a job or endpoint; "" if nothing is."""
    if not name:
        return "Enter a name."
    if len(name) > longest:
        return f"The name has {len(name)} characters; at most {longest} are allowed."
    if wrong := re.search(r"[^a-zA-Z0-9-]", name):
        told = "a space" if wrong[0].isspace() else f"“{wrong[0]}”"
        return f"Use only letters (A to Z), digits and hyphens: {told} is not allowed."
    if name.startswith("-") or name.endswith("-"):
        return "The name must start and end with a letter or digit."
    return ""


def faults_of(draft: Draft, webhooks: Sequence[str] = ()) -> dict[str, str]:
    """Return what is wrong with fields, by the name of the field.

    webhooks    names of those that the job may ask for
    """
    return dict(_faults(draft, webhooks))


def refused_field(draft: Draft, fault: CallerFault) -> tuple[str, str]:
    """Return the field that an operation refused, and why in the words of the form; "" for the field if the refusal is
    about no field in particular."""
    if isinstance(fault, NameTaken):
        return "job_name", f"There is already a job called {draft.job_name}. Choose another name."
    if isinstance(fault, NoObjects):
        return "uri", about_missing_data(draft.uri)
    if isinstance(fault, OutputBucketMissing):
        told = f"There is no bucket called {fault.bucket}. Create it, or choose another one."
        return "output", told
    told = str(fault)
    found = (field for field, words in _OF_REFUSALS if words.search(told))
    return next(found, ""), told


def _faults(draft: Draft, webhooks: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not draft.target:
        yield "target", "Choose the column to predict."
    if draft.is_forecast:
        yield from _faults_of_series(draft)
    if draft.is_text and not draft.content:
        yield "content", "Choose the column of the texts."
    if draft.time_limit and seconds_of(draft.time_limit) is None:
        yield "time_limit", _TIME_LIMIT
    if draft.candidates and whole_number(draft.candidates) is None:
        yield "candidates", "Enter a whole number of candidates, at least 1, or leave it blank."
    if draft.mode and (draft.is_forecast or draft.is_text):
        kind = "forecasting" if draft.is_forecast else "text classification"
        yield "mode", f"A {kind} job has no mode: choose Automatic."
    told = {
        "job_name": name_fault(draft.job_name, LONGEST_JOB_NAME),
        "output": _fault_of_output(draft.output),
        "sensitive": _fault_of_sensitive(draft),
        "tags": _fault_of_tags(draft.tags),
        "endpoint_name": _fault_of_endpoint(draft),
        "webhook": _fault_of_webhook(draft, webhooks),
    }
    yield from ((field, fault) for field, fault in told.items() if fault)


def _fault_of_output(uri: str) -> str:
    if _OUTPUT.fullmatch(uri) is None:
        return "Enter an S3 location, such as s3://my-bucket/automl."
    if len(uri) > _LONGEST_OUTPUT:
        return f"The location has {len(uri)} characters; at most {_LONGEST_OUTPUT} are allowed."
    return ""


def _fault_of_endpoint(draft: Draft) -> str:
    if not draft.deploy or not draft.endpoint_name:
        return ""
    return name_fault(draft.endpoint_name, LONGEST_ENDPOINT_NAME)


def _fault_of_webhook(draft: Draft, webhooks: Sequence[str]) -> str:
    if not draft.webhook:
        return ""
    if draft.webhook not in webhooks:
        return "The server has no webhook of this name for jobs of this account. Choose another one, or None."
    if WEBHOOK_TAG in (tag["Key"] for tag in tags_of(draft.tags)[0]):
        return f"Remove the tag {WEBHOOK_TAG} below, or choose None here: both say the same."
    return ""


def _fault_of_sensitive(draft: Draft) -> str:
    length = len(sensitive_value(draft.marked))
    if length > _LONGEST_VALUE:
        return (
            f"The names of the columns marked as sensitive have {length} characters in the tag of the job; at most "
            f"{_LONGEST_VALUE} are allowed. Mark fewer columns."
        )
    if draft.marked and SENSITIVE_TAG in (tag["Key"] for tag in tags_of(draft.tags)[0]):
        return (
            f"Remove the tag {SENSITIVE_TAG} below, or unmark the columns here: both say the same."
        )
    return ""


def _faults_of_series(draft: Draft) -> Iterator[tuple[str, str]]:
    if not draft.timestamp:
        yield "timestamp", "Choose the column of times."
    if not draft.item:
        yield (
            "item",
            "Choose the column that tells series apart. A table of one series needs one too, with the same value in all rows.",
        )
    if not draft.frequency:
        yield "frequency", "Enter the time between steps, such as 1D, 15min or 3M (quarters)."
    if (whole_number(draft.horizon) or _MOST_STEPS + 1) > _MOST_STEPS:
        yield "horizon", f"Enter a whole number of steps, from 1 to {_MOST_STEPS}."
    quantiles = draft.quantiles.replace(",", " ").split()
    wrong = [one for one in quantiles if not re.fullmatch(r"p[1-9][0-9]?", one, re.ASCII)]
    if wrong:
        yield "quantiles", f"“{wrong[0]}” is not one of p1 to p99."
    elif len(quantiles) > _MOST_QUANTILES:
        yield (
            "quantiles",
            f"There are {len(quantiles)} quantiles; at most {_MOST_QUANTILES} are allowed.",
        )
    elif len(set(quantiles)) < len(quantiles):
        yield "quantiles", "The quantiles must be different."


def _fault_of_tags(text: str) -> str:
    tags, wrong = tags_of(text)
    if wrong:
        return f"“{wrong[0][:60]}” is not of the form key=value (one per line)."
    keys = [tag["Key"] for tag in tags]
    twice = next((key for number, key in enumerate(keys) if key in keys[:number]), "")
    if twice:
        return f"The key “{twice[:60]}” is there twice."
    if len(tags) > _MOST_TAGS:
        return f"There are {len(tags)} tags; at most {_MOST_TAGS} are allowed."
    for tag in tags:
        if tag["Key"].lower().startswith("aws:"):
            return f"“{tag['Key'][:60]}” starts with “aws:”, which is reserved."
        if len(tag["Key"]) > _LONGEST_KEY or len(tag["Value"]) > _LONGEST_VALUE:
            return f"A key has at most {_LONGEST_KEY} characters and a value at most {_LONGEST_VALUE}: “{tag['Key'][:40]}” has more."
    return ""
