"""CreateTrainingJob, CreateProcessingJob and CreateTransformJob, and the operations on such jobs.

source    autopilot.md 1.2, 1.4, 4.5 and 5.1; docs/step-jobs.md and docs/batch-transform.md say what is taken
"""

from __future__ import annotations

from typing import Any

from api.steps import (
    channel,
    explain_request,
    split_request,
    step_input,
    step_output,
    training_request,
)
from api.world import IMAGE, ROLE
from hostile.asking import sagemaker
from hostile.case import Case, absent, invalid, taken
from hostile.requests import transform_request

_ROOT = "arn:aws:sagemaker:us-east-1:111122223333"
_LEFT_OUT = "is not supported by this server yet: leave it out."
_FALSE = "is not supported by this server yet: leave it out or choose one of: false."
_LEARNERS = (
    "sklearn-automl, xgboost, lightgbm, catboost, linear-learner, randomforest, extra-trees, mlp, nn-torch, fastai, "
    "neighbors, ensemble, baseline"
)


def _training(name: str, text: str, **changes: Any) -> Case:
    return invalid(name, sagemaker("CreateTrainingJob", **training_request("new", **changes)), text)


def _image(name: str, image: str, text: str) -> Case:
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File"}
    return _training(name, text, AlgorithmSpecification=algorithm)


def _channels(name: str, text: str, *channels: dict[str, Any], **changes: Any) -> Case:
    return _training(name, text, InputDataConfig=list(channels), **changes)


def _nothing_at(uri: str, bucket: str) -> str:
    return (
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket exists in '
        "the selected region (us-east-1), that objects exist under that S3 prefix, and that the role "
        f'"{ROLE}" has "s3:ListBucket" permissions on bucket "{bucket}".'
    )


def _taken(words: str, kind: str, name: str) -> str:
    return (
        f"{words.capitalize()} names must be unique within an AWS account and region, and a {words} with this name already "
        f"exists ({_ROOT}:{kind}/{name})"
    )


_TABLE = channel("train", "s3://data/train/")
_VALIDATION = channel("validation", "s3://data/train/")
_WHICH = (
    "it must have one called dataset and no other, or one called train, or train and validation."
)

