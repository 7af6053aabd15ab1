"""CreateTrainingJob and CreateProcessingJob, and the operations on step jobs.

source    autopilot.md 1.2, 1.4 and 5.1; docs/step-jobs.md says what is taken
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
from hostile.case import Case, invalid, taken
from hostile.wording import FALSE_ALONE, LEFT_OUT, ROOT, name_taken, nothing_at

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


_TABLE = channel("train", "s3://data/train/")

_VALIDATION = channel("validation", "s3://data/train/")

_WHICH = (
    "it must have one called dataset and no other, or one called train, or train and validation, and "
    "feature-specification with them if wanted."
)

_TRAINING = (
    taken(
        "a training job's name in use",
        sagemaker("CreateTrainingJob", **training_request("Running")),
        name_taken("training job", "training-job", "running"),
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
        f"The member 'algorithmSpecification.algorithmName' {LEFT_OUT} The member "
        "'algorithmSpecification.trainingImage' must be specified.",
        AlgorithmSpecification={
            "AlgorithmName": "arn:aws:sagemaker:us-east-1:111122223333:algorithm/a",
            "TrainingInputMode": "File",
        },
    ),
    _training(
        "data through a pipe",
        "Value 'Pipe' at 'algorithmSpecification.trainingInputMode' is not supported by this server: leave it out or "
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
        nothing_at("s3://data/nothing", "data"),
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
        f"Value 'true' at 'enableManagedSpotTraining' {FALSE_ALONE}",
        EnableManagedSpotTraining=True,
    ),
    _training(
        "variables for training", f"The member 'environment' {LEFT_OUT}", Environment={"A": "1"}
    ),
    _training(
        "checkpoints",
        f"The member 'checkpointConfig' {LEFT_OUT}",
        CheckpointConfig={"S3Uri": "s3://results/c"},
    ),
    _training(
        "a debugger",
        f"The member 'debugHookConfig.collectionConfigurations' {LEFT_OUT}",
        DebugHookConfig={
            "S3OutputPath": "s3://results/d",
            "CollectionConfigurations": [{"CollectionName": "losses"}],
        },
    ),
    _training(
        "an output of files",
        "Value 'NONE' at 'outputDataConfig.compressionType' is not supported by this server: leave it out or choose one of: GZIP.",
        OutputDataConfig={"S3OutputPath": "s3://results/x", "CompressionType": "NONE"},
    ),
    _training(
        "an output over https",
        "Value 'https://results/x' at 'outputDataConfig.s3OutputPath' is not of the form s3://BUCKET/KEY.",
        OutputDataConfig={"S3OutputPath": "https://results/x"},
    ),
    _training(
        "an image with commands",
        f"The member 'algorithmSpecification.containerEntrypoint' {LEFT_OUT}",
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
        name_taken("processing job", "processing-job", "running"),
    ),
    _processing(
        "an image of somebody's to process",
        "The image 'python:3' at 'appSpecification.imageUri' is not supported by this server: choose one of "
        "ACCOUNT.dkr.ecr.REGION.amazonaws.com/windvane-NAME:1-cpu-py3 with NAME one of: sklearn-automl, explainer.",
        AppSpecification={"ImageUri": "python:3"},
    ),
    _processing(
        "a command",
        f"The member 'appSpecification.containerEntrypoint' {LEFT_OUT}",
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
        "PROBLEM_TYPE, OBJECTIVE, SAMPLE_WEIGHT_ATTRIBUTE_NAME, TEXT_COLUMN, VALIDATION_FRACTION.",
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
        "Value 'sg-1' at 'networkConfig.vpcConfig.securityGroupIds.1.member' is not declared on this server "
        "([[networks]] in its configuration): declared are: sg-a.",
        NetworkConfig={"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-a"]}},
    ),
    _processing(
        "uploads as it goes",
        "Value 'Continuous' at 'processingOutputConfig.outputs.1.member.s3Output.s3UploadMode' is not supported by this "
        "server: leave it out or choose one of: EndOfJob.",
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


_NO_TRAINING = "Requested resource not found: training job with name"
_NO_JOB = "Could not find requested job with name"


def _missing(operation: str, member: str, told: str) -> Case:
    return invalid(
        f"{operation} of nothing", sagemaker(operation, **{member: "nope"}), f"{told}: nope."
    )


def _ended(name: str, operation: str, member: str, job: str, words: str, status: str) -> Case:
    return invalid(
        name,
        sagemaker(operation, **{member: job}),
        f"The request was rejected because the {words} is in status {status}. Only a job that is in status InProgress can "
        "be stopped.",
    )


_STATES = (
    _missing("DescribeTrainingJob", "TrainingJobName", _NO_TRAINING),
    _missing("DescribeProcessingJob", "ProcessingJobName", _NO_JOB),
    _missing("DescribeTransformJob", "TransformJobName", _NO_JOB),
    _missing("StopTrainingJob", "TrainingJobName", _NO_TRAINING),
    _missing("StopProcessingJob", "ProcessingJobName", _NO_JOB),
    _missing("StopTransformJob", "TransformJobName", _NO_JOB),
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
        f"The training job is a step of {ROOT}:automl-job/churn and cannot be stopped by itself: stop that job.",
    ),
    invalid(
        "training jobs of a warm pool",
        sagemaker("ListTrainingJobs", WarmPoolStatusEquals="InUse"),
        f"The member 'warmPoolStatusEquals' {LEFT_OUT}",
    ),
)

CASES = (
    *_TRAINING,
    *_PROCESSING,
    *_STATES,
)
