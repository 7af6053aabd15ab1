"""What a server runs in processes of their own: workers, and the models behind endpoints."""

from __future__ import annotations

from dataclasses import dataclass

from windvane.api.operation import Services
from windvane.assembly.foundation import Access, Foundation, ObjectStorage, utc_now
from windvane.control.models import Models
from windvane.from_settings import sandbox_for, work_config
from windvane.process.sandbox import Sandbox
from windvane.process.volatile import make_memory_folder
from windvane.serving.explaining import Explaining
from windvane.serving.router import Router
from windvane.work.hosting.alarm_monitor import AlarmMonitor
from windvane.work.hosting.autoscaler import Autoscaler
from windvane.work.hosting.hosting import Hosting
from windvane.work.hosting.rescaling import Rescaling
from windvane.work.workers.process import StartedWorkers
from windvane.work.workers.supervisor import Supervisor


@dataclass(frozen=True)
class Execution:
    """The workers, and the sandbox of what they run.

    no_volumes    why there is no folder in memory for encrypted volumes; "" if there is
    """

    no_volumes: str
    sandbox: Sandbox
    supervisor: Supervisor


def make_execution(
    base: Foundation, storage: ObjectStorage, workers: StartedWorkers | None
) -> Execution:
    """Make the sandbox, and the supervisor of the workers.

    workers    that have been started and wait to be told what to be
    """
    settings, membership = base.settings, base.sharing.membership
    no_volumes = make_memory_folder(settings.data_dir)
    sandbox, _ = sandbox_for(settings, no_volumes, base.sharing.keys.sealing_secret)
    config = work_config(
        settings,
        storage.mapped,
        membership.id,
        sandbox,
        base.masters.in_hexadecimal(),
        is_shared=membership.is_shared,
    )
    supervisor = Supervisor(config, workers)
    membership.lead_only_while(supervisor.is_able_to_lead)
    return Execution(no_volumes, sandbox, supervisor)


@dataclass(frozen=True)
class ModelServing:
    """The processes behind endpoints: which there are, how many, the alarms on their requests, and those that explain
    predictions."""

    hosting: Hosting
    autoscaler: Autoscaler
    alarms: AlarmMonitor
    explaining: Explaining


def make_hosting(
    base: Foundation, storage: ObjectStorage, router: Router, sandbox: Sandbox, models: Models
) -> Hosting:
    """Make what runs instances of endpoints, for this router.

    sandbox    of their processes
    """
    settings = base.settings
    return Hosting(
        base.store,
        storage.artifacts,
        settings.data_dir,
        router,
        memory_mb=settings.serving.memory_mb,
        idle_s=settings.serving.idle_s,
        sandbox=sandbox,
        check_key=base.kms.ciphers.check,
        permits=storage.permits,
        check_data=models.check_data,
        model_bytes=settings.limits.model_bytes,
        placing=base.sharing.placing,
    )


def make_model_serving(
    base: Foundation,
    storage: ObjectStorage,
    access: Access,
    execution: Execution,
    services: Services,
) -> ModelServing:
    settings, store, router = base.settings, base.store, services.router
    hosting = make_hosting(base, storage, router, execution.sandbox, services.models)
    membership = base.sharing.membership
    rescaling = Rescaling(store, access.audit, settings.limits.instances)
    alarms = AlarmMonitor(
        store,
        router.snapshot,
        rescaling,
        utc_now,
        hosts=hosting.looks_after,
        leads=lambda: membership.lead() is not None,
    )
    autoscaler = Autoscaler(
        store,
        base.sharing.arrivals,
        rescaling,
        utc_now,
        period_s=settings.scaling.period_s,
        hosts=hosting.looks_after,
    )
    explaining = Explaining(router, {"WINDVANE_DATA_DIR": str(settings.data_dir)})
    base.sharing.answer_peers(base.bodies, router, explaining)
    return ModelServing(hosting, autoscaler, alarms, explaining)
