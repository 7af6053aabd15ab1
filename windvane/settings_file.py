"""Reads Settings from a TOML file: each section is a record, each entry one of its fields."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from windvane.settings import (
    AccessKey,
    ArtifactSettings,
    AuditSettings,
    BadSettings,
    BucketSettings,
    ConsoleSettings,
    EngineSettings,
    EventSettings,
    ExchangeSettings,
    ExecutorSettings,
    LimitSettings,
    LogSettings,
    MlflowSettings,
    NetworkSettings,
    Role,
    S3Settings,
    SandboxSettings,
    ScalingSettings,
    ServingSettings,
    Settings,
    TracingSettings,
    Webhook,
)

T = TypeVar("T")

_RECORDS: dict[str, type] = {
    "engine": EngineSettings,
    "s3": S3Settings,
    "limits": LimitSettings,
    "audit": AuditSettings,
    "artifacts": ArtifactSettings,
    "exchange": ExchangeSettings,
    "executor": ExecutorSettings,
    "serving": ServingSettings,
    "scaling": ScalingSettings,
    "logs": LogSettings,
    "tracing": TracingSettings,
    "mlflow": MlflowSettings,
    "events": EventSettings,
    "console": ConsoleSettings,
    "sandbox": SandboxSettings,
}
"""Sections that stand once; each is the field of its name."""

_LISTS: dict[str, tuple[str, type]] = {
    "accounts": ("keys", AccessKey),
    "roles": ("roles", Role),
    "buckets": ("buckets", BucketSettings),
    "webhooks": ("webhooks", Webhook),
    "networks": ("networks", NetworkSettings),
}
"""Sections that may be repeated, with the field that they are in."""

_ENTRIES = {
    "server": {
        name: name
        for name in ("host", "port", "account", "tls_cert", "tls_key", "address", "metrics")
    },
    "work": {"workers": "workers", "memory_mb": "memory_mb"},
    "store": {"url": "store_url"},
}
"""Sections whose entries are fields of Settings itself."""

_PATHS = frozenset(
    {"tls_cert", "tls_key", "tls_ca", "token_file", "credentials_file", "folder", "chronos_bolt"}
)
"""Entries that are relative to the configuration file."""

_KINDS = {
    int: "a whole number without quotes",
    float: "a number without quotes",
    str: "text in quotes",
    bool: "true or false without quotes",
    list: "a list in brackets",
}
"""What a value of each type is, in a TOML file."""

_SCALARS = {"int": int, "str": str, "bool": bool, "float": float}


def read_settings(data_dir: Path, config: Path | None = None) -> Settings:
    """Return the settings of a data folder with those of a TOML file laid over them.

    raises    BadSettings for an unreadable file, an unknown entry or a value of the wrong type
    """
    if config is None:
        return Settings(data_dir)
    try:
        document = tomllib.loads(config.read_text())
    except FileNotFoundError as error:
        raise BadSettings(f"There is no configuration file {config}.") from error
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"Cannot read the configuration file {config}: {error}.") from error
    _refuse_unknown(document, {*_ENTRIES, *_RECORDS, *_LISTS}, f"{config}")
    beside, own = config.parent, _types(Settings)
    values: dict[str, Any] = {}
    for name, names in _ENTRIES.items():
        types = {entry: own[field] for entry, field in names.items()}
        read = _values(document.get(name, {}), types, f"[{name}]", beside)
        values |= {names[entry]: value for entry, value in read.items()}
    for name, record in _RECORDS.items():
        if name in document:
            values[name] = _record(record, document[name], f"[{name}]", beside)
    for name, (field, record) in _LISTS.items():
        values[field] = tuple(
            _record(record, entries, f"[[{name}]]", beside) for entries in _listed(document, name)
        )
    return replace(Settings(data_dir), **values)


def _listed(document: Mapping[str, Any], name: str) -> list[object]:
    listed = document.get(name, [])
    if not isinstance(listed, list):
        raise BadSettings(f"[[{name}]] must be in double brackets, once for each.")
    return listed


def _record(record: type[T], entries: object, where: str, beside: Path) -> T:
    values = _values(entries, _types(record), where, beside)
    if missing := [f"'{name}'" for name in _needed(record) if name not in values]:
        raise BadSettings(f"{where} lacks the entry {' and '.join(missing)}.")
    return record(**values)


def _needed(record: type) -> list[str]:
    return [one.name for one in fields(record) if one.default is MISSING]


def _types(record: type) -> dict[str, type]:
    """Return the type of each field; `tuple` for what a file gives as an array."""
    return {one.name: _SCALARS.get(str(one.type), tuple) for one in fields(record)}


def _values(entries: object, types: Mapping[str, type], where: str, beside: Path) -> dict[str, Any]:
    """Return the entries of a section, checked.

    beside    the folder of the configuration file
    """
    if not isinstance(entries, dict):
        raise BadSettings(f"{where} must be a section with entries.")
    _refuse_unknown(entries, set(types), where)
    return {
        name: _value(f"{where} {name}", value, types[name], beside if name in _PATHS else None)
        for name, value in entries.items()
    }


def _value(where: str, value: object, kind: type, beside: Path | None) -> object:
    if kind is tuple:
        _check_type(where, value, list)
        return tuple(cast("list[Any]", value))
    if kind is float and type(value) is int:
        value = float(value)
    _check_type(where, value, kind)
    return str((beside / str(value)).absolute()) if beside and value else value


def _check_type(where: str, value: object, kind: type) -> None:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadSettings(f"{where} must be {_KINDS[kind]}, not {value!r}.")


def _refuse_unknown(entries: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(entries) - known):
        raise BadSettings(
            f"{where} has no entry '{unknown[0]}'; known are: {', '.join(sorted(known))}."
        )