_TRAINING = (
    taken(
        "a training job's name in use",
        sagemaker("CreateTrainingJob", **training_request("Running")),
        _taken("training job", "training-job", "running"),
    ),
    _image(
        "an image of somebody's to train",
        "docker.io/evil:latest",
        "The image 'docker.io/evil:latest' at 'algorithmSpecification.trainingImage' is not supported by this server: "
        f"choose one of ACCOUNT.dkr.ecr.REGION.amazonaws.com/windvane-NAME:1-cpu-py3 with NAME one of: {_LEARNERS}.",
    ),
    _image(
        "Amazon's linear learner",
        "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:latest",
        "The image '382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:latest' at "
        "'algorithmSpecification.trainingImage' is not supported by this server, which pulls no images: what does its "
        "work here is ACCOUNT.dkr.ecr.REGION.amazonaws.com/windvane-linear-learner:1-cpu-py3.",
    ),
    _image(
        "the step of a candidate that there is not",
        f"{IMAGE}.nope",
        f"The image '{IMAGE}.nope' names the step 'nope', and there is no such step of a candidate: take TrainingImage "
        "from DescribeTrainingJob, or leave out what follows 1-cpu-py3.",
    ),
    _training(
        "no image",
        "The member 'algorithmSpecification.trainingImage' must be specified.",
        AlgorithmSpecification={"TrainingInputMode": "File"},
    ),
    _training(
        "an algorithm of the marketplace",
        f"The member 'algorithmSpecification.algorithmName' {_LEFT_OUT} The member "
        "'algorithmSpecification.trainingImage' must be specified.",
        AlgorithmSpecification={
            "AlgorithmName": "arn:aws:sagemaker:us-east-1:111122223333:algorithm/a",
            "TrainingInputMode": "File",
        },
    ),
    _training(
        "data through a pipe",
        "Value 'Pipe' at 'algorithmSpecification.trainingInputMode' is not supported by this server yet: leave it out or "
        "choose one of: File.",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "Pipe"},
    ),
    _channels(
        "a channel of another name",
        f"InputDataConfig has the channels [test]; {_WHICH}",
        channel("test"),
    ),
    _channels(
        "validation alone", f"InputDataConfig has the channels [validation]; {_WHICH}", _VALIDATION
    ),
    _channels(
        "a dataset and a table",
        f"InputDataConfig has the channels [dataset, train]; {_WHICH}",
        channel(),
        _TABLE,
    ),
    _channels(
        "a table twice",
        f"InputDataConfig has the channels [train, train]; {_WHICH}",
        _TABLE,
        _TABLE,
    ),
    _training("no channel", f"InputDataConfig has the channels []; {_WHICH}", InputDataConfig=None),
    _channels(
        "a channel without S3",
        "The member 'inputDataConfig.1.member.dataSource.s3DataSource' must be specified.",
        {"ChannelName": "dataset", "DataSource": {}},
    ),
    _channels(
        "a table of another kind",
        "Value 'text/libsvm' at 'inputDataConfig.1.member.contentType' is not supported. Choose one of: text/csv (no "
        "header, the target first), text/csv;header=present (the hyperparameter '_target' names the target), "
        "x-application/vnd.amazon+parquet, application/x-parquet.",
        {**_TABLE, "ContentType": "text/libsvm"},
    ),
    _channels(
        "a table with a header and no target",
        "The hyperparameter '_target' must be specified: the name of the column to predict.",
        {**_TABLE, "ContentType": "text/csv;header=present"},
    ),
    _channels(
        "a target of columns without names",
        "The hyperparameter '_target' is 'y', and ContentType text/csv is CSV without a header, the target first: its "
        "columns have no names. Leave '_target' out, or choose text/csv;header=present.",
        {**_TABLE, "ContentType": "text/csv"},
        HyperParameters={"_target": "y"},
    ),
    _channels(
        "tables written in two ways",
        "The channels train and validation are written alike; their ContentTypes are CSV without a header, the target "
        "first and Parquet.",
        {**_TABLE, "ContentType": "text/csv"},
        {**_VALIDATION, "ContentType": "application/x-parquet"},
    ),
    _channels(
        "a dataset that there is not",
        _nothing_at("s3://data/nothing", "data"),
        channel(uri="s3://data/nothing"),
    ),
    _training(
        "two instances",
        "Value '2' at 'resourceConfig.instanceCount' is not supported by this server: a step job runs on 1 instance.",
        ResourceConfig={"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
    ),
    _training(
        "a training of more than thirty days",
        "Value '2592001' at 'stoppingCondition.maxRuntimeInSeconds' must be at least 1 and at most 2592000, which is 30 "
        "days.",
        StoppingCondition={"MaxRuntimeInSeconds": 2_592_001},
    ),
    _training(
        "spot instances",
        f"Value 'true' at 'enableManagedSpotTraining' {_FALSE}",
        EnableManagedSpotTraining=True,
    ),
    _training(
        "variables for training", f"The member 'environment' {_LEFT_OUT}", Environment={"A": "1"}
    ),
    _training(
        "checkpoints",
        f"The member 'checkpointConfig' {_LEFT_OUT}",
        CheckpointConfig={"S3Uri": "s3://results/c"},
    ),
    _training(
        "a debugger",
        f"The member 'debugHookConfig' {_LEFT_OUT}",
        DebugHookConfig={"S3OutputPath": "s3://results/d"},
    ),
    _training(
        "an output of files",
        "Value 'NONE' at 'outputDataConfig.compressionType' is not supported by this server yet: leave it out or choose one of: GZIP.",
        OutputDataConfig={"S3OutputPath": "s3://results/x", "CompressionType": "NONE"},
    ),
    _training(
        "an output over https",
        "Value 'https://results/x' at 'outputDataConfig.s3OutputPath' is not of the form s3://BUCKET/KEY.",
        OutputDataConfig={"S3OutputPath": "https://results/x"},
    ),
    _training(
        "an image with commands",
        f"The member 'algorithmSpecification.containerEntrypoint' {_LEFT_OUT}",
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["sh", "-c", "id"],
        },
    ),
)


