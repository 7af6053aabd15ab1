"""CBOR bodies of CloudWatch's operations: parameters as botocore writes them, results as it reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from windvane.errors import Malformed
from windvane.wire.cbor import write_integer, write_map, write_text
from windvane.wire.cborbody import read_parameters, write_document
from windvane.wire.model import load_service
from windvane.wire.scalars import UnfitResult

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = load_service("cloudwatch").model
PUT = MODEL.operation_model("PutMetricAlarm")
DESCRIBE = MODEL.operation_model("DescribeAlarms")
FIGURES = MODEL.operation_model("GetMetricStatistics")


@given(
    st.fixed_dictionaries(
        {"AlarmName": st.text("ab\u00e4", min_size=1)},
        optional={
            "Threshold": st.floats(allow_nan=False),
            "Period": st.integers(-(2**31), 2**31 - 1),
            "ActionsEnabled": st.booleans(),
            "AlarmActions": st.lists(st.text("abc", min_size=1)),
        },
    )
)
def test_what_botocore_writes_is_read(parameters):
    sent = create_serializer("smithy-rpc-v2-cbor", False).serialize_to_request(parameters, PUT)
    assert read_parameters(sent["body"], PUT.input_shape) == parameters


def test_moments_are_read_and_written():
    at = datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)
    parameters = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Period": 60,
        "StartTime": at,
        "EndTime": at + timedelta(seconds=1),
    }
    serializer = create_serializer("smithy-rpc-v2-cbor", False)
    sent = serializer.serialize_to_request(parameters, FIGURES)
    assert read_parameters(sent["body"], FIGURES.input_shape) == parameters
    local = at.astimezone(timezone(timedelta(hours=2)))
    result = {"Label": "x", "Datapoints": [{"Timestamp": local, "Sum": 3}]}
    body = write_document(result, FIGURES.output_shape)
    response = {"status_code": 200, "headers": {}, "body": body}
    read = create_parser("smithy-rpc-v2-cbor").parse(response, FIGURES.output_shape)
    assert read["Datapoints"] == [{"Timestamp": at, "Sum": 3.0}]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (write_text("a"), "it must be a CBOR map"),
        (write_map({"AlarmName": write_integer(3)}), "NUMBER_VALUE can not be converted to a Str"),
        (write_map({"AlarmName": b"\x41a"}), "BYTES_VALUE can not be converted to a String"),
        (write_map({"AlarmName": b"\xc1\x01"}), "TIMESTAMP_VALUE can not be converted"),
        (write_map({"AlarmName": write_text("a\x00")}), r"U\+0000"),
        (write_map({"Period": write_integer(2**40)}), "out of range"),
    ],
)
def test_values_of_another_type_are_refused(body, why):
    with pytest.raises(Malformed, match=why):
        read_parameters(body, PUT.input_shape)


def test_an_empty_body_and_null_members_are_as_absent():
    assert read_parameters(b"", PUT.input_shape) == {}
    assert read_parameters(write_map({"AlarmName": b"\xf6"}), PUT.input_shape) == {}


@pytest.mark.parametrize(
    "result",
    [
        {"Nobody": 1},
        {"MetricAlarms": [{"AlarmName": 1}]},
        {"MetricAlarms": [{"Period": True}]},
        {"MetricAlarms": [{"StateUpdatedTimestamp": MOMENT.replace(tzinfo=None)}]},
    ],
)
def test_results_that_do_not_fit_are_our_fault(result):
    with pytest.raises(UnfitResult):
        write_document(result, DESCRIBE.output_shape)
