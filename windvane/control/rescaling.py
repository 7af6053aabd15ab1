"""What a change of weights and capacities makes of the variants that run, and what an update keeps of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from windvane.control.members import Request
from windvane.domain.deployment import Deployed, Serverless, Variant
from windvane.errors import InvalidRequest
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note

_WEIGHT = "DesiredWeight"
_COUNT = "DesiredInstanceCount"


def rescaled(
    running: Sequence[Deployed], wishes: Sequence[Mapping[str, Any]], config_name: str
) -> tuple[Deployed, ...]:
    """Return the variants with what DesiredWeightsAndCapacities asks for.

    config_name    the endpoint configuration that they come from
    raises         InvalidRequest with the sentence of every fault
    """
    variants = {item.variant.name: item.variant for item in running}
    if faults := list(_faults(variants, wishes, config_name)):
        raise InvalidRequest(" ".join(faults))
    for wish in wishes:
        variants[wish["VariantName"]] = _changed(variants[wish["VariantName"]], wish)
    return _weighted(tuple(replace(item, variant=variants[item.variant.name]) for item in running))


def changes(before: Deployed, after: Deployed) -> Note | None:
    """Return what is to be different; None if nothing is."""
    old, new = _figures(before.variant), _figures(after.variant)
    changed = [name for name in old if name in new and old[name] != new[name]]
    if not changed:
        return None
    facts = {
        "variant": after.variant.name,
        "before": {name: old[name] for name in changed},
        "after": {name: new[name] for name in changed},
    }
    return Note(NoteCode.VARIANT_RESCALED, facts)


def _figures(variant: Variant) -> dict[str, float]:
    figures = {"weight": variant.weight, "instances": float(variant.instance_count)}
    if variant.serverless is None:
        return figures
    most, provisioned = variant.serverless.max_concurrency, variant.serverless.provisioned
    return {**figures, "max_concurrency": float(most), "provisioned": float(provisioned)}


def retained(
    request: Request, running: Sequence[Deployed], wanted: Sequence[Deployed]
) -> tuple[Deployed, ...]:
    """Return the variants of an endpoint's new configuration; with RetainAllVariantProperties, those whose name runs
    already keep weight and capacity, except for what ExcludeRetainedVariantProperties names.

    raises    InvalidRequest if no variant is left with a weight above 0
    """
    if not request.get("RetainAllVariantProperties", False):
        return tuple(wanted)
    excluded = {
        entry["VariantPropertyType"]
        for entry in request.get("ExcludeRetainedVariantProperties", ())
    }
    before = {item.variant.name: item.variant for item in running}
    return _weighted(
        tuple(
            replace(item, variant=_kept(item.variant, before[item.variant.name], excluded))
            if item.variant.name in before
            else item
            for item in wanted
        )
    )


def _weighted(deployed: tuple[Deployed, ...]) -> tuple[Deployed, ...]:
    if not any(item.variant.weight > 0 for item in deployed):
        raise InvalidRequest("At least one variant must have a DesiredWeight above 0.")
    return deployed


def _faults(
    variants: Mapping[str, Variant], wishes: Sequence[Mapping[str, Any]], config_name: str
) -> Iterator[str]:
    names = [wish["VariantName"] for wish in wishes]
    if unknown := sorted(set(names) - variants.keys()):
        yield (
            f'The variant name(s) "{", ".join(unknown)}" is/are not present within endpoint configuration '
            f'"{config_name}".'
        )
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"The variant name '{name}' is given more than once in DesiredWeightsAndCapacities."
    for wish in wishes:
        if wish["VariantName"] in variants:
            yield from _faults_of(variants[wish["VariantName"]], wish)


def _faults_of(variant: Variant, wish: Mapping[str, Any]) -> Iterator[str]:
    update = wish.get("ServerlessUpdateConfig")
    if variant.serverless is None:
        if update is not None:
            yield f"The variant '{variant.name}' is not serverless: leave out its ServerlessUpdateConfig."
        if wish.get(_COUNT, 1) < 1:
            yield f"The DesiredInstanceCount of the variant '{variant.name}' must be 1 or more."
        return
    if _COUNT in wish:
        yield (
            f"The variant '{variant.name}' is serverless and has no instances: leave out its "
            "DesiredInstanceCount."
        )
    if update is not None:
        changed = _served_by(variant.serverless, update)
        if changed.provisioned > changed.max_concurrency:
            yield (
                f"The ProvisionedConcurrency of the variant '{variant.name}', {changed.provisioned}, must be at "
                f"most its MaxConcurrency, {changed.max_concurrency}."
            )


def _changed(variant: Variant, wish: Mapping[str, Any]) -> Variant:
    update = wish.get("ServerlessUpdateConfig")
    return replace(
        variant,
        weight=float(wish.get(_WEIGHT, variant.weight)),
        instance_count=wish.get(_COUNT, variant.instance_count),
        serverless=_served_by(variant.serverless, update)
        if variant.serverless and update
        else variant.serverless,
    )


def _served_by(serverless: Serverless, update: Mapping[str, Any]) -> Serverless:
    return replace(
        serverless,
        max_concurrency=update.get("MaxConcurrency", serverless.max_concurrency),
        provisioned=update.get("ProvisionedConcurrency", serverless.provisioned),
    )


def _kept(wanted: Variant, before: Variant, excluded: set[str]) -> Variant:
    keeps_count = _COUNT not in excluded and before.serverless is None and wanted.serverless is None
    return replace(
        wanted,
        weight=wanted.weight if _WEIGHT in excluded else before.weight,
        instance_count=before.instance_count if keeps_count else wanted.instance_count,
    )
