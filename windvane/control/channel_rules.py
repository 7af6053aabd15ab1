"""The channels of a training job: a dataset, or a table to make one of.

    dataset              what a processing job wrote (and member-1, member-2 ... of an ensemble)
    train [validation]   CSV or Parquet (and feature-specification: which columns are used, and as what)

source    common data formats of SageMaker's built-in algorithms: CSV without a header has the target first
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from windvane.control.members import Request, Unserved, first
from windvane.control.rules import refused
from windvane.domain.images import ENSEMBLE, algorithm_of
from windvane.engine.tuning.aliases import FRACTION, TARGET

DATASET, TRAIN, VALIDATION, MEMBER = "dataset", "train", "validation", "member-"
SPECIFICATION = "feature-specification"

_MEDIA = "text/csv"
_PLAIN = (_MEDIA, f"{_MEDIA};label_size=1", f"{_MEDIA};header=absent")
_HEADED = f"{_MEDIA};header=present"
_OF_PARQUET = ("x-application/vnd.amazon+parquet", "application/x-parquet")
_SOURCE = "DataSource.S3DataSource"


class TableForm(StrEnum):
    """The format of a table."""

    ROWS = "CSV without a header, the target first"
    HEADED = "CSV with a header"
    PARQUET = "Parquet"


def form_of(channel: Request) -> TableForm | None:
    """Return the form of a table as the channel's ContentType says; None if it leaves that open, or is not one that is
    served."""
    return _FORMS.get("".join(channel.get("ContentType", "").lower().split()))


_FORMS = {
    **dict.fromkeys(_PLAIN, TableForm.ROWS),
    _HEADED: TableForm.HEADED,
    **dict.fromkeys(_OF_PARQUET, TableForm.PARQUET),
}


def channel_names(request: Request) -> Iterator[str]:
    """Yield the rule that the channels are those of a dataset or those of a table."""
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    algorithm = algorithm_of(first(request, "AlgorithmSpecification.TrainingImage") or "")
    n_members = len(names) - 1 if algorithm == ENSEMBLE and DATASET in names else 0
    members = [f"{MEMBER}{number}" for number in range(1, n_members + 1)]
    of_table = [name for name in names if name != SPECIFICATION]
    is_dataset = sorted(names) == sorted([DATASET, *members])
    is_table = of_table in ([TRAIN], [TRAIN, VALIDATION], [VALIDATION, TRAIN])
    if is_dataset or (is_table and len(names) <= len(of_table) + 1):
        if algorithm == ENSEMBLE and not n_members and not _describes_members(request):
            yield (
                f"InputDataConfig has the channels [{', '.join(names)}]; an ensemble has, with {DATASET}, the channels "
                f"{MEMBER}1, {MEMBER}2 ... for each of its members, or a hyperparameter _{MEMBER}1, _{MEMBER}2 ... each."
            )
        return
    further = (
        f"; with {DATASET}, {MEMBER}1, {MEMBER}2 ... for each member of the ensemble"
        if algorithm == ENSEMBLE
        else ""
    )
    yield (
        f"InputDataConfig has the channels [{', '.join(names)}]; it must have one called {DATASET} and no other, or "
        f"one called {TRAIN}, or {TRAIN} and {VALIDATION}, and {SPECIFICATION} with them if wanted{further}."
    )


def fraction_alone(request: Request) -> Iterator[str]:
    """Yield the rule that rows are held out of the channel train only if there are none of a channel of their own."""
    names = [channel["ChannelName"] for channel in request.get("InputDataConfig", ())]
    if VALIDATION in names and FRACTION in request.get("HyperParameters", {}):
        yield (
            f"The hyperparameter '{FRACTION}' does not go with the channel {VALIDATION}: leave one of them out."
        )


def _describes_members(request: Request) -> bool:
    return f"_{MEMBER}1" in request.get("HyperParameters", {})


def channel_sources(request: Request) -> Iterator[str]:
    """Yield the rule on how a channel's objects are named and packed, which differs between datasets and tables."""
    for number, channel in enumerate(request.get("InputDataConfig", ()), 1):
        place = f"InputDataConfig.{number}.member"
        if channel["ChannelName"] in (TRAIN, VALIDATION):
            yield from _of_table(channel, place)
        else:
            for fault in _OF_DATASET({"InputDataConfig": [channel]}):
                yield fault.replace("inputDataConfig.1.", f"inputDataConfig.{number}.")


def _of_table(channel: Request, place: str) -> Iterator[str]:
    kind = channel["DataSource"].get("S3DataSource", {}).get("S3DataType", "S3Prefix")
    spelled = f"{place[0].lower()}{place[1:]}"
    if kind not in ("S3Prefix", "ManifestFile"):
        yield (
            f"Value '{kind}' at '{spelled}.dataSource.s3DataSource.s3DataType' is not supported by this server: "
            "leave it out or choose one of: S3Prefix, ManifestFile."
        )
    given = channel.get("ContentType", "")
    if given and form_of(channel) is None:
        yield (
            f"Value '{given}' at '{spelled}.contentType' is not supported. Choose one of: "
            f"{_MEDIA} (no header, the target first), {_HEADED} (the hyperparameter '{TARGET}' names the target), "
            f"{', '.join(_OF_PARQUET)}."
        )
    elif form_of(channel) is TableForm.PARQUET and _is_compressed(channel):
        yield (
            f"CompressionType {channel['CompressionType']} does not go with ContentType {given}: Parquet files are "
            "compressed inside. Leave CompressionType out."
        )


def _is_compressed(channel: Request) -> bool:
    return bool(channel.get("CompressionType", "None") != "None")


_OF_DATASET = refused(
    Unserved(f"InputDataConfig.*.{_SOURCE}.S3DataType", ("S3Prefix",)),
    Unserved("InputDataConfig.*.ContentType"),
    Unserved("InputDataConfig.*.CompressionType", ("None",)),
)


def target_named(request: Request) -> Iterator[str]:
    """Yield the rule that a table whose columns have names has its target named, and no other."""
    forms = {
        channel["ChannelName"]: form
        for channel in request.get("InputDataConfig", ())
        if channel["ChannelName"] in (TRAIN, VALIDATION) and (form := form_of(channel)) is not None
    }
    target = request.get("HyperParameters", {}).get(TARGET)
    if len(set(forms.values())) > 1:
        yield (
            f"The channels {TRAIN} and {VALIDATION} are written alike; their ContentTypes are {forms[TRAIN]} and "
            f"{forms[VALIDATION]}."
        )
    elif TableForm.ROWS in forms.values() and target is not None:
        yield (
            f"The hyperparameter '{TARGET}' is '{target}', and ContentType {_MEDIA} is {TableForm.ROWS}: its columns "
            f"have no names. Leave '{TARGET}' out, or choose {_HEADED}."
        )
    elif set(forms.values()) & {TableForm.HEADED, TableForm.PARQUET} and not target:
        yield (
            f"The hyperparameter '{TARGET}' must be specified: the name of the column to predict."
        )
