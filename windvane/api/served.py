"""Every operation of SageMaker's control plane that is served, and our own."""

from __future__ import annotations

from windvane.api import (
    alarms,
    automl,
    cluster,
    endpoint_configs,
    endpoint_figures,
    endpoint_history,
    endpoints,
    kms,
    leaderboard,
    logs,
    models,
    previews,
    progress,
    reports,
    scaling,
    steps,
    tags,
    transforms,
)
from windvane.api.operation import Services
from windvane.wire.call import Handler

_TABLES = (
    automl.OPERATIONS,
    models.OPERATIONS,
    endpoint_configs.OPERATIONS,
    endpoints.OPERATIONS,
    tags.OPERATIONS,
    steps.OPERATIONS,
    transforms.OPERATIONS,
    reports.OPERATIONS,
    logs.OPERATIONS,
    progress.OPERATIONS,
    cluster.OPERATIONS,
    leaderboard.OPERATIONS,
    previews.OPERATIONS,
    endpoint_figures.OPERATIONS,
    endpoint_history.OPERATIONS,
    kms.OPERATIONS,
    scaling.OPERATIONS,
    alarms.OPERATIONS,
)


def operations(parts: Services) -> dict[tuple[str, str], Handler]:
    """Return (service, operation) -> handler, as the wire wants it."""
    return {key: handler for table in _TABLES for key, handler in table.bound_to(parts).items()}
