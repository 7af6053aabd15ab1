"""store/bodies: versions of bodies, and migrations from one to the next."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from windvane.domain.alarms import Alarm
from windvane.domain.candidate import Candidate, ProcessingJob, TrainingJob, TransformJob
from windvane.domain.deployment import Endpoint, EndpointConfig, Model
from windvane.domain.forecasting import (
    Aggregation,
    Fill,
    Filling,
    FillMethod,
    ForecastMetric,
    ForecastSpec,
)
from windvane.domain.frequency import Frequency
from windvane.domain.identity import (
    AccessKey,
    Identity,
    ManagedPolicy,
    Principal,
    Role,
    User,
)
from windvane.domain.job import ApiVersion, AutoMLJob
from windvane.domain.keys import Key, KeyAlias
from windvane.domain.problem import MetricName, Mode
from windvane.domain.resource import Resource
from windvane.domain.scaling import Cause, ScalableTarget, ScalingActivity, ScalingPolicy
from windvane.errors import NewerRecord
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, note_to_json, said
from windvane.store.bodies.failures import with_failure
from windvane.store.bodies.versions import MIGRATIONS, from_body, to_body, version_of
from windvane.store.identity_rows import FORMAT
from windvane.store.records import encoded
from windvane.testing.store_laws.place import SPEC, a_candidate, a_job, a_model

KINDS = (
    Alarm,
    AutoMLJob,
    Candidate,
    Endpoint,
    EndpointConfig,
    Key,
    KeyAlias,
    Model,
    ProcessingJob,
    ScalableTarget,
    ScalingActivity,
    ScalingPolicy,
    TrainingJob,
    TransformJob,
)
IDENTITIES = (AccessKey, ManagedPolicy, Role, User)
"""Their version stands in a column of its own (store/identity_rows.py)."""

RECORDED = Path(__file__).with_name("fingerprints.json")


def shape(hint: Any) -> Any:
    """What a value of this type looks like in a body."""
    if hint is Note:
        return "note"
    parts = [shape(part) for part in get_args(hint) if part is not Ellipsis]
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return {"one of": parts}
    if origin is Literal:
        return {"literal": get_args(hint)}
    if origin is not None:
        return {origin.__name__: parts}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return sorted(member.value for member in hint)
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return {field.name: shape(hints[field.name]) for field in dataclasses.fields(hint)}
    return getattr(hint, "__name__", str(hint))


def version_now(kind: type[Any]) -> int:
    return FORMAT if kind in IDENTITIES else version_of(kind)


def fingerprint(kind: type[Any]) -> str:
    text = json.dumps(shape(kind), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("kind", [*KINDS, *IDENTITIES])
def test_fields_that_change_make_a_new_version(kind: type[Any]) -> None:
    recorded = json.loads(RECORDED.read_text())[kind.__name__]
    version = version_now(kind)
    assert recorded.get(str(version)) == fingerprint(kind), (
        f"The fields of {kind.__name__} are not those of version {version} of its bodies. Add a migration to "
        f"store/bodies/versions.py, and its fingerprint {fingerprint(kind)} to {RECORDED.name}; those of earlier versions "
        "stay as they are."
    )
    assert sorted(map(int, recorded)) == list(range(1, version + 1))


def kinds(of: type[Any]) -> set[type[Any]]:
    """Every kind of record of the package, however deep."""
    found = {kind for kind in of.__subclasses__() if kind.__module__.startswith("windvane.")}
    return found.union(*(kinds(kind) for kind in found))


def test_every_kind_that_the_store_keeps_has_a_fingerprint() -> None:
    assert kinds(Resource) == set(KINDS)
    assert kinds(Identity) - {Principal} == set(IDENTITIES)
    recorded = sorted(json.loads(RECORDED.read_text()))
    assert recorded == sorted(kind.__name__ for kind in (*KINDS, *IDENTITIES))


def test_a_body_says_its_version_and_comes_back() -> None:
    job = replace(a_job(), traceparent=f"00-{'4' * 32}-{'5' * 16}-01")
    body = to_body(job)
    assert json.loads(body)["_version"] == version_of(AutoMLJob)
    assert from_body(AutoMLJob, body) == job


def test_a_body_without_a_version_is_of_the_first() -> None:
    assert from_body(Model, json.dumps(encoded(a_model()))) == a_model()


def test_a_body_of_a_newer_version_is_refused() -> None:
    body = json.loads(to_body(a_model())) | {"_version": 99}
    with pytest.raises(NewerRecord, match="a Model of version 99; this version"):
        from_body(Model, json.dumps(body))


def test_fields_that_say_nothing_are_left_out_for_servers_of_the_version_before() -> None:
    kept = dict.fromkeys(("id", "endpoint", "variant"), "x")
    plain = ScalingActivity(
        scope=a_job().scope,
        name="n",
        created=a_job().created,
        modified=a_job().created,
        capacity=2,
        cause=Cause.HIGH,
        **kept,
    )
    by_alarm = replace(plain, alarm="busy", before=1)
    for record, version in ((plain, 1), (by_alarm, 2)):
        body = json.loads(to_body(record))
        assert (body["_version"], "alarm" in body) == (version, version == 2)
        assert from_body(ScalingActivity, json.dumps(body)) == record


# AutoML jobs, from version 1 to version 2

CHANNEL = {
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}},
    "TargetAttributeName": "y",
}
REQUEST: dict[str, Any] = {
    "AutoMLJobName": "job",
    "InputDataConfig": [CHANNEL],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "RoleArn": "arn:aws:iam::000000000000:role/windvane",
}


def first_version(request: dict[str, Any], *, by_v2: bool) -> str:
    """As Windvane wrote a job before bodies had versions."""
    body = encoded(a_job())
    del body["spec"], body["echo"], body["failure"]
    return json.dumps({**body, "failure_reason": "", "request": request, "by_v2": by_v2})


def test_a_job_of_the_first_version_gets_its_spec() -> None:
    job = from_body(AutoMLJob, first_version(REQUEST, by_v2=False))
    assert job.spec == SPEC
    assert (job.echo.api, job.echo.members) == (ApiVersion.V1, REQUEST)


def test_a_job_of_v2_gets_the_request_back_that_it_was_created_by() -> None:
    job = from_body(AutoMLJob, first_version(REQUEST, by_v2=True))
    assert job.spec.search.mode is Mode.AUTO
    channel = {name: CHANNEL[name] for name in ("DataSource",)}
    assert job.echo.api is ApiVersion.V2
    assert job.echo.members == {
        "AutoMLJobName": "job",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "RoleArn": "arn:aws:iam::000000000000:role/windvane",
        "AutoMLJobInputDataConfig": [channel],
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
    }


def test_what_is_written_anew_is_of_the_newest_version() -> None:
    job = from_body(AutoMLJob, first_version(REQUEST, by_v2=False))
    traced = replace(job, traceparent=f"00-{'4' * 32}-{'5' * 16}-01")
    assert json.loads(to_body(traced))["_version"] == version_of(AutoMLJob)
    assert from_body(AutoMLJob, to_body(job)) == job


# failures, which were sentences


@pytest.mark.parametrize("kind", [Candidate, Endpoint, ProcessingJob, TrainingJob, TransformJob])
def test_a_sentence_of_an_earlier_version_becomes_a_note(kind: type[Any]) -> None:
    assert with_failure({"failure_reason": "It broke."}) == {
        "failure": note_to_json(said("It broke."))
    }
    assert with_failure({"failure_reason": ""}) == {"failure": None}
    assert MIGRATIONS[kind][0] is with_failure


# forecasts


FORECAST = ForecastSpec(
    target="y",
    timestamp="t",
    item_id="id",
    group_columns=("region",),
    horizon=14,
    frequency=Frequency.parse("15min"),
    quantiles=(0.05, 0.5),
    objective=ForecastMetric.MASE,
    aggregation=Aggregation.MAX,
    filling={"y": Filling(middle=Fill(FillMethod.VALUE, 1.5), back=Fill(FillMethod.ZERO))},
    holiday_country="DE",
    feature_specification="s3://bucket/features.json",
)


def test_a_job_with_a_forecast_comes_back() -> None:
    job = replace(a_job(), spec=replace(SPEC, problem=FORECAST), objective=MetricName.MASE)
    assert from_body(AutoMLJob, to_body(job)) == job
    with pytest.raises(TypeError, match="of the kind 'forecast', not tabular"):
        _ = job.spec.tabular


def test_a_job_of_version_4_is_read_as_it_was() -> None:
    body = {"_version": 4, **encoded(a_job())}
    assert from_body(AutoMLJob, json.dumps(body)) == a_job()
    with pytest.raises(TypeError, match="of the kind 'tabular', not forecast"):
        _ = a_job().spec.forecast


def test_a_candidate_of_version_2_has_no_backtests() -> None:
    body = encoded(a_candidate())
    del body["backtest_results"]
    read = from_body(Candidate, json.dumps({"_version": 2, **body}))
    assert read == a_candidate()


def test_a_body_without_a_failure_stays_without_one() -> None:
    told = {"partial_failures": ["The explainability report is missing: No."], "notes": []}
    missing = Note(NoteCode.EXPLAINABILITY_MISSING, because=said("No."))
    assert with_failure(told) == {
        "partial_failures": [note_to_json(missing)],
        "notes": [],
        "failure": None,
    }