def _processing(name: str, text: str, **changes: Any) -> Case:
    return invalid(name, sagemaker("CreateProcessingJob", **split_request("new", **changes)), text)


def _explaining(name: str, text: str, **changes: Any) -> Case:
    return invalid(
        name, sagemaker("CreateProcessingJob", **explain_request("new", **changes)), text
    )


def _outputs(*outputs: dict[str, Any]) -> dict[str, Any]:
    return {"Outputs": list(outputs)}


_PROCESSING = (
    taken(
        "a processing job's name in use",
        sagemaker("CreateProcessingJob", **split_request("RUNNING")),
        _taken("processing job", "processing-job", "running"),
    ),
    _processing(
        "an image of somebody's to process",
        "The image 'python:3' at 'appSpecification.imageUri' is not supported by this server: choose one of "
        "ACCOUNT.dkr.ecr.REGION.amazonaws.com/windvane-NAME:1-cpu-py3 with NAME one of: sklearn-automl, explainer.",
        AppSpecification={"ImageUri": "python:3"},
    ),
    _processing(
        "a command",
        f"The member 'appSpecification.containerEntrypoint' {_LEFT_OUT}",
        AppSpecification={
            "ImageUri": IMAGE.replace("xgboost", "sklearn-automl"),
            "ContainerEntrypoint": ["id"],
        },
    ),
    _processing(
        "two tables",
        "There are 2 ProcessingInputs besides validation and feature-specification; sklearn-automl takes one: the table.",
        ProcessingInputs=[step_input("a", "s3://data/train/"), step_input("b", "s3://data/train/")],
    ),
    _processing(
        "an input from another place",
        "The member 'processingInputs.1.member.s3Input' must be specified.",
        ProcessingInputs=[{"InputName": "table"}],
    ),
    _processing(
        "an output that is not known",
        "ProcessingOutputConfig has 'shadow', which is not known. Those known: dataset, header, tuning_data.",
        ProcessingOutputConfig=_outputs(step_output("dataset"), step_output("shadow")),
    ),
    _processing(
        "an output twice",
        "ProcessingOutputConfig has 'dataset' 2 times; each may be there once.",
        ProcessingOutputConfig=_outputs(step_output("dataset"), step_output("dataset")),
    ),
    _processing(
        "no output",
        "ProcessingOutputConfig must have an output: one or more of: dataset, header, tuning_data.",
        ProcessingOutputConfig=None,
    ),
    _processing(
        "a local path elsewhere",
        "Value '/etc/passwd' at 'processingOutputConfig.outputs.1.member.s3Output.localPath' must begin with "
        "/opt/ml/processing/.",
        ProcessingOutputConfig=_outputs(
            {
                "OutputName": "dataset",
                "S3Output": {
                    "S3Uri": "s3://results/x",
                    "LocalPath": "/etc/passwd",
                    "S3UploadMode": "EndOfJob",
                },
            }
        ),
    ),
    _processing(
        "a target that is not named",
        "The environment variable TARGET_ATTRIBUTE_NAME must be specified.",
        Environment={},
    ),
    _processing(
        "a variable that is not known",
        "The environment variable LD_PRELOAD is not known to sklearn-automl. Those known: TARGET_ATTRIBUTE_NAME, "
        "PROBLEM_TYPE, OBJECTIVE, SAMPLE_WEIGHT_ATTRIBUTE_NAME, VALIDATION_FRACTION.",
        Environment={"TARGET_ATTRIBUTE_NAME": "y", "LD_PRELOAD": "/tmp/x.so"},
    ),
    _processing(
        "a problem that is none",
        "The environment variable PROBLEM_TYPE is 'Clustering'. Choose one of: BinaryClassification, "
        "MulticlassClassification, Regression.",
        Environment={"TARGET_ATTRIBUTE_NAME": "y", "PROBLEM_TYPE": "Clustering"},
    ),
    *(
        _processing(
            f"a share of {share}",
            f"The environment variable VALIDATION_FRACTION is '{share}'; it must be a number greater than 0 and less than 1.",
            Environment={"TARGET_ATTRIBUTE_NAME": "y", "VALIDATION_FRACTION": share},
        )
        for share in ("0", "1", "nan", "-inf", "half", "")
    ),
    _explaining(
        "an explanation of nothing",
        "ProcessingInputs lacks the input 'dataset', which the outputs asked for need.",
        ProcessingInputs=[step_input(name, f"s3://data/{name}") for name in ("model", "output")],
    ),
    _explaining(
        "a candidate of a path",
        "The environment variable CANDIDATE_NAME is '../../x'; it must be of letters, digits and hyphens.",
        Environment={"CANDIDATE_NAME": "../../x"},
    ),
    _processing(
        "a network of its own",
        f"Value 'true' at 'networkConfig.enableNetworkIsolation' {_FALSE}",
        NetworkConfig={"EnableNetworkIsolation": True},
    ),
    _processing(
        "uploads as it goes",
        "Value 'Continuous' at 'processingOutputConfig.outputs.1.member.s3Output.s3UploadMode' is not supported by this "
        "server yet: leave it out or choose one of: EndOfJob.",
        ProcessingOutputConfig=_outputs(
            {
                "OutputName": "dataset",
                "S3Output": {**step_output("dataset")["S3Output"], "S3UploadMode": "Continuous"},
            }
        ),
    ),
    _processing(
        "an output in another account's bucket",
        f'Access denied: the role "{ROLE}" has no "s3:PutObject" permission on bucket "theirs". The bucket belongs to '
        "another account.",
        ProcessingOutputConfig=_outputs(step_output("dataset", "s3://theirs/x")),
    ),
)


