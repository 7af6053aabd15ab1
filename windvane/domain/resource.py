"""What every stored thing has: a kind, a scope, a name, and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from windvane.names import Scope, arn


class Kind(StrEnum):
    """Kinds of resource; the value is the resource part of its ARN, which is SageMaker's but for keys and aliases."""

    AUTO_ML_JOB = "automl-job"
    CANDIDATE = "candidate"
    PROCESSING_JOB = "processing-job"
    TRAINING_JOB = "training-job"
    TRANSFORM_JOB = "transform-job"
    MODEL = "model"
    ENDPOINT_CONFIG = "endpoint-config"
    ENDPOINT = "endpoint"
    KEY = "key"
    KEY_ALIAS = "alias"


class ScalingKind(StrEnum):
    """Kinds of what belongs to scaling. They are no steps of candidates, whose records know the kinds above."""

    SCALABLE_TARGET = "scalable-target"
    SCALING_POLICY = "scaling-policy"
    SCALING_ACTIVITY = "scaling-activity"
    ALARM = "alarm"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A named thing of an account in a region. Names are unique per (kind, scope), whatever their case.

    parent    the ARN of what it belongs to and is deleted with, or ""
    """

    kind: ClassVar[Kind | ScalingKind]

    scope: Scope
    name: str
    created: datetime
    modified: datetime
    parent: str = ""

    @property
    def arn(self) -> str:
        return arn(self.scope, self.kind, self.name)
