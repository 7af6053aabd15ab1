"""An endpoint whose instances are scaled by hand-made minutes, in process."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from api.test_endpoints import create, endpoint_of, in_service
from api.world import ACCOUNT, SCOPE, build_world, variant

from windvane.wire.call import RequestRecord
from windvane.work.hosting.autoscaler import Autoscaler
from windvane.work.hosting.rescaling import Rescaling

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
RESOURCE = "endpoint/e/variant/A"
ADDRESS = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": DIMENSION,
}
NAMESPACE = {"ServiceNamespace": "sagemaker"}
ROLE = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
METRIC = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
TRACKING = {
    "PolicyName": "track",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 60.0,
        "PredefinedMetricSpecification": METRIC,
    },
}


class Recorded:
    """The audit log."""

    def __init__(self) -> None:
        self.records: list[RequestRecord] = []

    def check(self, record: RequestRecord) -> None:
        assert record.operation == "UpdateEndpointWeightsAndCapacities"

    def note(self, record: RequestRecord) -> None:
        self.records.append(record)


class Scaled:
    """A world with an endpoint of the variants A (one instance) and S (serverless), and room for seven instances."""

    def __init__(self, folder: Path) -> None:
        self.world = build_world(folder, instances=11)
        self.world.create_model()
        serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 4}
        variants = [
            variant("A"),
            {"VariantName": "S", "ModelName": "m", "ServerlessConfig": serverless},
        ]
        self.world.create_config(ProductionVariants=variants)
        create(self.world)
        in_service(self.world)
        self.client = self.world.client(service="application-autoscaling")
        self.audit = Recorded()
        self.arrived: Counter[Any] = Counter()
        self.autoscaler = self.another_autoscaler()

    def another_autoscaler(self) -> Autoscaler:
        return Autoscaler(
            self.world.store,
            lambda: self.arrived,
            Rescaling(self.world.store, self.audit, 11),
            self.world.clock,
        )

    def register(self, least: int = 1, most: int = 4, **more: Any) -> str:
        given = {**ADDRESS, "MinCapacity": least, "MaxCapacity": most, **more}
        return str(self.client.register_scalable_target(**given)["ScalableTargetARN"])

    def minutes(self, *requests: int) -> None:
        """Let so many requests come in each of as many minutes, and the autoscaler look after each of them."""
        for n in requests:
            self.arrived[SCOPE, "e", "A"] += n
            self.world.clock.advance(60)
            self.autoscaler.look()

    @property
    def wanted(self) -> int:
        return endpoint_of(self.world).desired[0].variant.instance_count

    def activities(self, **more: Any) -> list[dict[str, Any]]:
        answer = self.client.describe_scaling_activities(**NAMESPACE, **more)
        return list(answer["ScalingActivities"])

    def targets(self, **more: Any) -> list[dict[str, Any]]:
        return list(self.client.describe_scalable_targets(**NAMESPACE, **more)["ScalableTargets"])

    def policies(self, **more: Any) -> list[dict[str, Any]]:
        return list(self.client.describe_scaling_policies(**NAMESPACE, **more)["ScalingPolicies"])
