"""The settings of a job on other data: what of them fits, and how these data differ from those of the job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from windvane.console.job_form.again import draft_of
from windvane.console.job_form.draft import LEFT_OUT, Draft
from windvane.console.job_form.known_table import KnownTable, read_known_table
from windvane.console.request_context import RequestContext
from windvane.console.wording import percent
from windvane.errors import CallerFault

_MOST_NAMES = 12
_UNUSED = frozenset({"identifier", "constant", "unused"})
"""Types of columns that a model does not learn from."""

_NOTABLE = 0.2
"""Change of the number of rows that is worth a word, as a share of the old one."""


@dataclass(frozen=True)
class Difference:
    """A way in which data differ from those of an earlier job.

    severity    high if the job cannot be repeated as it was, medium if its model will be another one, else low
    """

    severity: str
    text: str


async def on_other_data(context: RequestContext, draft: Draft, uri: str, data_type: str) -> Draft:
    """Return the form of a job with its data replaced. What it says of columns that these data do not have is dropped.

    uri    "" if the data are still to be chosen
    """
    moved = replace(draft, uri=uri, data_type=data_type, columns=())
    if not uri:
        return moved
    bare = Draft(uri=uri, data_type=data_type, role=draft.role)
    try:
        answer = await context.ask("windvane", "PreviewTable", bare.preview_request())
    except CallerFault:
        return moved  # the page says by itself why there is no preview
    columns = tuple(column["Name"] for column in answer["Columns"])
    of_columns = ("target", "content", "timestamp", "item", "group_column", "time_column")
    kept = {name: getattr(draft, name) for name in of_columns if getattr(draft, name) in columns}
    return replace(
        moved,
        **(dict.fromkeys(of_columns, "") | kept),
        groups=tuple(name for name in draft.groups if name in columns),
        sensitive=tuple(name for name in draft.sensitive if name in columns),
        choices={name: choice for name, choice in draft.choices.items() if name in columns},
        columns=columns,
    )


async def differences_of(
    context: RequestContext, draft: Draft, answer: Mapping[str, Any]
) -> tuple[Difference, ...] | None:
    """Return how the data of a form differ from those of the job that it is based on; None if they are at the same place.

    answer    of PreviewTable for the form
    """
    try:
        job = await context.ask(
            "sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": draft.based_on}
        )
        earlier = draft_of(job)
        if (earlier.uri, earlier.data_type) == (draft.uri, draft.data_type):
            return None
        known = await read_known_table(context, job)
    except CallerFault as fault:
        return (Difference("low", f"The data of {draft.based_on} could not be compared: {fault}"),)
    return tuple(_of_request(earlier, answer) if known is None else _of(known, draft, answer))


def _of_request(earlier: Draft, answer: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield the columns that the request of a job names, and that are missing now."""
    there = {column["Name"] for column in answer["Columns"]}
    named = (earlier.target, earlier.content, earlier.timestamp, earlier.item, *earlier.groups)
    if gone := [name for name in dict.fromkeys(named) if name and name not in there]:
        yield Difference("high", f"Missing columns that the job needs: {names_in_words(gone)}.")


def _of(known: KnownTable, draft: Draft, answer: Mapping[str, Any]) -> Iterator[Difference]:
    now = {column["Name"]: column for column in answer["Columns"]}
    if known.target not in now:
        yield Difference("high", f"The column to predict, {known.target}, is missing.")
    used = [name for name, kind in known.columns.items() if kind not in _UNUSED]
    if gone := [name for name in used if name not in now and name != known.target]:
        yield Difference(
            "medium",
            f"Missing columns: {names_in_words(gone)}. The new model is trained without them.",
        )
    added = [name for name in now if name not in known.columns and name != known.target]
    if added := [name for name in added if draft.choices.get(name) != LEFT_OUT]:
        yield Difference(
            "medium",
            f"New columns: {names_in_words(added)}. The new model is trained on them unless they are set to “Ignore”.",
        )
    yield from _of_types(known, draft, now)
    if draft.target == known.target:
        yield from _of_target(known, answer)


def _of_types(
    known: KnownTable, draft: Draft, now: Mapping[str, Mapping[str, Any]]
) -> Iterator[Difference]:
    for name, kind in known.columns.items():
        column = now.get(name)
        if column is None or name in (known.target, draft.target):
            continue
        if draft.choices.get(name) == LEFT_OUT:
            continue
        was_used, is_used, detected = kind not in _UNUSED, column["IsFeature"], column["Type"]
        if was_used and not is_used:
            yield Difference("medium", f"{name} was {kind} and is not used any more: {detected}.")
        elif is_used and not was_used:
            yield Difference("medium", f"{name} was not used ({kind}) and is {detected} now.")
        elif was_used and detected != kind:
            yield Difference("medium", f"{name} was {kind} and is {detected} now.")


def _of_target(known: KnownTable, answer: Mapping[str, Any]) -> Iterator[Difference]:
    target = answer.get("Target", {})
    problem_type = target.get("ProblemType", "")
    if problem_type and problem_type != known.problem_type:
        yield Difference(
            "high", f"The problem type was {known.problem_type} and is {problem_type} now."
        )
    elif known.labels:
        yield from _of_labels(known, target, is_sampled=answer["IsSampled"])
    n_rows = answer["RowsTotal"]
    if answer["Source"]["ObjectCount"] == 1 and known.n_rows:
        change = n_rows / known.n_rows - 1
        if abs(change) >= _NOTABLE:
            about = "About " if answer.get("RowsTotalIsEstimated") else ""
            more = "more" if change > 0 else "fewer"
            yield Difference(
                "low",
                f"{about}{n_rows:,} rows instead of {known.n_rows:,}: {percent(abs(change))} {more}.",
            )


def _of_labels(
    known: KnownTable, target: Mapping[str, Any], *, is_sampled: bool
) -> Iterator[Difference]:
    shown = [bar["Label"] for bar in target.get("Distribution", ()) if "Label" in bar]
    if added := [label for label in shown if label not in known.labels]:
        yield Difference("medium", f"New classes of the target: {names_in_words(added)}.")
    is_whole = not is_sampled and len(shown) == target.get("ClassCount")
    gone = [label for label in known.labels if label not in shown]
    if is_whole and gone:
        yield Difference(
            "medium",
            f"Classes without rows: {names_in_words(gone)}. The new model cannot predict them.",
        )


def names_in_words(names: Iterable[str]) -> str:
    """Return names in a sentence, the first of very many."""
    every = list(names)
    told = ", ".join(every[:_MOST_NAMES])
    more = len(every) - _MOST_NAMES
    return f"{told} and {more:,} more" if more > 0 else told
