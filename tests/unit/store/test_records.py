import types
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windvane.domain.candidate import Candidate, ProcessingJob, TrainingJob, TransformJob
from windvane.domain.deployment import Endpoint, EndpointConfig, Model
from windvane.domain.job import ApiVersion, AutoMLJob, Echo, JobStatus
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, said
from windvane.store.records import from_json, to_json
from windvane.testing.store_laws.place import START, a_candidate, a_job, a_model

RECORDS = [
    AutoMLJob,
    Candidate,
    ProcessingJob,
    TrainingJob,
    TransformJob,
    Model,
    EndpointConfig,
    Endpoint,
]

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
_scalars: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=5),
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Any: _json,
    Note: st.builds(said, st.text(max_size=5))
    | st.builds(
        Note,
        st.just(NoteCode.CUT_SHORT),
        st.lists(st.text(max_size=3)).map(lambda folds: {"folds": tuple(folds)}),
        st.none() | st.builds(said, st.text(max_size=5)),
    ),
}


def _values_of(hint: Any) -> st.SearchStrategy[Any]:
    if hint in _scalars:
        return _scalars[hint]
    parts = get_args(hint)
    if get_origin(hint) is Literal:
        return st.just(parts[0])
    if get_origin(hint) is tuple:
        return st.lists(_values_of(parts[0]), max_size=2).map(tuple)
    if get_origin(hint) is dict:
        return st.dictionaries(st.text(max_size=3), _values_of(parts[1]), max_size=2)
    if get_origin(hint) is types.UnionType:
        return st.one_of(
            st.none() if part is types.NoneType else _values_of(part) for part in parts
        )
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert is_dataclass(hint)
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: _values_of(hints[field.name]) for field in fields(hint)})


@pytest.mark.slow
@pytest.mark.parametrize("record_type", RECORDS)
def test_every_record_comes_back_equal(record_type: type[Any]) -> None:
    @settings(max_examples=50, deadline=None)
    @given(_values_of(record_type))
    def check(record: Any) -> None:
        again = from_json(record_type, to_json(record))
        assert again == record
        assert type(again) is record_type

    check()


def test_enums_and_tuples_come_back_as_such() -> None:
    again = from_json(AutoMLJob, to_json(a_job(status=JobStatus.STOPPED)))
    assert again.status is JobStatus.STOPPED
    assert again.partial_failures == ()


def test_a_time_of_another_zone_comes_back_as_the_same_moment() -> None:
    @dataclass(frozen=True)
    class Moment:
        at: datetime

    eastern = START.astimezone(timezone(timedelta(hours=-5)))
    assert from_json(Moment, to_json(Moment(eastern))) == Moment(START)


@dataclass(frozen=True)
class Circle:
    radius: float
    kind: Literal["circle"] = "circle"


@dataclass(frozen=True)
class Square:
    side: float
    kind: Literal["square"] = "square"


@dataclass(frozen=True)
class Drawing:
    shape: Circle | Square
    frame: Circle | Square | None = None


def test_one_of_several_dataclasses_is_told_by_its_kind() -> None:
    for drawing in (Drawing(Circle(1.0)), Drawing(Square(2.0), Circle(3.0))):
        assert from_json(Drawing, to_json(drawing)) == drawing
    text = to_json(Drawing(Circle(1.0)))
    with pytest.raises(TypeError, match="of the kind 'star'"):
        from_json(Drawing, text.replace("circle", "star"))
    with pytest.raises(TypeError, match=r"Drawing\.shape: 1\.0 is a float, not one of"):
        to_json(Drawing(1.0))  # type: ignore[arg-type]


def test_dataclasses_that_nothing_tells_apart_are_refused() -> None:
    @dataclass(frozen=True)
    class Odd:
        either: Drawing | Circle

    with pytest.raises(TypeError, match="with a `kind` each"):
        to_json(Odd(Circle(1.0)))


def test_a_field_the_text_lacks_takes_its_default() -> None:
    text = to_json(a_job()).replace(',"deployed":false', "")
    assert "deployed" not in text
    assert from_json(AutoMLJob, text) == a_job()


def test_a_field_the_record_does_not_know_is_an_error() -> None:
    text = to_json(a_model()).replace('"name":', '"colour":"red","name":')
    with pytest.raises(TypeError, match="Model has no field colour"):
        from_json(Model, text)


def test_a_number_of_numpy_is_stored_as_the_number_it_is() -> None:
    record = a_candidate(score=np.float64(0.25))
    assert from_json(Candidate, to_json(record)) == a_candidate(score=0.25)


def _echoing(members: Any) -> dict[str, Any]:
    return {"echo": Echo(ApiVersion.V1, members)}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            _echoing({"a": [{"b": START}]}),
            r"AutoMLJob\.echo: Echo\.members: datetime at 'a\[0\]\.b' is not JSON",
        ),
        (_echoing({"a": (1, 2)}), "tuple at 'a' is not JSON"),
        (_echoing({1: 2}), "the key 1 at '' is not a string"),
        (_echoing({"n": np.int64(1)}), "int64 at 'n' is not JSON"),
        (_echoing([1]), r"AutoMLJob\.echo: Echo\.members: .* not a dict"),
        ({"status": "InProgress"}, r"AutoMLJob\.status: .* not a JobStatus"),
        ({"deadline": datetime(2026, 1, 1)}, r"AutoMLJob\.deadline: .* time zone"),  # noqa: DTZ001
        ({"name": None}, r"AutoMLJob\.name: None is a NoneType, not a str"),
        ({"partial_failures": ["a"]}, r"AutoMLJob\.partial_failures: .* not a tuple"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_by_name(
    changed: dict[str, Any], message: str
) -> None:
    values = {field.name: getattr(a_job(), field.name) for field in fields(AutoMLJob)}
    with pytest.raises(TypeError, match=message):
        to_json(AutoMLJob(**{**values, **changed}))


def test_a_type_that_cannot_be_stored_is_refused_by_its_hint() -> None:
    @dataclass(frozen=True)
    class Odd:
        blob: bytes

    with pytest.raises(TypeError, match="bytes"):
        to_json(Odd(b""))
