"""CreateAutoMLJob: channels, buckets, roles, manifests and feature specifications.

source    rules: autopilot.md 2.3, 2.4 and 2.7; texts: 1.4. Where AWS's text is not known ours names the member, its value,
          and what would be right
"""

from __future__ import annotations

from typing import Any

from api.world import OUTPUT, READER, ROLE, channel, job_request
from hostile.asking import OTHER_ACCOUNT, sagemaker
from hostile.case import Case, invalid
from hostile.grammar import broken, longest, null
from hostile.wording import (
    NOT_S3,
    denied,
    nothing_at,
)


def _job(name: str, text: str, **changes: Any) -> Case:
    return invalid(name, sagemaker("CreateAutoMLJob", **job_request("new", **changes)), text)


def _channels(name: str, text: str, *channels: dict[str, Any], **changes: Any) -> Case:
    return _job(name, text, InputDataConfig=list(channels), **changes)


def _config(name: str, text: str, **config: Any) -> Case:
    return _job(name, text, AutoMLJobConfig=config)


_TRAIN, _VALID = channel(ChannelType="training"), channel(ChannelType="validation")

_CHANNELS = (
    _channels(
        "a validation channel alone",
        "InputDataConfig has no training channel: a single channel must be of the type training.",
        _VALID,
    ),
    _channels(
        "two training channels",
        "InputDataConfig has 2 channels of the types [training, training]; it must have one channel of the type "
        "training, or one of the type training and one of the type validation.",
        _TRAIN,
        channel(),
    ),
    _channels(
        "channels of two content types",
        "The training and the validation channel must have the same ContentType; they have text/csv;header=present and "
        "x-application/vnd.amazon+parquet.",
        _TRAIN,
        {**_VALID, "ContentType": "x-application/vnd.amazon+parquet"},
    ),
    _channels(
        "channels of two targets",
        "The training and the validation channel must have the same TargetAttributeName; they have 'y' and 'z'.",
        _TRAIN,
        {**_VALID, "TargetAttributeName": "z"},
    ),
    _channels(
        "a content type that is not read",
        "Value 'image/png' at 'inputDataConfig.1.member.contentType' is not supported. Choose one of: "
        "text/csv;header=present, x-application/vnd.amazon+parquet.",
        channel(ContentType="image/png"),
    ),
    _channels(
        "a table without a header",
        "Value 'text/csv;header=absent' at 'inputDataConfig.1.member.contentType' is not supported. Choose one of: "
        "text/csv;header=present, x-application/vnd.amazon+parquet.",
        channel(ContentType="text/csv;header=absent"),
    ),
    _channels(
        "Parquet in Gzip",
        "CompressionType Gzip does not go with ContentType x-application/vnd.amazon+parquet: Parquet files are "
        "compressed inside. Leave CompressionType out.",
        channel(ContentType="x-application/vnd.amazon+parquet", CompressionType="Gzip"),
    ),
    _channels(
        "an augmented manifest",
        "Value 'AugmentedManifestFile' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3DataType' is not supported "
        "by this server: leave it out or choose one of: S3Prefix, ManifestFile.",
        channel(kind="AugmentedManifestFile"),
    ),
    _channels(
        "no source",
        "1 validation error detected: " + null("inputDataConfig.1.member.dataSource"),
        {"TargetAttributeName": "y"},
    ),
    *(
        _channels(
            f"data at {uri}",
            f"Value '{uri}' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3Uri' {NOT_S3}",
            channel(uri),
        )
        for uri in (
            "https://data/train/",
            "s3://a b/c",
            "s3://<script>/x",
            "s3://data%2F..%2Ftheirs/x",
        )
    ),
    _channels(
        "weights without a mode",
        "SampleWeightAttributeName can be specified only with the Mode ENSEMBLING; no Mode is given.",
        channel(SampleWeightAttributeName="w"),
    ),
    _channels(
        "weights in tuning",
        "SampleWeightAttributeName can be specified only with the Mode ENSEMBLING; the Mode is HYPERPARAMETER_TUNING.",
        channel(SampleWeightAttributeName="w"),
        AutoMLJobConfig={"Mode": "HYPERPARAMETER_TUNING"},
    ),
    _channels(
        "weights that are the target",
        "'y' is named as TargetAttributeName and as SampleWeightAttributeName; a column can be one of them.",
        channel(SampleWeightAttributeName="y"),
        AutoMLJobConfig={"Mode": "ENSEMBLING"},
    ),
)


