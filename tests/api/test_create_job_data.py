"""CreateAutoMLJob: channels, their split, weights and features."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api.test_create_auto_ml_job import job_of, refused, with_config
from api.world import READER, World, channel, job_request

from windvane.api.automl_request.data_rules import DATA_RULES
from windvane.control.rules import check
from windvane.domain.features import (
    EVERYTHING,
    NO_FILE,
    FeatureSpecification,
    FeatureType,
    SpecificationFile,
)
from windvane.errors import InvalidRequest

HELD_OUT = "s3://data/held-out/"
SPECIFICATION = "s3://data/features.json"
PARQUET = "x-application/vnd.amazon+parquet"


def two_channels(**changes: Any) -> dict[str, Any]:
    """changes    of the validation channel"""
    held_out = {"ChannelType": "validation", **changes}
    return {"InputDataConfig": [channel(ChannelType="training"), channel(HELD_OUT, **held_out)]}


def specified(world: World, document: Any, uri: str = SPECIFICATION) -> dict[str, Any]:
    world.put(uri, document if isinstance(document, bytes) else json.dumps(document).encode())
    return with_config(CandidateGenerationConfig={"FeatureSpecificationS3Uri": uri})


def told_by_file(world: World) -> SpecificationFile:
    """As the task that analyses the data has it."""
    job = job_of(world)
    assert job.features == EVERYTHING
    with world.store.snapshot() as tx:
        [task] = tx.tasks(job.arn)
    return SpecificationFile.from_json(task.payload)


def test_a_validation_channel_is_accepted_in_either_place_and_echoed(world: World) -> None:
    world.put(f"{HELD_OUT}v.csv")
    request = two_channels(CompressionType="Gzip")
    for name, channels in (
        ("one", request["InputDataConfig"]),
        ("two", request["InputDataConfig"][::-1]),
    ):
        world.create_job(name, InputDataConfig=channels)
        told = world.client().describe_auto_ml_job(AutoMLJobName=name)
        assert told["InputDataConfig"] == channels


def test_a_fraction_is_accepted_and_echoed(world: World) -> None:
    world.create_job(**with_config(DataSplitConfig={"ValidationFraction": 0.25}))
    told = world.client().describe_auto_ml_job(AutoMLJobName="churn")
    assert told["AutoMLJobConfig"]["DataSplitConfig"] == {"ValidationFraction": 0.25}


def test_a_feature_specification_is_read_when_the_job_is_created(world: World) -> None:
    document = {"FeatureAttributeNames": ["a", "b"], "FeatureDataTypes": {"b": "text"}}
    request = specified(world, document)
    world.create_job(**request)
    named = FeatureSpecification(("a", "b"), {"b": FeatureType.TEXT})
    assert told_by_file(world) == SpecificationFile(named)
    client = world.client()
    told = client.describe_auto_ml_job(AutoMLJobName="churn")
    assert told["AutoMLJobConfig"] == request["AutoMLJobConfig"]
    told = client.describe_auto_ml_job_v2(AutoMLJobName="churn")
    tabular = told["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert tabular["FeatureSpecificationS3Uri"] == SPECIFICATION


def test_without_a_specification_everything_is_used(world: World) -> None:
    world.create_job()
    assert told_by_file(world) == NO_FILE


def test_a_specification_may_say_how_rows_are_split(world: World) -> None:
    world.create_job("groups", **specified(world, {"WindvaneGroupColumn": "a"}))
    with world.store.snapshot() as tx:
        [task] = tx.tasks(job_of(world, "groups").arn)
    assert SpecificationFile.from_json(task.payload) == SpecificationFile(group_column="a")


def test_a_split_and_a_validation_channel_do_not_go_together(world: World) -> None:
    world.put(f"{HELD_OUT}v.csv")
    request = {**specified(world, {"WindvaneTimeColumn": "a"}), **two_channels()}
    message = refused(world, **request)
    assert f'"{SPECIFICATION}" has WindvaneTimeColumn, and there is a validation channel' in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"InputDataConfig": [channel(ChannelType="validation")]},
            "InputDataConfig has no training channel: a single channel must be of the type training.",
        ),
        (
            {"InputDataConfig": [channel(), channel()]},
            (
                "InputDataConfig has 2 channels of the types [training, training]; it must have one channel of the type "
                "training, or one of the type training and one of the type validation."
            ),
        ),
        (
            {"InputDataConfig": [channel(ChannelType="validation")] * 2},
            (
                "InputDataConfig has 2 channels of the types [validation, validation]; it must have one channel of the type "
                "training, or one of the type training and one of the type validation."
            ),
        ),
        (
            two_channels(ContentType=PARQUET),
            (
                "The training and the validation channel must have the same ContentType; they have "
                f"text/csv;header=present and {PARQUET}."
            ),
        ),
        (
            two_channels(TargetAttributeName="z"),
            "The training and the validation channel must have the same TargetAttributeName; they have 'y' and 'z'.",
        ),
        (
            two_channels() | with_config(DataSplitConfig={"ValidationFraction": 0.2}),
            (
                "ValidationFraction must not be specified in DataSplitConfig when InputDataConfig has a validation "
                "channel: its rows are the ones that are validated."
            ),
        ),
        (
            with_config(DataSplitConfig={"ValidationFraction": 0.0}),
            "Value '0' at 'autoMLJobConfig.dataSplitConfig.validationFraction' must be greater than 0 and less than 1.",
        ),
        (
            with_config(DataSplitConfig={"ValidationFraction": 1.0}),
            "Value '1' at 'autoMLJobConfig.dataSplitConfig.validationFraction' must be greater than 0 and less than 1.",
        ),
        (
            {"InputDataConfig": [channel(SampleWeightAttributeName="w")]},
            "SampleWeightAttributeName can be specified only with the Mode ENSEMBLING; no Mode is given.",
        ),
        (
            {
                "InputDataConfig": [channel(SampleWeightAttributeName="w")],
                **with_config(Mode="HYPERPARAMETER_TUNING"),
            },
            (
                "SampleWeightAttributeName can be specified only with the Mode ENSEMBLING; the Mode is "
                "HYPERPARAMETER_TUNING."
            ),
        ),
        (
            with_config(CandidateGenerationConfig={"FeatureSpecificationS3Uri": "https://x/f"}),
            (
                "Value 'https://x/f' at 'autoMLJobConfig.candidateGenerationConfig.featureSpecificationS3Uri' is not of "
                "the form s3://BUCKET/KEY."
            ),
        ),
        (
            with_config(CandidateGenerationConfig={"FeatureSpecificationS3Uri": "s3://data/none"}),
            'Could not find the feature specification file "s3://data/none". Please ensure that the object exists.',
        ),
    ],
)
def test_what_the_data_cannot_be_is_refused(
    world: World, changes: dict[str, Any], message: str
) -> None:
    world.put(f"{HELD_OUT}v.csv")
    assert refused(world, **changes) == message


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (b"col1,col2", "it is not JSON"),
        ({"FeatureAttributeNames": ["y"]}, "FeatureAttributeNames names 'y', which is the target"),
        ({"FeatureDataTypes": {"a": "sequence"}}, "the type sequence, which is not supported"),
        ({"Columns": []}, "the key 'Columns' is not known"),
    ],
)
def test_a_malformed_specification_is_refused_with_its_key(
    world: World, document: Any, told: str
) -> None:
    message = refused(world, **specified(world, document))
    assert message.startswith(f'The feature specification file "{SPECIFICATION}" is malformed: ')
    assert told in message


def test_a_specification_that_is_no_small_file_is_refused(world: World) -> None:
    message = refused(world, **specified(world, b" " * (1024**2 + 1)))
    assert "has 1048577 bytes; at most 1048576 are read" in message


def test_the_role_must_be_allowed_to_read_what_is_named(world: World) -> None:
    world.put("s3://secret/v.csv")
    held_out = channel("s3://secret/", ChannelType="validation")
    message = refused(world, RoleArn=READER, InputDataConfig=[channel(), held_out])
    assert 'has no "s3:ListBucket" permission on bucket "secret"' in message
    message = refused(world, RoleArn=READER, **specified(world, {}, "s3://secret/f.json"))
    assert 'has no "s3:GetObject" permission on bucket "secret"' in message


def test_a_validation_channel_without_objects_is_refused(world: World) -> None:
    message = refused(world, **two_channels())
    assert message.startswith(f'No S3 objects found under S3 URL "{HELD_OUT}"')


def test_weights_are_for_ensembles_and_the_same_in_both_channels() -> None:
    ensembling = with_config(Mode="ENSEMBLING")
    one, other = channel(SampleWeightAttributeName="w"), channel(ChannelType="validation")
    check(DATA_RULES, job_request(InputDataConfig=[one], **ensembling))
    same = {**other, "SampleWeightAttributeName": "w"}
    check(DATA_RULES, job_request(InputDataConfig=[one, same], **ensembling))
    with pytest.raises(InvalidRequest, match="same SampleWeightAttributeName; they have 'w' and n"):
        check(DATA_RULES, job_request(InputDataConfig=[one, other], **ensembling))
    target = channel(SampleWeightAttributeName="y")
    with pytest.raises(InvalidRequest, match="'y' is named as TargetAttributeName and as Sample"):
        check(DATA_RULES, job_request(InputDataConfig=[target], **ensembling))
