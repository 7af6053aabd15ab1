"""Endpoint configurations: which models an endpoint runs, on how many instances, with what weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from windvane.control.encryption import Encryption
from windvane.control.lists import Listed, Listing, Lists
from windvane.control.members import Request, Unserved, found, member_at
from windvane.control.models import find_model
from windvane.control.rules import TAG_RULES, Rule, check, refused
from windvane.control.tags import set_first_tags, without_tags
from windvane.domain.deployment import EndpointConfig, Serverless, Variant
from windvane.domain.resource import Kind
from windvane.errors import AlreadyExists, DoesNotExist
from windvane.names import Scope, arn
from windvane.store.base import Store, Transaction

MEMORY_SIZES_MB = (1024, 2048, 3072, 4096, 5120, 6144)
"""Of a serverless variant's processes (the service model names them in its text alone)."""

_ALL_CONFIGS = Listing("ListEndpointConfigs", EndpointConfig)


_VARIANTS = ("ProductionVariants", "ShadowProductionVariants")
"""Members with variants."""


def _every_variant(request: Request) -> Iterator[tuple[str, Request]]:
    """Yield each variant of a request with its place."""
    for member in _VARIANTS:
        yield from found(request, f"{member}.*")


def _unique_variants(request: Request) -> Iterator[str]:
    names = [variant["VariantName"] for _, variant in _every_variant(request)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"The variant name '{name}' is given more than once in {' and '.join(_named(request))}."


def _named(request: Request) -> list[str]:
    return [member for member in _VARIANTS if request.get(member)]


def _model_named(request: Request) -> Iterator[str]:
    for place, variant in _every_variant(request):
        if not variant.get("ModelName"):
            yield (
                f"The member '{place}.modelName' must be specified: "
                "endpoints with inference components are not supported by this server."
            )


def _some_weight(request: Request) -> Iterator[str]:
    variants = request["ProductionVariants"]
    if not any(variant.get("InitialVariantWeight", 1.0) > 0 for variant in variants):
        yield "At least one of ProductionVariants must have an InitialVariantWeight above 0."


def _one_of_one(request: Request) -> Iterator[str]:
    shadows, variants = request.get("ShadowProductionVariants", ()), request["ProductionVariants"]
    if shadows and (len(shadows) > 1 or len(variants) > 1):
        yield (
            "With ShadowProductionVariants, there must be one variant in it and one in ProductionVariants, whose requests it "
            f"is sent; there are {len(shadows)} and {len(variants)}."
        )


def _whole_serverless(request: Request) -> Iterator[str]:
    for place, variant in _every_variant(request):
        serverless = variant.get("ServerlessConfig")
        if serverless is None:
            continue
        for member in ("InitialInstanceCount", "InstanceType"):
            if member in variant:
                yield (
                    f"The members '{place}.{member[0].lower()}{member[1:]}' and '{place}.serverlessConfig' "
                    "cannot be given together: a serverless variant has no instances."
                )
        memory = serverless["MemorySizeInMB"]
        if memory not in MEMORY_SIZES_MB:
            yield (
                f"Value '{memory}' at '{place}.serverlessConfig.memorySizeInMB' failed to satisfy constraint: "
                f"Member must be one of [{', '.join(map(str, MEMORY_SIZES_MB))}]."
            )
        if serverless.get("ProvisionedConcurrency", 0) > serverless["MaxConcurrency"]:
            yield (
                f"'{place}.serverlessConfig.provisionedConcurrency' must be at most its maxConcurrency, "
                f"{serverless['MaxConcurrency']}."
            )


_UNSERVED_OF_VARIANTS: Mapping[str, tuple[bool, ...]] = {
    "InstancePools": (),
    "VariantInstanceProvisionTimeoutInSeconds": (),
    "AcceleratorType": (),
    "CoreDumpConfig": (),
    "VolumeSizeInGB": (),
    "ModelDataDownloadTimeoutInSeconds": (),
    "ContainerStartupHealthCheckTimeoutInSeconds": (),
    "EnableSSMAccess": (False,),
    "ManagedInstanceScaling": (),
    "RoutingConfig": (),
    "InferenceAmiVersion": (),
    "CapacityReservationConfig": (),
    "AcceleratorPartitionLayouts": (),
}
"""What a variant may not ask for, and the values that ask for nothing."""

CREATE_CONFIG_RULES: tuple[Rule, ...] = (
    refused(
        Unserved("DataCaptureConfig"),
        Unserved("AsyncInferenceConfig"),
        Unserved("ExplainerConfig"),
        Unserved("ExecutionRoleArn"),
        Unserved("VpcConfig"),
        Unserved("EnableNetworkIsolation", (False,)),
        Unserved("MetricsConfig"),
        Unserved("CrossRegionTrafficConfig"),
        *(
            Unserved(f"{member}.*.{name}", allowed)
            for member in _VARIANTS
            for name, allowed in _UNSERVED_OF_VARIANTS.items()
        ),
    ),
    _unique_variants,
    _one_of_one,
    _model_named,
    _some_weight,
    _whole_serverless,
    *TAG_RULES,
)


class EndpointConfigs:
    """The operations on endpoint configurations."""

    def __init__(
        self,
        store: Store,
        lists: Lists,
        encryption: Encryption,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._encryption = encryption
        self._lists = lists
        self._clock = clock

    def create(self, scope: Scope, request: Request) -> EndpointConfig:
        """Create an endpoint configuration.

        raises    InvalidRequest
        """
        check(CREATE_CONFIG_RULES, request)
        key = self._encryption.volume_key(scope, member_at(request, "KmsKeyId"))
        with self._store.transaction() as tx:
            return add_endpoint_config(tx, scope, request, self._clock(), key)

    def describe(self, scope: Scope, name: str) -> EndpointConfig:
        """Return an endpoint configuration.

        raises    DoesNotExist
        """
        with self._store.snapshot() as tx:
            return find_endpoint_config(tx, scope, name)

    def list(self, scope: Scope, parameters: Mapping[str, Any]) -> Listed[EndpointConfig]:
        """Return a page of the endpoint configurations.

        raises    InvalidRequest for a page token that is not this list's
        """
        return self._lists.page(_ALL_CONFIGS, scope, parameters)

    def delete(self, scope: Scope, name: str) -> None:
        """Endpoints that were made from it go on.

        raises    DoesNotExist
        """
        with self._store.transaction() as tx:
            tx.delete(find_endpoint_config(tx, scope, name))


def add_endpoint_config(
    tx: Transaction, scope: Scope, request: Request, now: datetime, volume_key: str
) -> EndpointConfig:
    """Record an endpoint configuration whose request was checked.

    volume_key    as in EndpointConfig
    raises    AlreadyExists; DoesNotExist if it names a missing model
    """
    config = EndpointConfig(
        scope=scope,
        name=request["EndpointConfigName"],
        created=now,
        modified=now,
        request=without_tags(request),
        variants=tuple(_variant(variant) for _, variant in _every_variant(request)),
        volume_key=volume_key,
        shadow=next((one["VariantName"] for one in request.get(_VARIANTS[1], ())), ""),
    )
    for variant in config.variants:
        find_model(tx, scope, variant.model_name)
    if not tx.insert(config):
        raise AlreadyExists("endpoint configuration", config.arn)
    set_first_tags(tx, config.arn, request)
    return config


def find_endpoint_config(tx: Transaction, scope: Scope, name: str) -> EndpointConfig:
    """Return the endpoint configuration of a name.

    raises    DoesNotExist
    """
    config = tx.find(EndpointConfig, scope, name)
    if config is None:
        raise DoesNotExist("endpoint configuration", arn(scope, Kind.ENDPOINT_CONFIG, name))
    return config


def _variant(request: Request) -> Variant:
    serverless = request.get("ServerlessConfig")
    return Variant(
        name=request["VariantName"],
        model_name=request["ModelName"],
        instance_count=0 if serverless else request.get("InitialInstanceCount", 1),
        weight=float(request.get("InitialVariantWeight", 1.0)),
        instance_type=request.get("InstanceType", ""),
        serverless=_serverless(serverless) if serverless else None,
    )


def _serverless(config: Request) -> Serverless:
    return Serverless(
        config["MemorySizeInMB"],
        config["MaxConcurrency"],
        config.get("ProvisionedConcurrency", 0),
    )