def _transform(name: str, text: str, **changes: Any) -> Case:
    return invalid(
        name, sagemaker("CreateTransformJob", **transform_request("new", **changes)), text
    )


def _input(**changes: Any) -> dict[str, Any]:
    return {**transform_request()["TransformInput"], **changes}


_SUPPORTED = "Send one of text/csv, application/json, application/jsonlines, in UTF-8."
_PATHS = "What is known: $, $.name, $['a','b'], $[0], $[-1], $[0,2], $[1:], $[:-1], and * for every member or item."


def _filter(path: str, reason: str) -> Case:
    return _transform(
        f"the filter {path}",
        f"Value '{path}' at 'dataProcessing.inputFilter': The JSONPath '{path}' is malformed: {reason}. {_PATHS}",
        DataProcessing={"InputFilter": path},
    )


_TRANSFORMS = (
    taken(
        "a transform job's name in use",
        sagemaker("CreateTransformJob", **transform_request("running")),
        _taken("transform job", "transform-job", "running"),
    ),
    _transform(
        "a model that there is not", f'Could not find model "{_ROOT}:model/nope".', ModelName="nope"
    ),
    _transform(
        "another account's model",
        f'Could not find model "{_ROOT}:model/theirs".',
        ModelName="theirs",
    ),
    _transform(
        "a training job in a model's place",
        f'Could not find model "{_ROOT}:model/fitted". There is a training job of this name, which did not fit '
        "transformers: create a model of what it made.",
        ModelName="fitted",
    ),
    _transform(
        "transformers that are not fitted yet",
        f"The training job {_ROOT}:training-job/transformers is in status InProgress; its transformers can be used once it "
        "is Completed.",
        ModelName="transformers",
    ),
    _transform(
        "rows of images",
        f"Content type 'image/png' is not supported. {_SUPPORTED}",
        TransformInput=_input(ContentType="image/png"),
    ),
    _transform(
        "rows of another alphabet",
        f"Content type 'text/csv; charset=utf-16' is not supported. {_SUPPORTED}",
        TransformInput=_input(ContentType="text/csv; charset=utf-16"),
    ),
    _transform(
        "answers as images",
        "Accept type 'image/png' is not supported.",
        TransformOutput={"S3OutputPath": "s3://results/x", "Accept": "image/png"},
    ),
    _transform(
        "records of RecordIO",
        "Value 'RecordIO' at 'transformInput.splitType' is not supported by this server yet: leave it out or choose one "
        "of: None, Line.",
        TransformInput=_input(SplitType="RecordIO"),
    ),
    _transform(
        "a payload of 101 MB",
        "Value '101' at 'maxPayloadInMB' must be less than or equal to 100.",
        MaxPayloadInMB=101,
    ),
    _transform(
        "more at once than there may be",
        "MaxConcurrentTransforms (20) times MaxPayloadInMB (6) is 120; it must be less than or equal to 100.",
        MaxConcurrentTransforms=20,
    ),
    _filter("x", "it must begin with $"),
    _filter("$[", "'[' is not understood"),
    _filter("$..a", "'..a' is not understood"),
    _filter("$[?(@.a>1)]", "'[?(@.a>1)]' is not understood"),
    _filter("$[0:2:1]", "'[0:2:1]' is not understood"),
    _filter("$[0][1:][2]", "nothing can follow several members, items or a slice"),
    _transform(
        "names of columns of CSV",
        "Value '$.age' at 'dataProcessing.inputFilter' names members, which rows of text/csv do not have: name their "
        "columns by number, such as $[0] or $[1:].",
        DataProcessing={"InputFilter": "$.age"},
    ),
    _transform(
        "a join of CSV and JSON",
        "TransformOutput.Accept is 'application/json' and TransformInput.ContentType is 'text/csv': with JoinSource or "
        "OutputFilter both must be the same.",
        TransformOutput={"S3OutputPath": "s3://results/x", "Accept": "application/json"},
        DataProcessing={"JoinSource": "Input"},
    ),
    _transform(
        "nothing to answer",
        _nothing_at("s3://data/nothing", "data"),
        TransformInput=_input(
            DataSource={"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/nothing"}}
        ),
    ),
    _transform(
        "keys for answers",
        f"The member 'transformOutput.kmsKeyId' {_LEFT_OUT}",
        TransformOutput={"S3OutputPath": "s3://results/x", "KmsKeyId": "alias/k"},
    ),
    _transform(
        "captured batches",
        f"The member 'dataCaptureConfig' {_LEFT_OUT}",
        DataCaptureConfig={"DestinationS3Uri": "s3://results/x"},
    ),
)


