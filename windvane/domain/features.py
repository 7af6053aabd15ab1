"""Which columns are to be learnt from, and as what: a feature specification."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from windvane.errors import InvalidRequest
from windvane.jsonsize import count_values

NAMES, TYPES = "FeatureAttributeNames", "FeatureDataTypes"
GROUP, TIME = "WindvaneGroupColumn", "WindvaneTimeColumn"
"""Keys of a feature specification file: the first two are AWS's, the others ours."""

_SEQUENCE = "sequence"

_MOST_VALUES = 200_000
"""Of a specification: names and types of 10,000 columns are 30,000; names have commas and brackets too."""


class FeatureType(StrEnum):
    """AWS's names of the types that a column can be given."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    TEXT = "text"
    DATETIME = "datetime"


@dataclass(frozen=True)
class FeatureSpecification:
    """Which columns to learn from, and their types.

    names   of the columns to learn from; None for all
    types   column -> the type that it is read as, whatever its cells look like
    """

    names: tuple[str, ...] | None = None
    types: dict[str, FeatureType] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is named, each once."""
        return tuple(dict.fromkeys([*(self.names or ()), *self.types]))

    def uses(self, column: str) -> bool:
        return self.names is None or column in self.names

    def to_json(self) -> dict[str, Any]:
        return {"names": None if self.names is None else [*self.names], "types": {**self.types}}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> FeatureSpecification:
        names = told["names"]
        types = {column: FeatureType(kind) for column, kind in told["types"].items()}
        return cls(None if names is None else tuple(names), types)


EVERYTHING = FeatureSpecification()


@dataclass(frozen=True)
class SpecificationFile:
    """The content of a feature specification file: what is learnt from, and how rows are split for validation.

    group_column, time_column   as in ProblemSpec; one of them at most
    """

    features: FeatureSpecification = EVERYTHING
    group_column: str | None = None
    time_column: str | None = None

    @property
    def split_key(self) -> str:
        """The key that says how rows are split; "" if none does."""
        return GROUP if self.group_column else TIME if self.time_column else ""

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "features": self.features.to_json()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> SpecificationFile:
        """Return the inverse; what earlier versions wrote has features alone."""
        features = FeatureSpecification.from_json(told["features"])
        return cls(features, told.get("group_column"), told.get("time_column"))


NO_FILE = SpecificationFile()


def specification(
    names: Sequence[str] | None, types: Mapping[str, str], kept_apart: Mapping[str, str]
) -> FeatureSpecification:
    """Return what a caller asks of the features, checked.

    kept_apart   columns that cannot be features -> what they are, e.g. 'the target'
    raises       InvalidRequest naming the key of a specification that cannot be
    """
    if names is not None and not names:
        raise InvalidRequest(f"{NAMES} is empty: name at least one column, or leave it out.")
    twice = [name for name, count in Counter(names or ()).items() if count > 1]
    if twice:
        raise InvalidRequest(f"{NAMES} names '{twice[0]}' more than once.")
    for key, columns in ((NAMES, names or ()), (TYPES, types)):
        if own := [column for column in columns if column in kept_apart]:
            raise InvalidRequest(f"{key} names '{own[0]}', which is {kept_apart[own[0]]}.")
    if names is not None and (strange := sorted(set(types) - set(names))):
        raise InvalidRequest(
            f"{TYPES} names '{strange[0]}', which is not among {NAMES}: with both keys, every column "
            "that is given a type must be one of those named."
        )
    given = {column: _type(column, kind) for column, kind in types.items()}
    return FeatureSpecification(None if names is None else tuple(names), given)


def read_specification(document: bytes, kept_apart: Mapping[str, str]) -> SpecificationFile:
    """Return the content of a feature specification file, as AutoMLCandidateGenerationConfig documents it, with the keys
    of ours that say how rows are split.

    raises    InvalidRequest naming what is not of that form
    """
    told = _object_of(document)
    if strange := [key for key in told if key not in _KEYS]:
        raise InvalidRequest(
            f"the key '{strange[0][:60]}' is not known: there are {', '.join(_KEYS[:-1])} and {_KEYS[-1]}"
        )
    names, types = told.get(NAMES), told.get(TYPES, {})
    if NAMES in told and not _is_texts(names):
        raise InvalidRequest(f"{NAMES} is not a list of names of columns")
    if not isinstance(types, dict) or not _is_texts(list(types.values())):
        raise InvalidRequest(f"{TYPES} is not an object of names of columns and types")
    features = specification(names, types, kept_apart)
    return SpecificationFile(features, *_split_columns(told, kept_apart))


_KEYS = (NAMES, TYPES, GROUP, TIME)


def _object_of(document: bytes) -> dict[str, Any]:
    if (n_values := count_values(document)) > _MOST_VALUES:
        raise InvalidRequest(f"it has {n_values} values; {_MOST_VALUES} are the most that are read")
    try:
        told = json.loads(document, object_pairs_hook=_without_repeats)
    except RecursionError as error:
        raise InvalidRequest("it is nested too deeply") from error
    except ValueError as error:
        raise InvalidRequest(f"it is not JSON ({error})") from error
    if not isinstance(told, dict):
        raise InvalidRequest("it is not a JSON object")
    return told


def _split_columns(
    told: Mapping[str, Any], kept_apart: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """Return the columns of groups and of times."""
    for key in (GROUP, TIME):
        if key not in told:
            continue
        column = told[key]
        if not isinstance(column, str) or not column:
            raise InvalidRequest(f"{key} is not the name of a column")
        if column in kept_apart:
            raise InvalidRequest(
                f"{key} is '{column[:60]}', which is {kept_apart[column]}; name another column"
            )
    if GROUP in told and TIME in told:
        raise InvalidRequest(
            f"{GROUP} and {TIME} are two ways to split rows for validation; give one of them"
        )
    return told.get(GROUP), told.get(TIME)


def _type(column: str, kind: str) -> FeatureType:
    if kind in set(FeatureType):
        return FeatureType(kind)
    served = ", ".join(FeatureType)
    if kind == _SEQUENCE:
        raise InvalidRequest(
            f"{TYPES} gives '{column}' the type {_SEQUENCE}, which is not supported by this server: choose one of: "
            f"{served}."
        )
    raise InvalidRequest(
        f"{TYPES} gives '{column}' the type '{kind[:60]}'; choose one of: {served}."
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key '{twice[:60]}' is given twice")
    return found
