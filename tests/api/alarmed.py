"""An endpoint with alarms on hand-made requests, in process, and clients of CloudWatch in each of its protocols."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import boto3
from api.scaled import ADDRESS, Scaled
from api.test_endpoints import in_service
from api.world import ACCOUNT, REGION, World
from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session

from windvane.names import Scope
from windvane.serving.readings import Sent, Snapshot
from windvane.serving.tally import Outcome, Tally
from windvane.work.hosting.alarm_monitor import AlarmMonitor
from windvane.work.hosting.rescaling import Rescaling

STEPS: dict[str, Any] = {
    "PolicyName": "out",
    "PolicyType": "StepScaling",
    "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [
            {
                "MetricIntervalLowerBound": 0.0,
                "MetricIntervalUpperBound": 50.0,
                "ScalingAdjustment": 1,
            },
            {"MetricIntervalLowerBound": 50.0, "ScalingAdjustment": 2},
        ],
        "Cooldown": 60,
        "MetricAggregationType": "Maximum",
    },
}
DIMENSIONS = [
    {"Name": "EndpointName", "Value": "e"},
    {"Name": "VariantName", "Value": "A"},
]
HIGH: dict[str, Any] = {
    "AlarmName": "high",
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocations",
    "Dimensions": DIMENSIONS,
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 100.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


class Alarmed(Scaled):
    """The endpoint of `Scaled` with its alarms, at the beginning of a minute."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        clock = self.world.clock
        clock.advance(60 - clock.now.timestamp() % 60)
        self.began = clock.now.timestamp()
        self.tally = Tally()
        self.alarms = self.world.client(service="cloudwatch")
        self.monitor = self.another_monitor()

    def another_monitor(self) -> AlarmMonitor:
        rescaling = Rescaling(self.world.store, self.audit, 11)
        return AlarmMonitor(self.world.store, self.snapshot, rescaling, self.world.clock)

    def snapshot(self, scope: Scope, endpoint: str) -> Snapshot:
        assert (scope.account, endpoint) == (ACCOUNT, "e")
        sent = Sent(self.tally.newest, self.tally.counts())
        return Snapshot(self.world.clock.now.timestamp(), self.began, {"A": sent}, (), ())

    def requests(self, n: int, outcome: Outcome = Outcome.ANSWERED, seconds: float = 0.1) -> None:
        """Let so many requests end now."""
        for _ in range(n):
            self.tally.note(self.world.clock.now.timestamp(), outcome, seconds)

    def load(self, *minutes: int) -> None:
        """Let so many requests come in each of as many minutes, and look at the alarms after each."""
        for n in minutes:
            self.requests(n)
            self.world.clock.advance(60)
            self.monitor.look()

    def policy(self, **changes: Any) -> str:
        return str(self.client.put_scaling_policy(**ADDRESS, **{**STEPS, **changes})["PolicyARN"])

    def told(self, name: str = "high") -> dict[str, Any]:
        [alarm] = self.alarms.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return dict(alarm)

    def state(self, name: str = "high") -> str:
        return str(self.told(name)["StateValue"])

    def settle(self) -> int:
        """Bring to life what was asked for, and have the autoscaler see it; how many instances there are then."""
        in_service(self.world)
        self.autoscaler.look()
        return self.wanted


class _OneProtocol(Loader):
    def __init__(self, protocol: str) -> None:
        super().__init__(include_default_search_paths=True)
        self._protocol = protocol

    def load_service_model(self, service_name: str, *given: Any, **named: Any) -> Any:
        model = copy.deepcopy(super().load_service_model(service_name, *given, **named))
        if service_name == "cloudwatch" and "metadata" in model:
            model["metadata"] |= {"protocol": self._protocol, "protocols": [self._protocol]}
        return model


def speaking(world: World, protocol: str) -> Any:
    """A client of CloudWatch that speaks one protocol, as those do that know no other."""
    session = Session()
    session.register_component("data_loader", _OneProtocol(protocol))
    client = boto3.Session(botocore_session=session).client(
        "cloudwatch",
        region_name=REGION,
        endpoint_url="http://windvane.test",
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send.cloudwatch", world._send)
    return client
