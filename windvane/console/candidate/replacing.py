"""What changes for the clients of a running endpoint if a candidate serves them: columns, order, classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from windvane.console.candidate.deploying import Wishes
from windvane.console.candidate.head import Answer, Shown
from windvane.console.candidate.score_comparison import ScoreComparison
from windvane.console.endpoint.origin import ModelOrigin, origin_of
from windvane.console.job_form.known_table import KnownTable, read_known_table
from windvane.console.job_form.other_data import Difference, names_in_words
from windvane.console.request_context import RequestContext
from windvane.errors import CallerFault, InvocationFault


@dataclass(frozen=True, kw_only=True)
class ReplaceView(Shown):
    """The page that asks whether a candidate is to serve at a running endpoint.

    origin     the model of the variant; None if it is not known
    scores     of both models; None if the model of the variant is not known as a candidate
    changes    what is different for clients, the worst first
    """

    wishes: Wishes
    endpoint: str
    variant: str
    origin: ModelOrigin | None
    scores: ScoreComparison | None
    changes: tuple[Difference, ...]


async def origin_at(context: RequestContext, endpoint: str, variant: str) -> ModelOrigin | None:
    """Return the model of a variant of an endpoint.

    raises    DoesNotExist
    """
    described = await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": endpoint})
    origin = await origin_of(context, described["EndpointConfigName"])
    return next((one for one in origin.models if one.variant == variant), None)


async def changes_for_clients(
    context: RequestContext, answer: Answer, endpoint: str, variant: str
) -> tuple[Difference, ...]:
    """Return what is different for clients if the candidate answers in place of a variant's model."""
    asked = {"EndpointName": endpoint, "VariantName": variant}
    try:
        schema = await context.ask("windvane", "DescribeEndpointSchema", asked)
        job = await context.ask(
            "sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": answer["AutoMLJobName"]}
        )
        known = await read_known_table(context, job)
    except (CallerFault, InvocationFault) as fault:
        return (Difference("medium", f"The two models could not be compared: {fault}"),)
    if known is None:
        return (
            Difference(
                "medium",
                "The columns of the two models could not be compared: this job has no analysis of a table.",
            ),
        )
    return tuple(differences(schema, known))


def differences(schema: Mapping[str, Any], known: KnownTable) -> Iterator[Difference]:
    """Yield what is different between the model of an endpoint and a candidate.

    schema    of DescribeEndpointSchema
    known     the table that the candidate was trained on
    """
    if schema["ProblemType"] != known.problem_type:
        yield Difference(
            "high",
            f"The endpoint's model is for {schema['ProblemType']}, the candidate for {known.problem_type}.",
        )
    if schema["Target"] != known.target:
        yield Difference(
            "high",
            f"The endpoint's model predicts {schema['Target']}, the candidate {known.target}.",
        )
    before = [column["Name"] for column in schema["Columns"]]
    now = [name for name in known.columns if name != known.target]
    if added := [name for name in now if name not in before]:
        yield Difference("high", f"Requests must have more columns: {names_in_words(added)}.")
    if gone := [name for name in before if name not in now]:
        yield Difference(
            "high", f"Requests must not have these columns any more: {names_in_words(gone)}."
        )
    if not added and not gone and before != now:
        yield Difference(
            "high",
            "The columns are in another order, and requests are read by position: "
            f"{names_in_words(now)}.",
        )
    labels = set(schema["Labels"])
    if new := [label for label in known.labels if label not in labels]:
        yield Difference("medium", f"Responses can have new classes: {names_in_words(new)}.")
    if lost := [label for label in schema["Labels"] if label not in known.labels]:
        yield Difference(
            "medium", f"Responses will not have these classes any more: {names_in_words(lost)}."
        )
