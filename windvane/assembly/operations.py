"""The operations that a server offers, and what they call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from windvane.api import served
from windvane.api.cloudtrail import Trail, trail_operations
from windvane.api.endpoint_explanations import explanation_operations
from windvane.api.iam.operation import identity_parts
from windvane.api.identity import identity_operations
from windvane.api.operation import Services
from windvane.api.runtime import runtime_operations
from windvane.assembly.foundation import Access, Foundation, ObjectStorage, utc_now
from windvane.assembly.processes import Execution, ModelServing
from windvane.control.alarms.service import Alarms
from windvane.control.cluster import Cluster
from windvane.control.encryption import Encryption
from windvane.control.endpoint_configs import EndpointConfigs
from windvane.control.endpoints import Endpoints
from windvane.control.jobs import Jobs
from windvane.control.leaderboard import Leaderboards
from windvane.control.lists import Lists
from windvane.control.logs import Logs
from windvane.control.models import Models
from windvane.control.overviews import Overviews
from windvane.control.previews import Previews
from windvane.control.progress import Progress
from windvane.control.reports import Reports
from windvane.control.scaling.service import new_scaling
from windvane.control.steps import Steps
from windvane.control.tags import Tags
from windvane.control.transforms import Transforms
from windvane.from_settings import (
    key_of_writes,
    networks_of,
    no_job_volumes,
    plain_links,
    webhooks_for,
)
from windvane.serving.pool import Bounds
from windvane.serving.router import Router
from windvane.wire.call import Operations
from windvane.wire.edge import AsyncHandler


def make_services(
    base: Foundation, storage: ObjectStorage, access: Access, execution: Execution
) -> Services:
    """Return what the operations of SageMaker, CloudWatch Logs and KMS call."""
    settings, store, membership = base.settings, base.store, base.sharing.membership
    artifacts, roles, limits = storage.artifacts, access.roles, settings.limits
    networks = networks_of(settings, execution.sandbox)
    lists = Lists(store, base.page_tokens)
    encryption = Encryption(
        base.kms.ciphers,
        plain_links(settings),
        settings.s3 is None,
        execution.no_volumes,
        no_job_volumes(settings),
        key_of_writes(storage.embedded, storage.mapped),
    )
    most_jobs = limits.jobs_in_flight
    steps = Steps(store, artifacts, roles, lists, encryption, utc_now, networks, most_jobs)
    webhooks = partial(webhooks_for, settings)
    memory_bytes = execution.supervisor.memory_bytes
    router = Router(Bounds(queue=settings.serving.queue), base.sharing.peers, base.record_span)
    return Services(
        Jobs(store, artifacts, roles, limits, lists, encryption, utc_now, networks, webhooks),
        Models(store, artifacts, roles, lists, utc_now, networks),
        EndpointConfigs(store, lists, encryption, utc_now),
        Endpoints(store, limits, lists, utc_now),
        Tags(store, webhooks),
        steps,
        Reports(store, steps),
        Transforms(store, artifacts, roles, encryption, utc_now, most_jobs),
        Logs(store, base.page_tokens, settings.logs.retention_days),
        Overviews(store, lists),
        Progress(store, lambda: membership.up_since, memory_bytes, utc_now),
        Leaderboards(store),
        Previews(artifacts, roles, sandbox=execution.sandbox),
        router,
        base.kms,
        new_scaling(store, base.page_tokens, utc_now),
        Alarms(store, base.page_tokens, utc_now),
        Cluster(
            store,
            base.sharing.own,
            settings.account,
            router.processes_up,
            has_task_cluster=settings.executor.is_ray,
        ),
    )


@dataclass(frozen=True)
class Handlers:
    """The handler of each operation, by (service, operation); those of S3 are the gateway's."""

    operations: Operations
    async_operations: Mapping[tuple[str, str], AsyncHandler]


def make_handlers(
    base: Foundation, access: Access, services: Services, serving: ModelServing
) -> Handlers:
    identity = identity_parts(access.keyring, access.authorizer, base.store, access.safe, utc_now)
    trail = Trail(base.sharing.logs, base.page_tokens, utc_now)
    return Handlers(
        {
            **served.operations(services),
            **identity_operations(identity),
        },
        {
            **trail_operations(trail),
            **runtime_operations(services.router),
            **explanation_operations(services.router, serving.explaining),
        },
    )
