"""Requests of V2 in the words of the first API and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.api.automl_request.v2 import in_v1_words, in_v2_words, place_in_v2
from windvane.control.members import Translated, called, found

_CHANNEL = st.fixed_dictionaries(
    {"DataSource": st.just({"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}})},
    optional={
        "ChannelType": st.sampled_from(["training", "validation"]),
        "ContentType": st.text(),
        "CompressionType": st.just("Gzip"),
    },
)
_ALGORITHMS = st.fixed_dictionaries(
    {"AlgorithmsConfig": st.lists(st.just({"AutoMLAlgorithms": ["mlp"]}), max_size=1)}
)
_TABULAR = st.fixed_dictionaries(
    {"TargetAttributeName": st.text(min_size=1)},
    optional={
        "CandidateGenerationConfig": _ALGORITHMS,
        "CompletionCriteria": st.sampled_from([{}, {"MaxCandidates": 3}]),
        "FeatureSpecificationS3Uri": st.just("s3://b/f.json"),
        "Mode": st.sampled_from(["AUTO", "ENSEMBLING"]),
        "GenerateCandidateDefinitionsOnly": st.booleans(),
        "ProblemType": st.just("Regression"),
        "SampleWeightAttributeName": st.just("w"),
    },
)
_REQUEST = st.fixed_dictionaries(
    {
        "AutoMLJobName": st.just("j"),
        "AutoMLJobInputDataConfig": st.lists(_CHANNEL, min_size=1, max_size=2),
        "OutputDataConfig": st.just({"S3OutputPath": "s3://b/o"}),
        "RoleArn": st.just("r"),
        "AutoMLProblemTypeConfig": st.fixed_dictionaries({"TabularJobConfig": _TABULAR}),
    },
    optional={
        "AutoMLJobObjective": st.just({"MetricName": "MSE"}),
        "ModelDeployConfig": st.just({}),
        "SecurityConfig": st.sampled_from([{}, {"EnableInterContainerTrafficEncryption": False}]),
        "DataSplitConfig": st.sampled_from([{}, {"ValidationFraction": 0.3}]),
        "AutoMLComputeConfig": st.just({}),
    },
)


@given(_REQUEST)
def test_there_and_back_nothing_is_lost(request: dict[str, Any]) -> None:
    assert in_v2_words(in_v1_words(request)) == request


def test_every_member_has_its_place_in_the_first_api() -> None:
    translated = in_v1_words(
        {
            "AutoMLJobInputDataConfig": [
                {"ChannelType": "training"},
                {"ChannelType": "validation"},
            ],
            "AutoMLProblemTypeConfig": {
                "TabularJobConfig": {
                    "TargetAttributeName": "y",
                    "SampleWeightAttributeName": "w",
                    "FeatureSpecificationS3Uri": "s3://b/f.json",
                    "CandidateGenerationConfig": {"AlgorithmsConfig": []},
                    "Mode": "ENSEMBLING",
                }
            },
            "DataSplitConfig": {"ValidationFraction": 0.3},
        }
    )
    of_all = {"TargetAttributeName": "y", "SampleWeightAttributeName": "w"}
    assert translated == {
        "InputDataConfig": [
            {"ChannelType": "training", **of_all},
            {"ChannelType": "validation", **of_all},
        ],
        "AutoMLJobConfig": {
            "CandidateGenerationConfig": {
                "AlgorithmsConfig": [],
                "FeatureSpecificationS3Uri": "s3://b/f.json",
            },
            "Mode": "ENSEMBLING",
            "DataSplitConfig": {"ValidationFraction": 0.3},
        },
    }


@pytest.mark.parametrize(
    ("place", "in_v2"),
    [
        (
            "autoMLJobConfig.dataSplitConfig.validationFraction",
            "dataSplitConfig.validationFraction",
        ),
        (
            "autoMLJobConfig.candidateGenerationConfig.featureSpecificationS3Uri",
            "autoMLProblemTypeConfig.tabularJobConfig.featureSpecificationS3Uri",
        ),
        (
            "inputDataConfig.2.member.sampleWeightAttributeName",
            "autoMLProblemTypeConfig.tabularJobConfig.sampleWeightAttributeName",
        ),
        ("inputDataConfig.2.member.dataSource", "autoMLJobInputDataConfig.2.member.dataSource"),
        ("outputDataConfig.s3OutputPath", "outputDataConfig.s3OutputPath"),
    ],
)
def test_places_are_called_as_v2_calls_them(place: str, in_v2: str) -> None:
    assert place_in_v2(place) == in_v2


def test_what_rules_find_is_called_as_the_request_calls_it() -> None:
    """Whatever the values in it are: they are no part of a place."""
    request = Translated({"InputDataConfig": [{"ContentType": "'inputDataConfig.1'"}]}, place_in_v2)
    [told] = found(request, "InputDataConfig.*.ContentType")
    assert told == ("autoMLJobInputDataConfig.1.member.contentType", "'inputDataConfig.1'")
    assert called(dict(request), "inputDataConfig") == "inputDataConfig"
