"""JSON bodies: what is read, what is refused and how, and what is written."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.errors import Malformed
from windvane.wire.jsonbody import read_json, write_json
from windvane.wire.model import load_service
from windvane.wire.scalars import UnfitResult

SAGEMAKER = load_service("sagemaker")


def read(body, operation="CreateAutoMLJob"):
    return read_json(body, SAGEMAKER.operation(operation).input_shape)


def write(result, operation="DescribeAutoMLJob"):
    return write_json(result, SAGEMAKER.operation(operation).output_shape)


def test_nulls_count_as_absent():
    assert read(b'{"AutoMLJobName": null, "ProblemType": "Regression"}') == {
        "ProblemType": "Regression"
    }


def test_a_null_in_a_list_is_kept_for_the_validation():
    assert read(b'{"InputDataConfig": [null]}') == {"InputDataConfig": [None]}


def test_unknown_members_are_ignored():
    assert read(b'{"AutoMLJobName": "a", "Novelty": {"x": [1]}}') == {"AutoMLJobName": "a"}


def test_an_empty_body_is_an_empty_object():
    assert read(b"", "ListAutoMLJobs") == {}


def test_a_whole_number_may_be_written_with_a_fraction():
    assert read(b'{"MaxResults": 10.0}', "ListAutoMLJobs") == {"MaxResults": 10}


@pytest.mark.parametrize("text", ["1700000000.5", '"2023-11-14T22:13:20.5Z"'])
def test_a_timestamp_is_seconds_or_iso_8601(text):
    moment = read(f'{{"CreationTimeAfter": {text}}}'.encode(), "ListAutoMLJobs")
    assert moment == {"CreationTimeAfter": datetime(2023, 11, 14, 22, 13, 20, 500_000, UTC)}


MALFORMED = {
    "no JSON": b"{",
    "an array": b"[]",
    "a string": b'"a"',
    "a number": b"1",
    "null": b"null",
    "two documents": b"{} {}",
    "not UTF-8": b'{"AutoMLJobName": "\xff"}',
    "UTF-16": '{"AutoMLJobName": "a"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a duplicate key": b'{"AutoMLJobName": "a", "AutoMLJobName": "b"}',
    "a duplicate key inside": b'{"OutputDataConfig": {"KmsKeyId": "a", "KmsKeyId": "a"}}',
    "NaN": b'{"X": NaN}',
    "Infinity": b'{"X": -Infinity}',
    "deep nesting": b'{"X": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "half a surrogate pair": b'{"AutoMLJobName": "\\ud800"}',
    "a null character": b'{"AutoMLJobName": "a\\u0000"}',
    "a control character": b'{"AutoMLJobName": "a\nb"}',
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_body_that_cannot_be_read_is_malformed(case):
    with pytest.raises(Malformed):
        read(MALFORMED[case])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b'{"AutoMLJobName": 1}',
            "NUMBER_VALUE can not be converted to a String at 'autoMLJobName'",
        ),
        (b'{"AutoMLJobName": ["a"]}', "START_ARRAY can not be converted to a String"),
        (b'{"InputDataConfig": {}}', "START_OBJECT can not be converted to a list"),
        (b'{"OutputDataConfig": "s3://b"}', "STRING_VALUE can not be converted to a structure"),
        (b'{"InputDataConfig": [1]}', "to a structure at 'inputDataConfig.1.member'"),
        (
            b'{"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": "1"}}}',
            "to an Integer at 'autoMLJobConfig.completionCriteria.maxCandidates'",
        ),
        (
            b'{"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 1.5}}}',
            "NUMBER_VALUE can not be converted to an Integer",
        ),
        (
            b'{"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": true}}}',
            "BOOLEAN_VALUE can not be converted to an Integer",
        ),
        (
            b'{"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 2147483648}}}',
            "must be from -2147483648 to 2147483647",
        ),
        (
            b'{"AutoMLJobConfig": {"DataSplitConfig": {"ValidationFraction": 1e999}}}',
            "out of range",
        ),
        (
            b'{"AutoMLJobConfig": {"DataSplitConfig": {"ValidationFraction": "0.2"}}}',
            "STRING_VALUE can not be converted to a Float",
        ),
        (
            b'{"GenerateCandidateDefinitionsOnly": 1}',
            "NUMBER_VALUE can not be converted to a Boolean",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_malformed(body, words):
    with pytest.raises(Malformed, match=words):
        read(body)


@pytest.mark.parametrize("number", ["9" * 400, "9" * 5000, "1e400", "-1e17"])
def test_a_timestamp_out_of_range_is_malformed(number):
    with pytest.raises(Malformed):
        read(f'{{"CreationTimeAfter": {number}}}'.encode(), "ListAutoMLJobs")


def test_a_recursive_request_has_a_limit():
    body = b'{"SubExpressions": [' * 100 + b"{}" + b"]}" * 100
    with pytest.raises(Malformed, match="nested more than 64 levels"):
        read(b'{"Resource": "Endpoint", "SearchExpression": ' + body + b"}", "Search")


def test_absent_members_are_left_out_and_moments_are_seconds():
    moment = datetime(2022, 8, 11, 21, 19, 27, 595_123, UTC)
    assert write({"AutoMLJobName": "é", "FailureReason": None, "CreationTime": moment}) == (
        '{"AutoMLJobName":"é","CreationTime":1660252767.595}'.encode()
    )


@pytest.mark.parametrize(
    "result",
    [
        {"Name": "a"},
        {"AutoMLJobName": 1},
        {"CreationTime": 1.5},
        {"CreationTime": datetime(2022, 1, 1)},  # noqa: DTZ001 - the fault under test
        {"InputDataConfig": {}},
        {"InputDataConfig": [{"TargetAttributeNam": "y"}]},
        {"GenerateCandidateDefinitionsOnly": 1},
        {"AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": True}}},
    ],
)
def test_a_result_that_the_model_does_not_know_is_our_fault(result):
    with pytest.raises(UnfitResult):
        write(result)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["AutoMLJobName", "InputDataConfig", "Tags", "Key"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.binary(max_size=64) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_or_malformed(body):
    with suppress(Malformed):
        assert isinstance(read(body), dict)
