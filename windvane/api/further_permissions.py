"""What requests need to be allowed besides their operations: for tags that they give, for keys that they hand on, and for
what they are filled in from."""

from __future__ import annotations

from windvane.api.permissions import Lookups, Permission, ResourcesOf
from windvane.control.members import first
from windvane.domain.images import step_of
from windvane.domain.resource import Kind
from windvane.names import Scope, arn
from windvane.wire.call import Call


def tagging(action: str, resources: ResourcesOf) -> Permission:
    """Return the permission of a request that gives what it makes tags at once: they need what tags given later do.

    resources    what gets the tags
    source       "Example: Tag resources during creation" and the like in the services' user guides
    """

    def tagged(call: Call, lookups: Lookups) -> tuple[str, ...]:
        return resources(call, lookups) if call.parameters.get("Tags") else ()

    return Permission(action, tagged)


def _key_of_config(call: Call, lookups: Lookups) -> tuple[str, ...]:
    """Return the key of the volumes that an endpoint gets with its configuration; nothing for volumes without one."""
    scope = Scope(call.caller.account, call.caller.region)
    key = lookups.volume_key(scope, call.parameters["EndpointConfigName"])
    return (key,) if key else ()


def _step_of_image(call: Call, _: Lookups) -> tuple[str, ...]:
    """Return the step whose hyperparameters and data a training job takes over by its image."""
    name = step_of(first(call.parameters, "AlgorithmSpecification.TrainingImage") or "")
    scope = Scope(call.caller.account, call.caller.region)
    return () if name is None else (arn(scope, Kind.TRAINING_JOB, name),)


HANDING_ON = Permission("kms:CreateGrant", _key_of_config)
"""source    CreateEndpoint in "Amazon SageMaker API Permissions", SageMaker's developer guide"""

TAKING_OVER = Permission("sagemaker:DescribeTrainingJob", _step_of_image)
"""What is taken over stands in the description of the new job."""
