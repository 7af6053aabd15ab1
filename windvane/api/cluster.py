"""The machines of the service: an operation of our own, described in wire/data/windvane."""

from __future__ import annotations

from typing import Any

from windvane.api.answers import present, reason
from windvane.api.operation import OperationTable, Services, scope_of
from windvane.control.cluster import OpenTask, ServerLoad, VariantShare
from windvane.control.progress import index_of
from windvane.domain.task import TaskStatus
from windvane.notes.note import Note
from windvane.wire.call import Call, Result

OPERATIONS = OperationTable("windvane")

_STATUSES = {TaskStatus.RUNNING: "Running", TaskStatus.READY: "Waiting"}


@OPERATIONS.serves("DescribeCluster")
def describe_cluster(parts: Services, call: Call) -> Result:
    view = parts.cluster.describe(scope_of(call))
    return {
        "Now": view.now,
        "IsShared": view.is_shared,
        "TasksRunOn": "RayCluster" if view.has_task_cluster else "Servers",
        "Servers": [_server(one, view.this) for one in view.servers],
        "RunningTaskCount": view.n_running,
        "WaitingTaskCount": view.n_ready,
        "Tasks": [_task(one) for one in view.tasks],
        "Instances": [_share(one) for one in view.shares],
    }


def _server(one: ServerLoad, this: str) -> dict[str, Any]:
    server = one.server
    return {
        "ServerId": server.id,
        "HostName": server.host,
        "Address": server.address,
        "Version": server.version,
        "Status": _status(one),
        "IsThisServer": server.id == this,
        "IsLeader": one.leads,
        "IsHostOnly": server.is_host_only,
        "StartTime": server.started,
        "LastHeartbeatTime": server.heartbeat,
        "CoreCount": server.cores,
        "MemoryInMB": server.memory_mb,
        "RunningTaskCount": one.n_tasks,
        "InstanceCount": one.n_instances,
        **present(
            WorkerCount=None if server.is_host_only else server.workers,
            ReservedMemoryInMB=one.reserved_mb,
        ),
    }


def _status(one: ServerLoad) -> str:
    if not one.is_live:
        return "Silent"
    return "Leaving" if one.server.is_leaving else "Live"


def _task(one: OpenTask) -> dict[str, Any]:
    task = one.task
    return {
        "JobName": one.job,
        "JobType": one.job_kind,
        "Task": task.kind.value,
        "Status": _STATUSES[task.status],
        "CreationTime": task.created,
        **present(
            ServerId=one.server,
            StartTime=task.started if task.status is TaskStatus.RUNNING else None,
            CandidateNumber=index_of(task),
        ),
    }


def _share(one: VariantShare) -> dict[str, Any]:
    why = one.why_not_up
    return {
        "EndpointName": one.endpoint,
        "VariantName": one.variant,
        "IsServerless": one.is_serverless,
        "InstanceCount": one.number,
        "ReadyInstanceCount": one.n_up,
        **present(
            ServerId=one.server,
            Reason=reason(why) if isinstance(why, Note) else why and f"{why}.",
        ),
    }
