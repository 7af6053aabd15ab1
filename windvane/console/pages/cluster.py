"""The machines: servers and hosts, what each has in hand, and what waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from windvane.console.draw import draw, draw_part
from windvane.console.job.views import TASK_WORDS
from windvane.console.request_context import RequestContext, context_of
from windvane.console.stream import stream_fragments

_EVERY_S = 2.0

_FRAGMENTS = ("totals", "servers", "tasks", "instances")

_JOB_WORDS = {
    "automl-job": "AutoML job",
    "processing-job": "processing job",
    "training-job": "training job",
    "transform-job": "transform job",
}
_STATUS_WORDS = {
    "Live": ("live", "good"),
    "Leaving": ("stopping", "warn"),
    "Silent": ("silent", "bad"),
}


@dataclass(frozen=True)
class Server:
    """A server or a host.

    silent_s     since it was heard of last
    reserved_mb  None for a server that has its store for itself
    workers      None for a host
    """

    name: str
    address: str
    status: str
    tone: str
    version: str
    is_this: bool
    leads: bool
    is_host: bool
    since: datetime
    silent_s: int
    cores: int
    memory_mb: int
    reserved_mb: int | None
    tasks: int
    workers: int | None
    instances: int


@dataclass(frozen=True)
class Task:
    """A task that runs or waits.

    server    "" while it waits
    """

    job: str
    job_kind: str
    title: str
    is_running: bool
    server: str
    since: datetime

    @property
    def has_page(self) -> bool:
        return self.job_kind == _JOB_WORDS["automl-job"]


@dataclass(frozen=True)
class Instances:
    """The instances of a variant on one server.

    server    "" if they are on none
    """

    endpoint: str
    variant: str
    server: str
    is_serverless: bool
    number: int
    ready: int
    reason: str


@dataclass(frozen=True)
class ClusterView:
    is_shared: bool
    on_ray: bool
    servers: tuple[Server, ...]
    running: int
    waiting: int
    tasks: tuple[Task, ...]
    instances: tuple[Instances, ...]

    @property
    def live(self) -> int:
        return sum(one.tone != "bad" for one in self.servers)

    @property
    def placed(self) -> int:
        """The number of instances, of all accounts."""
        return sum(one.instances for one in self.servers)


async def cluster_page(request: Request) -> Response:
    return draw(request, "cluster.html", await _look(context_of(request)))


async def live(request: Request) -> Response:
    context = context_of(request)

    async def render() -> Mapping[str, str]:
        view = await _look(context)
        return {name: draw_part(request, f"cluster/{name}.html", view) for name in _FRAGMENTS}

    return stream_fragments(request, render, _EVERY_S)


async def _look(context: RequestContext) -> ClusterView:
    told = await context.ask("windvane", "DescribeCluster", {})
    servers = told["Servers"]
    hosts = [one["HostName"] for one in servers]
    names = {
        one["ServerId"]: one["HostName"]
        if hosts.count(one["HostName"]) == 1
        else f"{one['HostName']} ({one['ServerId']})"
        for one in servers
    }
    return ClusterView(
        told["IsShared"],
        told["TasksRunOn"] == "RayCluster",
        tuple(_server(one, names[one["ServerId"]], told["Now"]) for one in servers),
        told["RunningTaskCount"],
        told["WaitingTaskCount"],
        tuple(_task(one, names) for one in told["Tasks"]),
        tuple(_instances(one, names) for one in told["Instances"]),
    )


def _server(one: Mapping[str, Any], name: str, now: datetime) -> Server:
    status, tone = _STATUS_WORDS[one["Status"]]
    return Server(
        name,
        one["Address"],
        status,
        tone,
        one["Version"],
        one["IsThisServer"],
        one["IsLeader"],
        one["IsHostOnly"],
        one["StartTime"],
        max(0, int((now - one["LastHeartbeatTime"]).total_seconds())),
        one["CoreCount"],
        one["MemoryInMB"],
        one.get("ReservedMemoryInMB"),
        one["RunningTaskCount"],
        one.get("WorkerCount"),
        one["InstanceCount"],
    )


def _task(one: Mapping[str, Any], names: Mapping[str, str]) -> Task:
    return Task(
        one["JobName"],
        _JOB_WORDS.get(one["JobType"], one["JobType"]),
        _title(one),
        one["Status"] == "Running",
        _named(one, names),
        one.get("StartTime", one["CreationTime"]),
    )


def _title(one: Mapping[str, Any]) -> str:
    if one["Task"] == "train":
        return (
            f"Training candidate {one['CandidateNumber']}"
            if "CandidateNumber" in one
            else "Training"
        )
    return "The whole job" if one["Task"] == "step" else TASK_WORDS.get(one["Task"], one["Task"])


def _instances(one: Mapping[str, Any], names: Mapping[str, str]) -> Instances:
    return Instances(
        one["EndpointName"],
        one["VariantName"],
        _named(one, names),
        one["IsServerless"],
        one["InstanceCount"],
        one["ReadyInstanceCount"],
        one.get("Reason", ""),
    )


def _named(one: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the server as the page calls it; its id if it is gone."""
    server: str = one.get("ServerId", "")
    return names.get(server, server)


ROUTES = (
    Route("/console/cluster", cluster_page, methods=["GET"]),
    Route("/console/cluster/live", live, methods=["GET"]),
)
