"""A candidate becomes a model and what serves it, a new endpoint or a variant of a running one: what the page's form asks
for, by the operations that any client has."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from windvane.console.candidate.head import Answer
from windvane.console.endpoint.configs import config_like, every_variant
from windvane.console.endpoint.free_names import LONGEST, under_free_name
from windvane.console.forms import Form
from windvane.console.request_context import RequestContext
from windvane.errors import AccessDenied, DoesNotExist, InvalidRequest, WindvaneError
from windvane.names import fitted, numbered

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_MOST_INSTANCES = 8
_MOST_PLACES = 50
_VARIANT, _INSTANCE = "AllTraffic", "ml.m5.large"
_OUTPUT, _INPUT = "SAGEMAKER_INFERENCE_OUTPUT", "SAGEMAKER_INFERENCE_INPUT"
_SUPPORTED = "SAGEMAKER_INFERENCE_SUPPORTED"

THRESHOLD = "WINDVANE_DECISION_THRESHOLD"
"""Of the last container's environment: the probability from which on the second of two classes is predicted."""

EVERYTHING = ("predicted_label", "probability", "labels", "probabilities")
LABEL = ("predicted_label",)


class How(StrEnum):
    """The ways to deploy a candidate."""

    NEW = "new"
    REPLACE = "replace"
    CHALLENGE = "challenge"
    SHADOW = "shadow"


@dataclass(frozen=True)
class Place:
    """A variant of a running endpoint."""

    endpoint: str
    variant: str
    is_only: bool

    @property
    def key(self) -> str:
        return f"{self.endpoint}/{self.variant}"


@dataclass(frozen=True)
class Wishes:
    """The fields of the form, as they were typed in.

    endpoint   the name of a new one
    place      of the running ones, as Place.key has it
    share      of the requests that a challenger gets, in percent
    copied     share of the requests that a shadow is sent copies of, in percent
    threshold  "" for the model's own
    """

    how: How = How.NEW
    endpoint: str = ""
    place: str = ""
    share: str = "10"
    instances: str = "1"
    answers: str = "everything"
    threshold: str = ""
    copied: str = "100"

    @classmethod
    def of(cls, form: Form) -> Wishes:
        how = form.get("how", How.NEW)
        return cls(
            How(how) if how in list(How) else How.NEW,
            form.get("endpoint"),
            form.get("place"),
            form.get("share", "10"),
            form.get("instances", "1"),
            form.get("answers", "everything"),
            form.get("threshold"),
            form.get("copied", "100"),
        )

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The fields of a form that asks for the same."""
        return tuple((name, str(value)) for name, value in vars(self).items())

    @property
    def wanted(self) -> tuple[str, ...]:
        return LABEL if self.answers == "label" else EVERYTHING

    @property
    def faults(self) -> dict[str, str]:
        """Return the errors of the form by the names of its fields."""
        found = {}
        if self.how is How.NEW and not _NAME.fullmatch(self.endpoint):
            found["endpoint"] = (
                "An endpoint name must have 1 to 63 letters, digits and hyphens, and must start and end with a letter or digit."
            )
        is_number = re.fullmatch("[0-9]{1,3}", self.instances, re.ASCII) is not None
        if not is_number or not 1 <= int(self.instances) <= _MOST_INSTANCES:
            found["instances"] = (
                f"The number of instances must be a whole number from 1 to {_MOST_INSTANCES}."
            )
        if self.threshold and as_number(self.threshold, 0.0, 1.0) is None:
            found["threshold"] = (
                f"The decision threshold must be a number from 0 to 1, such as 0.35, not “{self.threshold[:40]}”."
            )
        if as_number(self.share, 1.0, 99.0) is None:
            found["share"] = "The share of a challenger must be from 1 to 99 percent."
        if as_number(self.copied, 1.0, 100.0) is None:
            found["copied"] = "The share of requests that are copied must be from 1 to 100 percent."
        return found

    def instance_count(self) -> int:
        """Return the number of instances.

        raises    InvalidRequest, in the words of the form, for the first of the fields that is wrong
        """
        for fault in self.faults.values():
            raise InvalidRequest(fault)
        return int(self.instances)

    def share_of_requests(self) -> float:
        """Return the share of a challenger, above 0 and below 1, of fields that are right."""
        return float(self.share) / 100


def as_number(text: str, least: float, most: float) -> float | None:
    """Return a number within its bounds; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if least <= number <= most else None


