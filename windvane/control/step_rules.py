"""What CreateTrainingJob and CreateProcessingJob must fulfil beyond the service model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from windvane.control.channel_rules import (
    SPECIFICATION,
    VALIDATION,
    channel_names,
    channel_sources,
    fraction_alone,
    target_named,
)
from windvane.control.members import Request, Unserved, first, found, spelled
from windvane.control.rules import MAX_RUNTIME_S, TAG_RULES, Rule, refused, s3_uris
from windvane.domain.images import (
    ALGORITHMS,
    EXPLAINER,
    TRANSFORMERS,
    algorithm_of,
    not_ours,
    step_of,
)
from windvane.domain.problem import TABULAR_METRICS, MetricName, ProblemType, check_objective
from windvane.domain.reports import BACKTESTS
from windvane.engine.learners.catalogue import availability, is_learner
from windvane.errors import InvalidRequest

PROCESSORS = (TRANSFORMERS, EXPLAINER)

VALIDATION_INPUT, SPECIFICATION_INPUT = VALIDATION, SPECIFICATION

_LOCAL_ROOT = "/opt/ml/processing/"
_CANDIDATE_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}", re.ASCII)
_CANDIDATE_TITLE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9 ._-]{0,63}", re.ASCII)

_ENVIRONMENT = {
    TRANSFORMERS: (
        "TARGET_ATTRIBUTE_NAME",
        "PROBLEM_TYPE",
        "OBJECTIVE",
        "SAMPLE_WEIGHT_ATTRIBUTE_NAME",
        "TEXT_COLUMN",
        "VALIDATION_FRACTION",
    ),
    EXPLAINER: ("CANDIDATE_NAME", "CANDIDATE_TITLE"),
}
_NEEDED = {TRANSFORMERS: "TARGET_ATTRIBUTE_NAME", EXPLAINER: "CANDIDATE_NAME"}
_INPUTS = {EXPLAINER: ("dataset", "model", "transformers", "output", BACKTESTS)}
_OUTPUTS = {
    TRANSFORMERS: ("dataset", "header", "tuning_data"),
    EXPLAINER: ("explanation", "insights", "onnx"),
}


def _training_image(request: Request) -> Iterator[str]:
    yield from _image(request, "AlgorithmSpecification.TrainingImage", ALGORITHMS)
    for place, image in found(request, "AlgorithmSpecification.TrainingImage"):
        name = algorithm_of(image) or ""
        if is_learner(name) and (reason := availability(name)):
            yield f"The image '{image}' at '{place}' is not available: {reason}"


def _processing_image(request: Request) -> Iterator[str]:
    yield from _image(request, "AppSpecification.ImageUri", PROCESSORS)
    for place, image in found(request, "AppSpecification.ImageUri"):
        if name := step_of(image):
            yield f"The image at '{place}' names the step '{name}', which only training jobs do: leave out '.{name}'."


def _image(request: Request, path: str, choices: Sequence[str]) -> Iterator[str]:
    places = list(found(request, path))
    if not places or not places[0][1]:
        yield f"The member '{spelled(path)}' must be specified."
    for place, image in places:
        if image and algorithm_of(image) not in choices:
            yield not_ours(image, place, choices)


def _s3_sources(request: Request) -> Iterator[str]:
    for place, source in found(request, "InputDataConfig.*.DataSource"):
        if "S3DataSource" not in source:
            yield f"The member '{place}.s3DataSource' must be specified."
    for place, item in found(request, "ProcessingInputs.*"):
        if "S3Input" not in item:
            yield f"The member '{place}.s3Input' must be specified."
    for place, item in found(request, "ProcessingOutputConfig.Outputs.*"):
        if "S3Output" not in item:
            yield f"The member '{place}.s3Output' must be specified."


def _one_instance(request: Request) -> Iterator[str]:
    for path in ("ResourceConfig.InstanceCount", "ProcessingResources.ClusterConfig.InstanceCount"):
        for place, count in found(request, path):
            if count != 1:
                yield f"Value '{count}' at '{place}' is not supported by this server: a step job runs on 1 instance."


def _runtime(request: Request) -> Iterator[str]:
    for place, seconds in found(request, "StoppingCondition.MaxRuntimeInSeconds"):
        if not 1 <= seconds <= MAX_RUNTIME_S:
            yield f"Value '{seconds}' at '{place}' must be at least 1 and at most {MAX_RUNTIME_S}, which is 30 days."


def _names_of_inputs(request: Request) -> Iterator[str]:
    names = [one["InputName"] for one in request.get("ProcessingInputs", ())]
    image = _processor(request)
    if image == TRANSFORMERS:
        yield from _tables(names)
    if image != EXPLAINER:
        return
    yield from _only(names, _INPUTS[EXPLAINER], "ProcessingInputs")
    outputs = _output_names(request)
    if BACKTESTS in names:
        yield from _of_forecast(names, outputs)
        return
    needed = {"dataset"}
    needed |= {"model"} if {"explanation", "onnx"} & set(outputs) else set()
    needed |= {"output"} if "insights" in outputs else set()
    for name in sorted(needed - set(names)):
        yield f"ProcessingInputs lacks the input '{name}', which the outputs asked for need."


def _of_forecast(names: Sequence[str], outputs: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the inputs and outputs of reports on a forecast."""
    if "onnx" in outputs:
        yield "ProcessingOutputConfig has the output 'onnx', which forecasting models do not have."
    if "model" not in names:
        yield f"ProcessingInputs lacks the input 'model', which '{BACKTESTS}' needs."
    for name in sorted({"dataset", "transformers", "output"} & set(names)):
        yield f"ProcessingInputs has the input '{name}', which goes with tables, besides '{BACKTESTS}'."


