"""What the data of an AutoML job must fulfil: its channels, their split, weights and features."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from windvane.control.members import Request, called, first, found

CSV = "text/csv;header=present"
PARQUET = "x-application/vnd.amazon+parquet"

SPECIFICATION = "AutoMLJobConfig.CandidateGenerationConfig.FeatureSpecificationS3Uri"
FRACTION = "AutoMLJobConfig.DataSplitConfig.ValidationFraction"

_TRAINING, _VALIDATION = "training", "validation"
_MOST_CHANNELS = 2

MOST_OF_TARGET = 1024
"""Characters."""


def content_type(value: str) -> str:
    """Return a ContentType without spaces and in lower case, to be compared with CSV and PARQUET."""
    return "".join(value.lower().split())


def kind_of(channel: Request) -> str:
    """Return the ChannelType of a channel."""
    return str(channel.get("ChannelType", _TRAINING))


def _list_of(request: Request) -> str:
    """Return what the list of channels is called in the operation that the request was sent to."""
    name = called(request, "inputDataConfig")
    return f"{name[0].upper()}{name[1:]}"


def _channels(request: Request) -> Iterator[str]:
    kinds = [kind_of(channel) for channel in request["InputDataConfig"]]
    if len(kinds) == 1 and kinds != [_TRAINING]:
        yield (
            f"{_list_of(request)} has no training channel: a single channel must be of the type training."
        )
    elif len(kinds) > 1 and sorted(kinds) != [_TRAINING, _VALIDATION]:
        yield (
            f"{_list_of(request)} has {len(kinds)} channels of the types [{', '.join(kinds)}]; it must have one channel of "
            "the type training, or one of the type training and one of the type validation."
        )


def _alike(request: Request) -> Iterator[str]:
    """Yield what two channels must have in common."""
    channels = request["InputDataConfig"]
    if len(channels) != _MOST_CHANNELS:
        return
    types = [content_type(channel.get("ContentType", CSV) or CSV) for channel in channels]
    if len(set(types)) > 1:
        yield f"The training and the validation channel must have the same ContentType; they have {' and '.join(types)}."
    for member in ("TargetAttributeName", "SampleWeightAttributeName"):
        names = [channel.get(member) for channel in channels]
        if len(set(names)) > 1:
            told = " and ".join("none" if name is None else f"'{name}'" for name in names)
            yield f"The training and the validation channel must have the same {member}; they have {told}."


def _target_is_short(request: Request) -> Iterator[str]:
    """Yield the service model gives every other text of a request a greatest length; records of jobs are read by the
    hundred."""
    for place, target in found(request, "InputDataConfig.*.TargetAttributeName"):
        if len(target) > MOST_OF_TARGET:
            yield (
                f"The name at '{place}' has {len(target):,} characters; that of a column can have {MOST_OF_TARGET:,} at most."
            )


def _content_type(request: Request) -> Iterator[str]:
    for place, value in found(request, "InputDataConfig.*.ContentType"):
        if content_type(value) not in ("", CSV, PARQUET):
            yield f"Value '{value}' at '{place}' is not supported. Choose one of: {CSV}, {PARQUET}."


def _no_compressed_parquet(request: Request) -> Iterator[str]:
    for channel in request["InputDataConfig"]:
        is_parquet = content_type(channel.get("ContentType", "")) == PARQUET
        if is_parquet and channel.get("CompressionType", "None") != "None":
            yield (
                f"CompressionType {channel['CompressionType']} does not go with ContentType {PARQUET}: "
                "Parquet files are compressed inside. Leave CompressionType out."
            )


def _fraction(request: Request) -> Iterator[str]:
    for place, share in found(request, FRACTION):
        if not 0 < share < 1:
            yield f"Value '{share:g}' at '{place}' must be greater than 0 and less than 1."
        elif len(request["InputDataConfig"]) > 1:
            yield (
                f"ValidationFraction must not be specified in DataSplitConfig when {_list_of(request)} has a "
                "validation channel: its rows are the ones that are validated."
            )


def _weights(request: Request) -> Iterator[str]:
    weights = list(found(request, "InputDataConfig.*.SampleWeightAttributeName"))
    mode = first(request, "AutoMLJobConfig.Mode")
    if weights and mode != "ENSEMBLING":
        given = "no Mode is given" if mode is None else f"the Mode is {mode}"
        yield f"SampleWeightAttributeName can be specified only with the Mode ENSEMBLING; {given}."
    for channel in request["InputDataConfig"]:
        target, weight = channel["TargetAttributeName"], channel.get("SampleWeightAttributeName")
        if weight == target:
            yield (
                f"'{weight}' is named as TargetAttributeName and as SampleWeightAttributeName; a column can be one of "
                "them."
            )
            return


FILE_RULES: tuple[Callable[[Request], Iterator[str]], ...] = (
    _content_type,
    _no_compressed_parquet,
)
"""Of the files of a channel, whatever is to be learnt from them."""

CHANNEL_RULES: tuple[Callable[[Request], Iterator[str]], ...] = (_channels, _alike, _fraction)
"""Of channels of rows, whatever their columns are."""

DATA_RULES: tuple[Callable[[Request], Iterator[str]], ...] = (
    _channels,
    _target_is_short,
    _alike,
    *FILE_RULES,
    _fraction,
    _weights,
)