def answering(
    containers: Sequence[Mapping[str, Any]], wanted: Sequence[str], threshold: str = ""
) -> list[dict[str, Any]]:
    """Containers that answer what is wanted, as far as each can; those of a regression stay as they are.

    threshold    of the deployment; "" for the model's own
    """
    made, before = [], ""
    for container in containers:
        environment = dict(container["Environment"])
        supported = [one.strip() for one in environment.get(_SUPPORTED, "").split(",")]
        if _INPUT in environment and before:
            environment[_INPUT] = before
        if _OUTPUT in environment:
            before = ",".join(one for one in wanted if one in supported)
            environment[_OUTPUT] = before
        made.append({**container, "Environment": environment})
    if threshold:
        made[-1]["Environment"][THRESHOLD] = threshold
    return made


async def running_places(context: RequestContext) -> tuple[Place, ...]:
    """Return the variants of endpoints that are in service, the newest endpoint first; those that whoever is signed in may
    see."""
    asked = {"StatusEquals": "InService", "MaxResults": _MOST_PLACES}
    try:
        listed = (await context.ask("sagemaker", "ListEndpoints", asked))["Endpoints"]
    except AccessDenied:
        return ()
    found: list[Place] = []
    for one in listed:
        try:
            endpoint = await context.ask(
                "sagemaker", "DescribeEndpoint", {"EndpointName": one["EndpointName"]}
            )
        except (AccessDenied, DoesNotExist):
            continue
        names = [variant["VariantName"] for variant in endpoint.get("ProductionVariants", ())]
        found += [Place(one["EndpointName"], name, len(names) == 1) for name in names]
    return tuple(found)


async def deploy(context: RequestContext, answer: Answer, wishes: Wishes) -> None:
    """Create model, configuration and endpoint: all three, or none of them.

    raises    what the operations raise
    """
    variant = {
        "VariantName": _VARIANT,
        "InitialInstanceCount": wishes.instance_count(),
        "InstanceType": _INSTANCE,
        "InitialVariantWeight": 1.0,
    }

    async def make(name: str) -> None:
        config = {
            "EndpointConfigName": name,
            "ProductionVariants": [{**variant, "ModelName": name}],
        }
        last = {"EndpointName": wishes.endpoint, "EndpointConfigName": name}
        await _all_or_none(context, answer, wishes, config, ("CreateEndpoint", last))

    await under_free_name(name_of(answer), make)


async def deploy_beside(context: RequestContext, answer: Answer, wishes: Wishes) -> None:
    """Replace the model of a running variant, or add a variant to its endpoint, which answers or is a shadow. The endpoint serves the old models until
    the new one is ready, and if it cannot start.

    raises    what the operations raise; InvalidRequest if the endpoint cannot be changed
    """
    endpoint, _, variant = wishes.place.partition("/")
    described = await context.ask("sagemaker", "DescribeEndpoint", {"EndpointName": endpoint})
    if described["EndpointStatus"] != "InService":
        raise InvalidRequest(
            f"The endpoint {endpoint} is {described['EndpointStatus']}. It can be changed once it is InService."
        )
    config = await _config_of(context, described)
    before = config["ProductionVariants"]
    if all(one["VariantName"] != variant for one in before):
        raise InvalidRequest(f"The endpoint {endpoint} has no variant {variant}. Choose another.")

    async def make(name: str) -> None:
        variants, shadows = before, config.get("ShadowProductionVariants", [])
        if wishes.how is How.REPLACE:
            variants = [
                {**one, "ModelName": name} if one["VariantName"] == variant else one
                for one in before
            ]
        elif wishes.how is How.CHALLENGE:
            variants = [*before, _challenger(answer, wishes, described, name)]
        else:
            shadows = [_challenger(answer, wishes, described, name)]
        asked = await config_like(context, config, name, variants, shadows)
        last = {
            "EndpointName": endpoint,
            "EndpointConfigName": name,
            "RetainAllVariantProperties": True,
        }
        await _all_or_none(context, answer, wishes, asked, ("UpdateEndpoint", last))

    await under_free_name(name_of(answer), make)