def _tables(names: Sequence[str]) -> Iterator[str]:
    others = (VALIDATION_INPUT, SPECIFICATION_INPUT)
    tables = [name for name in names if name not in others]
    if len(tables) != 1:
        yield (
            f"There are {len(tables)} ProcessingInputs besides {' and '.join(others)}; {TRANSFORMERS} takes one: the "
            "table."
        )
    for name in others:
        if names.count(name) > 1:
            yield f"ProcessingInputs has '{name}' {names.count(name)} times; it may be there once."


def _share(request: Request) -> Iterator[str]:
    """Yield what is wrong with the share of the rows that are held out."""
    text = request.get("Environment", {}).get("VALIDATION_FRACTION")
    if text is None:
        return
    if not _is_share(text):
        yield (
            f"The environment variable VALIDATION_FRACTION is '{text}'; it must be a number greater than 0 and less "
            "than 1."
        )
    names = [one["InputName"] for one in request.get("ProcessingInputs", ())]
    if VALIDATION_INPUT in names:
        yield (
            "The environment variable VALIDATION_FRACTION does not go with the input "
            f"'{VALIDATION_INPUT}': leave one of them out."
        )


def _is_share(text: str) -> bool:
    try:
        return 0 < float(text) < 1
    except ValueError:
        return False


def _names_of_outputs(request: Request) -> Iterator[str]:
    image, names = _processor(request), _output_names(request)
    if image in _OUTPUTS:
        yield from _only(names, _OUTPUTS[image], "ProcessingOutputConfig")
        if not names:
            yield f"ProcessingOutputConfig must have an output: one or more of: {', '.join(_OUTPUTS[image])}."


def _only(names: Sequence[str], known: Sequence[str], where: str) -> Iterator[str]:
    for name in dict.fromkeys(names):
        if name not in known:
            yield f"{where} has '{name}', which is not known. Those known: {', '.join(known)}."
        elif names.count(name) > 1:
            yield f"{where} has '{name}' {names.count(name)} times; each may be there once."


def _local_paths(request: Request) -> Iterator[str]:
    for path in (
        "ProcessingInputs.*.S3Input.LocalPath",
        "ProcessingOutputConfig.Outputs.*.S3Output.LocalPath",
    ):
        for place, value in found(request, path):
            if not value.startswith(_LOCAL_ROOT):
                yield f"Value '{value}' at '{place}' must begin with {_LOCAL_ROOT}."