def _cannot_assume(role: str) -> str:
    return (
        f"The role {role} cannot be assumed. Please ensure that the role exists: it must be {ROLE}, be made with "
        "CreateRole, or be declared in the server's configuration, section [[roles]], for the account 111122223333."
    )


_FOREIGN_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/windvane"

_DATA = (
    _channels(
        "an empty prefix", nothing_at("s3://data/nothing", "data"), channel("s3://data/nothing")
    ),
    _channels(
        "a bucket that there is not",
        nothing_at("s3://nowhere/x", "nowhere"),
        channel("s3://nowhere/x"),
    ),
    _channels(
        "a prefix of dots",
        nothing_at("s3://data/../theirs/a.csv", "data"),
        channel("s3://data/../theirs/a.csv"),
    ),
    _channels(
        "a prefix of escapes",
        nothing_at("s3://data/%2e%2e/theirs/", "data"),
        channel("s3://data/%2e%2e/theirs/"),
    ),
    _channels(
        "a bucket of dots",
        f"Value 's3://../../etc/passwd' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3Uri' {NOT_S3}",
        channel("s3://../../etc/passwd"),
    ),
    _channels(
        "a bucket of one dot",
        f"Value 's3://./data' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3Uri' {NOT_S3}",
        channel("s3://./data"),
    ),
    _channels(
        "the bucket of another account",
        denied("s3:ListBucket", "theirs", "The bucket belongs to another account."),
        channel("s3://theirs/a.csv"),
    ),
    _job(
        "an output in the bucket of another account",
        denied("s3:PutObject", "theirs", "The bucket belongs to another account."),
        OutputDataConfig={"S3OutputPath": "s3://theirs/x"},
    ),
    _job(
        "an output in a bucket that there is not",
        'Could not find the bucket "nowhere" of S3 URL "s3://nowhere/x" given in output data config. Please ensure that '
        f'the bucket exists in the selected region (us-east-1), and that the role "{ROLE}" has "s3:PutObject" '
        "permissions on it.",
        OutputDataConfig={"S3OutputPath": "s3://nowhere/x"},
    ),
    _job(
        "an output too long",
        broken(f"s3://results/{'o' * 116}", "outputDataConfig.s3OutputPath", longest(128)),
        OutputDataConfig={"S3OutputPath": f"s3://results/{'o' * 116}"},
    ),
    _job(
        "an output over https",
        f"Value 'https://results/x' at 'outputDataConfig.s3OutputPath' {NOT_S3}",
        OutputDataConfig={"S3OutputPath": "https://results/x"},
    ),
    _job(
        "a role that may not write there",
        denied("s3:PutObject", "data", "The role's declaration does not name the bucket.", READER),
        RoleArn=READER,
        OutputDataConfig={"S3OutputPath": "s3://data/x"},
    ),
    _channels(
        "a role that may not read there",
        denied(
            "s3:ListBucket", "results", "The role's declaration does not name the bucket.", READER
        ),
        channel("s3://results/"),
        RoleArn=READER,
    ),
    *(
        _job(name, _cannot_assume(role), RoleArn=role)
        for name, role in {
            "a role that there is not": "arn:aws:iam::111122223333:role/nobody",
            "the role of another account": _FOREIGN_ROLE,
            "a role whose name is another's beginning": f"{ROLE}x",
            "a role below another path": "arn:aws:iam::111122223333:role/x/windvane",
            "a role in capitals": "arn:aws:iam::111122223333:role/WINDVANE",
        }.items()
    ),
    _job(
        "keys for the output",
        "The KMS key 'alias/k' at 'outputDataConfig.kmsKeyId' cannot be used: Alias "
        "arn:aws:kms:us-east-1:111122223333:alias/k is not found.",
        OutputDataConfig={"S3OutputPath": OUTPUT, "KmsKeyId": "alias/k"},
    ),
)