async def _config_of(context: RequestContext, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    name = endpoint["EndpointConfigName"]
    try:
        return await context.ask(
            "sagemaker", "DescribeEndpointConfig", {"EndpointConfigName": name}
        )
    except DoesNotExist as error:
        raise InvalidRequest(
            f"The configuration {name} of the endpoint was deleted, so that its variants cannot be carried over. Deploy the "
            "candidate to a new endpoint."
        ) from error


def _challenger(
    answer: Answer, wishes: Wishes, endpoint: Mapping[str, Any], model: str
) -> dict[str, Any]:
    """Return a variant that gets its share of the requests, or of copies, beside the weights that the others have now.

    raises    InvalidRequest if no other variant gets any
    """
    running = endpoint["ProductionVariants"]
    total = sum(one["CurrentWeight"] for one in running)
    if total <= 0:
        raise InvalidRequest(
            f"All variants of {endpoint['EndpointName']} have the weight 0. Give one of them a weight first."
        )
    if wishes.how is How.SHADOW:
        weight = total * float(wishes.copied) / 100
    else:
        share = wishes.share_of_requests()
        weight = total * share / (1 - share)
    taken = {one["VariantName"] for one in every_variant(endpoint)}
    return {
        "VariantName": variant_name(answer["Candidate"], taken),
        "ModelName": model,
        "InitialInstanceCount": wishes.instance_count(),
        "InstanceType": _INSTANCE,
        "InitialVariantWeight": weight,
    }


def variant_name(candidate: Mapping[str, Any], taken: Collection[str] = ()) -> str:
    """Return a name for the variant of a candidate that no other variant has.

    >>> variant_name({"Algorithm": "lightgbm", "Index": 9}), variant_name({"Algorithm": "xgboost", "Index": 1}, {"xgboost-1"})
    ('lightgbm-9', 'xgboost-1-2')
    """
    stem = re.sub("[^a-zA-Z0-9]+", "-", candidate["Algorithm"]).strip("-") or "model"
    names = numbered(f"{stem[:40].rstrip('-')}-{candidate['Index']}", LONGEST)
    return next(one for one in names if one not in taken)


def name_of(answer: Answer) -> str:
    """Return a name for what a candidate is deployed as: its job's, and what it is.

    answer    of DescribeCandidate
    """
    return fitted(answer["AutoMLJobName"], variant_name(answer["Candidate"]), LONGEST)


async def _all_or_none(
    context: RequestContext,
    answer: Answer,
    wishes: Wishes,
    config: Mapping[str, Any],
    last: tuple[str, dict[str, Any]],
) -> None:
    """Create a model and a configuration of its name, and let an endpoint use them; undo what was done if a step is refused.

    raises    what the operations raise
    """
    job = await context.ask(
        "sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": answer["AutoMLJobName"]}
    )
    name = config["EndpointConfigName"]
    containers = answering(answer["InferenceContainers"], wishes.wanted, wishes.threshold)
    model = {"ModelName": name, "ExecutionRoleArn": job["RoleArn"], "Containers": containers}
    steps = (
        ("CreateModel", model, ("DeleteModel", {"ModelName": name})),
        ("CreateEndpointConfig", config, ("DeleteEndpointConfig", {"EndpointConfigName": name})),
        (*last, None),
    )
    done: list[tuple[str, dict[str, Any]]] = []
    try:
        for operation, parameters, undo in steps:
            await context.ask("sagemaker", operation, parameters)
            if undo is not None:
                done.append(undo)
    except WindvaneError:
        for operation, parameters in reversed(done):
            # Whoever may create and not delete is told why it was refused, not that the rest could not be undone.
            with suppress(AccessDenied, DoesNotExist):
                await context.ask("sagemaker", operation, parameters)
        raise