def _environment(request: Request) -> Iterator[str]:
    image, given = _processor(request), request.get("Environment", {})
    if image not in _ENVIRONMENT:
        return
    for name in given:
        if name not in _ENVIRONMENT[image]:
            known = ", ".join(_ENVIRONMENT[image])
            yield f"The environment variable {name} is not known to {image}. Those known: {known}."
    if not given.get(_NEEDED[image]):
        yield f"The environment variable {_NEEDED[image]} must be specified."
    name = given.get("CANDIDATE_NAME", "")
    if name and not _CANDIDATE_NAME.fullmatch(name):
        yield f"The environment variable CANDIDATE_NAME is '{name}'; it must be of letters, digits and hyphens."
    title = given.get("CANDIDATE_TITLE", "")
    if title and not _CANDIDATE_TITLE.fullmatch(title):
        yield (
            f"The environment variable CANDIDATE_TITLE is '{title}'; it must be of letters, digits, blanks and the signs "
            "'.', '_' and '-', 64 at most."
        )
    yield from _problem(given)


def _problem(environment: Request) -> Iterator[str]:
    problem_type, objective = environment.get("PROBLEM_TYPE"), environment.get("OBJECTIVE")
    is_known = True
    for name, value, choices in (
        ("PROBLEM_TYPE", problem_type, tuple(ProblemType)),
        ("OBJECTIVE", objective, TABULAR_METRICS),
    ):
        if value and value not in choices:
            is_known = False
            yield f"The environment variable {name} is '{value}'. Choose one of: {', '.join(choices)}."
    if problem_type and objective and is_known:
        try:
            check_objective(ProblemType(problem_type), MetricName(objective))
        except InvalidRequest as fault:
            yield str(fault)


def _processor(request: Request) -> str:
    return algorithm_of(first(request, "AppSpecification.ImageUri") or "") or ""


def _output_names(request: Request) -> list[str]:
    return [name for _, name in found(request, "ProcessingOutputConfig.Outputs.*.OutputName")]


def _plain_objects(request: Request) -> Iterator[str]:
    if _processor(request) == EXPLAINER:
        yield from _ONLY_PLAIN(request)


_ONLY_PLAIN = refused(
    Unserved("ProcessingInputs.*.S3Input.S3CompressionType", ("None",)),
    Unserved("ProcessingInputs.*.S3Input.S3DataType", ("S3Prefix",)),
)


_SOURCE = "InputDataConfig.*.DataSource"