def _missing(operation: str, member: str, kind: str) -> Case:
    words = kind.replace("-", " ")
    return absent(
        f"{operation} of nothing",
        sagemaker(operation, **{member: "nope"}),
        f'Could not find {words} "{_ROOT}:{kind}/nope".',
    )


def _ended(name: str, operation: str, member: str, job: str, words: str, status: str) -> Case:
    return invalid(
        name,
        sagemaker(operation, **{member: job}),
        f"The request was rejected because the {words} is in status {status}. Only a job that is in status InProgress can "
        "be stopped.",
    )


_STATES = (
    _missing("DescribeTrainingJob", "TrainingJobName", "training-job"),
    _missing("DescribeProcessingJob", "ProcessingJobName", "processing-job"),
    _missing("DescribeTransformJob", "TransformJobName", "transform-job"),
    _missing("StopTrainingJob", "TrainingJobName", "training-job"),
    _missing("StopProcessingJob", "ProcessingJobName", "processing-job"),
    _missing("StopTransformJob", "TransformJobName", "transform-job"),
    _ended(
        "an end to a training that has ended",
        "StopTrainingJob",
        "TrainingJobName",
        "fitted",
        "training job",
        "Completed",
    ),
    _ended(
        "an end to a processing that failed",
        "StopProcessingJob",
        "ProcessingJobName",
        "ended",
        "processing job",
        "Failed",
    ),
    _ended(
        "an end to a transform that was stopped",
        "StopTransformJob",
        "TransformJobName",
        "ended",
        "transform job",
        "Stopped",
    ),
    invalid(
        "an end to a step of a job",
        sagemaker("StopTrainingJob", TrainingJobName="churn-step"),
        f"The training job is a step of {_ROOT}:automl-job/churn and cannot be stopped by itself: stop that job.",
    ),
    invalid(
        "training jobs of a warm pool",
        sagemaker("ListTrainingJobs", WarmPoolStatusEquals="InUse"),
        f"The member 'warmPoolStatusEquals' {_LEFT_OUT}",
    ),
)

CASES = (*_TRAINING, *_PROCESSING, *_TRANSFORMS, *_STATES)