_MANIFEST_FORM = 'It must be a JSON list: first {"prefix": "s3://BUCKET/PREFIX/"}, then the keys of one or more objects relative to it.'


def _manifest(name: str, file: str, text: str) -> Case:
    return _channels(name, text, channel(f"s3://data/{file}.manifest", "ManifestFile"))


def _malformed(name: str, file: str, reason: str) -> Case:
    text = f'The manifest file "s3://data/{file}.manifest" is malformed: {reason}. {_MANIFEST_FORM}'
    return _manifest(name, file, text)


_MANIFESTS = (
    _manifest(
        "a manifest that there is not",
        "nope",
        'Could not find the manifest file "s3://data/nope.manifest".',
    ),
    _malformed(
        "a manifest that is no JSON",
        "no-json",
        "it is not JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte)",
    ),
    _malformed("a manifest of a hundred thousand lists", "deep", "it is nested too deeply"),
    _malformed("a manifest that is an object", "object", "it is not a list"),
    _malformed("a manifest without a prefix", "headless", "its first item is not a prefix"),
    _malformed("a manifest that names nothing", "empty", "it names no object"),
    _malformed(
        "a manifest of a bucket of dots",
        "dots",
        "'s3://../a.csv' is not of the form s3://BUCKET/KEY",
    ),
    _malformed(
        "a manifest of a bucket with a space",
        "spaces",
        "'s3://a b/a.csv' is not of the form s3://BUCKET/KEY",
    ),
    _manifest(
        "a manifest of a key without end",
        "long",
        f'The object "s3://data/{"k" * 5000}" named in the manifest file "s3://data/long.manifest" does not exist.',
    ),
    _malformed("a manifest of numbers", "numbers", "item 2 is not the key of an object"),
    _manifest(
        "a manifest that names what there is not",
        "dangling",
        'The object "s3://data/train/nope.csv" named in the manifest file "s3://data/dangling.manifest" does not exist.',
    ),
    _manifest(
        "a manifest of another account's objects",
        "others",
        denied("s3:GetObject", "theirs", "The bucket belongs to another account."),
    ),
)


def _features(name: str, file: str, text: str) -> Case:
    generation = {"FeatureSpecificationS3Uri": f"s3://data/{file}"}
    return _config(name, text, CandidateGenerationConfig=generation)


def _bad_features(name: str, file: str, reason: str) -> Case:
    text = f'The feature specification file "s3://data/{file}" is malformed: {reason}.'
    return _features(name, file, text)


_SPECIFICATIONS = (
    _features(
        "features that there are not",
        "nope.json",
        'Could not find the feature specification file "s3://data/nope.json". Please ensure that the object exists.',
    ),
    _bad_features(
        "features that are no JSON",
        "no-json.json",
        "it is not JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte)",
    ),
    _bad_features("features in a hundred thousand lists", "deep.json", "it is nested too deeply"),
    _bad_features("features in a list", "list.json", "it is not a JSON object"),
    _bad_features(
        "the target among the features",
        "target.json",
        "FeatureAttributeNames names 'y', which is the target",
    ),
    _bad_features(
        "a feature twice", "twice.json", "FeatureAttributeNames names 'a' more than once"
    ),
    _bad_features(
        "a key of features that is not known",
        "unknown.json",
        "the key 'Features' is not known: there are FeatureAttributeNames, FeatureDataTypes, WindvaneGroupColumn and "
        "WindvaneTimeColumn",
    ),
    _bad_features(
        "a feature of a type that is none",
        "types.json",
        "FeatureDataTypes gives 'a' the type 'colour'; choose one of: numeric, categorical, text, datetime",
    ),
)

CASES = (
    *_CHANNELS,
    *_DATA,
    *_MANIFESTS,
    *_SPECIFICATIONS,
)