CREATE_TRAINING_JOB_RULES: tuple[Rule, ...] = (
    refused(
        Unserved("AlgorithmSpecification.AlgorithmName"),
        Unserved("AlgorithmSpecification.TrainingInputMode", ("File",)),
        Unserved("AlgorithmSpecification.MetricDefinitions"),
        Unserved("AlgorithmSpecification.EnableSageMakerMetricsTimeSeries", (False,)),
        Unserved("AlgorithmSpecification.ContainerEntrypoint"),
        Unserved("AlgorithmSpecification.ContainerArguments"),
        Unserved(
            "AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAccessMode", ("Platform",)
        ),
        Unserved("AlgorithmSpecification.TrainingImageConfig.TrainingRepositoryAuthConfig"),
        Unserved(f"{_SOURCE}.S3DataSource.S3DataDistributionType", ("FullyReplicated",)),
        Unserved(f"{_SOURCE}.S3DataSource.AttributeNames"),
        Unserved(f"{_SOURCE}.S3DataSource.InstanceGroupNames"),
        Unserved(f"{_SOURCE}.S3DataSource.ModelAccessConfig"),
        Unserved(f"{_SOURCE}.S3DataSource.HubAccessConfig"),
        Unserved(f"{_SOURCE}.FileSystemDataSource"),
        Unserved(f"{_SOURCE}.DatasetSource"),
        Unserved("InputDataConfig.*.RecordWrapperType", ("None",)),
        Unserved("InputDataConfig.*.InputMode", ("File",)),
        Unserved("InputDataConfig.*.ShuffleConfig"),
        Unserved("OutputDataConfig.CompressionType", ("GZIP",)),
        Unserved("ResourceConfig.KeepAlivePeriodInSeconds", (0,)),
        Unserved("ResourceConfig.InstanceGroups"),
        Unserved("ResourceConfig.TrainingPlanArn"),
        Unserved("ResourceConfig.InstancePlacementConfig"),
        Unserved("ResourceConfig.InstancePreferences"),
        Unserved("ResourceConfig.SelectedInstanceType"),
        Unserved("ResourceConfig.SelectedInstanceCount", (1,)),
        Unserved("StoppingCondition.MaxWaitTimeInSeconds"),
        Unserved("StoppingCondition.MaxPendingTimeInSeconds"),
        Unserved("EnableManagedSpotTraining", (False,)),
        Unserved("CheckpointConfig"),
        Unserved("DebugHookConfig.HookParameters"),
        Unserved("DebugHookConfig.CollectionConfigurations"),
        Unserved("DebugRuleConfigurations"),
        Unserved("TensorBoardOutputConfig"),
        Unserved("ExperimentConfig"),
        Unserved("ProfilerConfig.ProfilingIntervalInMilliseconds"),
        Unserved("ProfilerConfig.ProfilingParameters"),
        Unserved("ProfilerRuleConfigurations"),
        Unserved("Environment"),
        Unserved("RetryStrategy"),
        Unserved("RemoteDebugConfig.EnableRemoteDebug", (False,)),
        Unserved("InfraCheckConfig.EnableInfraCheck", (False,)),
        Unserved("SessionChainingConfig.EnableSessionTagChaining", (False,)),
        Unserved("ServerlessJobConfig"),
        Unserved("MlflowConfig"),
        Unserved("ModelPackageConfig"),
    ),
    _training_image,
    _s3_sources,
    channel_names,
    channel_sources,
    target_named,
    fraction_alone,
    _one_instance,
    _runtime,
    s3_uris(f"{_SOURCE}.S3DataSource.S3Uri", "OutputDataConfig.S3OutputPath"),
    *TAG_RULES,
)

_CLUSTER = "ProcessingResources.ClusterConfig"
_INPUT, _OUTPUT = "ProcessingInputs.*", "ProcessingOutputConfig.Outputs.*"

CREATE_PROCESSING_JOB_RULES: tuple[Rule, ...] = (
    refused(
        Unserved("AppSpecification.ContainerEntrypoint"),
        Unserved("AppSpecification.ContainerArguments"),
        Unserved(f"{_INPUT}.AppManaged", (False,)),
        Unserved(f"{_INPUT}.DatasetDefinition"),
        Unserved(f"{_INPUT}.S3Input.S3InputMode", ("File",)),
        Unserved(f"{_INPUT}.S3Input.S3DataDistributionType", ("FullyReplicated",)),
        Unserved(f"{_OUTPUT}.AppManaged", (False,)),
        Unserved(f"{_OUTPUT}.FeatureStoreOutput"),
        Unserved(f"{_OUTPUT}.S3Output.S3UploadMode", ("EndOfJob",)),
        Unserved(f"{_CLUSTER}.InstancePreferences"),
        Unserved(f"{_CLUSTER}.SelectedInstanceType"),
        Unserved(f"{_CLUSTER}.SelectedInstanceCount", (1,)),
        Unserved("ExperimentConfig"),
    ),
    _processing_image,
    _s3_sources,
    _names_of_inputs,
    _names_of_outputs,
    _plain_objects,
    _local_paths,
    _environment,
    _share,
    _one_instance,
    _runtime,
    s3_uris(f"{_INPUT}.S3Input.S3Uri", f"{_OUTPUT}.S3Output.S3Uri"),
    *TAG_RULES,
)
