"""How an AWS operation is declared: a small function in the file of its resource.

    OPERATIONS = OperationTable("sagemaker")

    @OPERATIONS.serves("StopAutoMLJob")
    def stop_auto_ml_job(parts: Services, call: Call) -> Result: ...

It translates AWS's words, calls control, and translates back. `api/served.py` joins the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from windvane.control.alarms.service import Alarms
from windvane.control.cluster import Cluster
from windvane.control.endpoint_configs import EndpointConfigs
from windvane.control.endpoints import Endpoints
from windvane.control.jobs import Jobs
from windvane.control.kms.service import KeyService
from windvane.control.leaderboard import Leaderboards
from windvane.control.logs import Logs
from windvane.control.models import Models
from windvane.control.overviews import Overviews
from windvane.control.previews import Previews
from windvane.control.progress import Progress
from windvane.control.reports import Reports
from windvane.control.scaling.service import Scaling
from windvane.control.steps import Steps
from windvane.control.tags import Tags
from windvane.control.transforms import Transforms
from windvane.names import Scope
from windvane.serving.router import Router
from windvane.wire.call import Call, Handler, Result


@dataclass(frozen=True)
class Services:
    """The services that operations call; made once (assembly/operations.py)."""

    jobs: Jobs
    models: Models
    endpoint_configs: EndpointConfigs
    endpoints: Endpoints
    tags: Tags
    steps: Steps
    reports: Reports
    transforms: Transforms
    logs: Logs
    overviews: Overviews
    progress: Progress
    leaderboards: Leaderboards
    previews: Previews
    router: Router
    kms: KeyService
    scaling: Scaling
    alarms: Alarms
    cluster: Cluster


Operation = Callable[[Services, Call], Result]


class OperationTable:
    """The operations of one file."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._operations: dict[str, Operation] = {}

    def serves(self, name: str) -> Callable[[Operation], Operation]:
        def declare(operation: Operation) -> Operation:
            self._operations[name] = operation
            return operation

        return declare

    def bound_to(self, parts: Services) -> dict[tuple[str, str], Handler]:
        return {
            (self._service, name): partial(operation, parts)
            for name, operation in self._operations.items()
        }


def scope_of(call: Call) -> Scope:
    return Scope(call.caller.account, call.caller.region)
