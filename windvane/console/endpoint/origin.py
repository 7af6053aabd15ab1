"""Where what an endpoint runs comes from: its configuration, the models, and the job whose candidate a model is."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from windvane.console.candidate.deploying import THRESHOLD
from windvane.console.endpoint.configs import every_variant
from windvane.console.request_context import RequestContext
from windvane.console.wording import spoken
from windvane.errors import AccessDenied, DoesNotExist, NotFound

_JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")


@dataclass(frozen=True)
class ModelOrigin:
    """The model of a variant.

    exists     it may have been deleted; the endpoint runs on
    urls       of its containers' artefacts
    answers    what the last container's environment says that it answers
    threshold  of the deployment, as that environment has it; "" for the model's own
    job        whose candidate has the same artefacts, in the same order; "" if none is known
    spoken     the candidate's name as people say it; its full name to those who may not look at it
    """

    variant: str
    name: str
    exists: bool
    urls: tuple[str, ...] = ()
    answers: str = ""
    job: str = ""
    candidate: str = ""
    threshold: str = ""
    spoken: str = ""


@dataclass(frozen=True)
class Origin:
    """The origin of an endpoint: its configuration and models.

    exists    the configuration may have been deleted; then its models are not known by name
    """

    config: str
    exists: bool
    models: tuple[ModelOrigin, ...] = ()


async def origin_of(context: RequestContext, config_name: str) -> Origin:
    try:
        config = await context.ask(
            "sagemaker", "DescribeEndpointConfig", {"EndpointConfigName": config_name}
        )
    except DoesNotExist:
        return Origin(config_name, exists=False)
    models_of = ModelOrigins(context)
    models = [
        await models_of.find(one["ModelName"], one["VariantName"]) for one in every_variant(config)
    ]
    return Origin(config_name, exists=True, models=tuple(models))


class ModelOrigins:
    """Finds the origins of several models: each job's candidates are asked for once, as far as they are needed."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self._names: dict[str, dict[tuple[str, ...], str]] = {}
        self._rest: dict[str, AsyncIterator[Mapping[str, Any]]] = {}

    async def find(self, name: str, variant: str = "") -> ModelOrigin:
        """Return the origin of a model.

        raises    AccessDenied to whoever may not look at it, or at the job that its artefacts are of
        """
        try:
            model = await self._context.ask("sagemaker", "DescribeModel", {"ModelName": name})
        except DoesNotExist:
            return ModelOrigin(variant, name, exists=False)
        containers = model.get("Containers") or [model["PrimaryContainer"]]
        urls = tuple(one["ModelDataUrl"] for one in containers)
        environment = containers[-1].get("Environment", {})
        answers = environment.get("SAGEMAKER_INFERENCE_OUTPUT", "")
        job, candidate = await self._candidate_of(urls)
        threshold = environment.get(THRESHOLD, "")
        said = await _spoken(self._context, job, candidate) if candidate else ""
        return ModelOrigin(variant, name, True, urls, answers, job, candidate, threshold, said)

    async def _candidate_of(self, urls: tuple[str, ...]) -> tuple[str, str]:
        """Return the names of job and candidate; "" for what is not known."""
        async for job in _jobs_around(self._context, urls[-1]):
            if candidate := await self._name_in(job, urls):
                return job, candidate
        return "", ""

    async def _name_in(self, job: str, urls: tuple[str, ...]) -> str:
        """Return the name of the candidate with these artefacts; "" if the job has none."""
        names = self._names.setdefault(job, {})
        if urls in names:
            return names[urls]
        if job not in self._rest:
            self._rest[job] = _candidates(self._context, job)
        async for candidate in self._rest[job]:
            containers = candidate.get("InferenceContainers", ())
            found = tuple(one["ModelDataUrl"] for one in containers)
            name: str = names.setdefault(found, candidate["CandidateName"])
            if found == urls:
                return name
        return ""


async def _spoken(context: RequestContext, job: str, candidate: str) -> str:
    named = {"AutoMLJobName": job, "CandidateName": candidate}
    try:
        found = (await context.ask("windvane", "DescribeCandidate", named))["Candidate"]
    except (AccessDenied, NotFound):
        return candidate
    return spoken(found["Algorithm"], found["Index"])


async def _jobs_around(context: RequestContext, url: str) -> AsyncIterator[str]:
    """Jobs below whose output the object lies: those that a folder of it is named after."""
    folders = url.removeprefix("s3://").split("/")[1:-1]
    for name in dict.fromkeys(folder for folder in folders if _JOB_NAME.fullmatch(folder)):
        try:
            job = await context.ask("sagemaker", "DescribeAutoMLJobV2", {"AutoMLJobName": name})
        except NotFound:
            continue
        if url.startswith(f"{job['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/"):
            yield job["AutoMLJobName"]


async def _candidates(context: RequestContext, job: str) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the best one first."""
    asked = {"AutoMLJobName": job, "SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"}
    while True:
        page = await context.ask("sagemaker", "ListCandidatesForAutoMLJob", asked)
        for candidate in page["Candidates"]:
            yield candidate
        if "NextToken" not in page:
            return
        asked["NextToken"] = page["NextToken"]
