"""What a feature specification may say."""

import json

import pytest

from windvane.domain.features import (
    EVERYTHING,
    NO_FILE,
    FeatureSpecification,
    FeatureType,
    SpecificationFile,
    read_specification,
    specification,
)
from windvane.errors import InvalidRequest

APART = {"y": "the target", "w": "the sample weight"}


def _read(document):
    return read_specification(json.dumps(document).encode(), APART)


def test_every_key_is_optional():
    assert _read({}) == NO_FILE
    assert _read({"FeatureAttributeNames": ["b", "a"]}).features == FeatureSpecification(("b", "a"))
    types = {"a": "numeric", "b": "categorical", "c": "text", "d": "datetime"}
    assert _read({"FeatureDataTypes": types}).features == FeatureSpecification(
        None, {name: FeatureType(kind) for name, kind in types.items()}
    )


@pytest.mark.parametrize(
    ("key", "field"),
    [("WindvaneGroupColumn", "group_column"), ("WindvaneTimeColumn", "time_column")],
)
def test_a_column_may_say_how_rows_are_split(key, field):
    found = _read({key: "who"})
    assert found == SpecificationFile(**{field: "who"})
    assert found.split_key == key
    assert SpecificationFile.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_what_earlier_versions_kept_has_features_alone():
    told = {"features": {"names": ["a"], "types": {}}}
    assert SpecificationFile.from_json(told) == SpecificationFile(FeatureSpecification(("a",)))
    assert NO_FILE.split_key == ""


def test_which_columns_are_used_and_named():
    asked = {"FeatureAttributeNames": ["a", "b"], "FeatureDataTypes": {"b": "text"}}
    found = _read(asked).features
    assert found.columns == ("a", "b")
    assert [found.uses(name) for name in ("a", "b", "B", "c")] == [True, True, False, False]
    assert EVERYTHING.uses("anything")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (["a"], "it is not a JSON object"),
        ({"Features": ["a"]}, "the key 'Features' is not known"),
        ({"FeatureAttributeNames": "a"}, "FeatureAttributeNames is not a list of names"),
        ({"FeatureAttributeNames": None}, "FeatureAttributeNames is not a list of names"),
        ({"FeatureAttributeNames": [1]}, "FeatureAttributeNames is not a list of names"),
        ({"FeatureAttributeNames": []}, "FeatureAttributeNames is empty"),
        ({"FeatureAttributeNames": ["a", "b", "a"]}, "FeatureAttributeNames names 'a' more than"),
        ({"FeatureAttributeNames": ["a", "y"]}, "FeatureAttributeNames names 'y', which is the ta"),
        ({"FeatureAttributeNames": ["w"]}, "names 'w', which is the sample weight"),
        ({"WindvaneGroupColumn": ["a"]}, "WindvaneGroupColumn is not the name of a column"),
        ({"WindvaneTimeColumn": ""}, "WindvaneTimeColumn is not the name of a column"),
        ({"WindvaneTimeColumn": None}, "WindvaneTimeColumn is not the name of a column"),
        ({"WindvaneGroupColumn": "y"}, "WindvaneGroupColumn is 'y', which is the target"),
        ({"WindvaneTimeColumn": "w"}, "WindvaneTimeColumn is 'w', which is the sample weight"),
        (
            {"WindvaneTimeColumn": "a", "WindvaneGroupColumn": "b"},
            "WindvaneGroupColumn and WindvaneTimeColumn are two ways to split rows",
        ),
        ({"FeatureDataTypes": ["a"]}, "FeatureDataTypes is not an object"),
        ({"FeatureDataTypes": {"a": 1}}, "FeatureDataTypes is not an object"),
        ({"FeatureDataTypes": {"y": "text"}}, "FeatureDataTypes names 'y', which is the target"),
        ({"FeatureDataTypes": {"a": "number"}}, "gives 'a' the type 'number'; choose one of: nume"),
        ({"FeatureDataTypes": {"a": "sequence"}}, "the type sequence, which is not supported by"),
        (
            {"FeatureAttributeNames": ["a"], "FeatureDataTypes": {"b": "text"}},
            "FeatureDataTypes names 'b', which is not among FeatureAttributeNames",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_key(document, told):
    with pytest.raises(InvalidRequest) as raised:
        _read(document)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"{", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"FeatureDataTypes": {"a": "text", "a": "numeric"}}', "the key 'a' is given twice"),
    ],
)
def test_what_is_no_json_is_refused(text, told):
    with pytest.raises(InvalidRequest) as raised:
        read_specification(text, APART)
    assert told in str(raised.value)


def test_names_are_case_sensitive():
    assert specification(["Y", "W"], {"W": "numeric"}, APART).names == ("Y", "W")
