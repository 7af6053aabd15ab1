"""The permission of every operation that is served: AWS's action names, `windvane:` for operations of our own.

source    "Actions, resources, and condition keys for AWS services" in the service authorization reference; where AWS
          has no resource for an action, an ARN is given if the request names one: `*` in a policy covers it too
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from windvane.api.further_permissions import HANDING_ON, TAKING_OVER, tagging
from windvane.api.permissions import Lookups, Permission, ResourcesOf, Rows, anything
from windvane.control.identity.directory import Directory
from windvane.control.kms.blobs import head_of
from windvane.control.members import first
from windvane.domain.alarms import alarm_arn
from windvane.domain.resource import Kind
from windvane.domain.scaling import RESOURCE_ID, target_arn, target_name
from windvane.errors import BadCiphertext
from windvane.names import Scope, arn
from windvane.wire.call import Call


def _named(kind: Kind, member: str) -> ResourcesOf:
    def resources(call: Call, _: Lookups) -> tuple[str, ...]:
        scope = Scope(call.caller.account, call.caller.region)
        return (arn(scope, kind, call.parameters[member]),)

    return resources


def _both(*kinds: ResourcesOf) -> ResourcesOf:
    return lambda call, lookups: tuple(one for kind in kinds for one in kind(call, lookups))


def _given(member: str) -> ResourcesOf:
    """Return an ARN as it was written; `*` if it was left out."""
    return lambda call, _: (call.parameters.get(member) or "*",)


_CONDITIONS: Mapping[str, tuple[str, ...]] = {
    "sagemaker:networkisolation": (
        "EnableNetworkIsolation",
        "NetworkConfig.EnableNetworkIsolation",
    ),
    "sagemaker:intercontainertrafficencryption": (
        "EnableInterContainerTrafficEncryption",
        "NetworkConfig.EnableInterContainerTrafficEncryption",
        "SecurityConfig.EnableInterContainerTrafficEncryption",
        "AutoMLJobConfig.SecurityConfig.EnableInterContainerTrafficEncryption",
    ),
    "sagemaker:outputkmskey": (
        "OutputDataConfig.KmsKeyId",
        "ProcessingOutputConfig.KmsKeyId",
        "TransformOutput.KmsKeyId",
    ),
    "sagemaker:volumekmskey": (
        "ResourceConfig.VolumeKmsKeyId",
        "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
        "TransformResources.VolumeKmsKeyId",
        "SecurityConfig.VolumeKmsKeyId",
        "AutoMLJobConfig.SecurityConfig.VolumeKmsKeyId",
        "KmsKeyId",
    ),
}
"""Condition key -> members of requests that say it."""


_KEYS = frozenset({"sagemaker:outputkmskey", "sagemaker:volumekmskey"})


def _of_job(call: Call, lookups: Lookups) -> Mapping[str, str]:
    facts = {}
    for key, paths in _CONDITIONS.items():
        told = [value for path in paths if (value := first(call.parameters, path)) is not None]
        if told and told[0] != "":  # an empty name of a key names none
            text = str(told[0]).lower() if isinstance(told[0], bool) else str(told[0])
            facts[key] = _key_arn(call, lookups, text) if key in _KEYS else text
    return facts


def _key_arn(call: Call, lookups: Lookups, written: str) -> str:
    """Return the ARN of a KMS key, whichever of its names was written; what is none of this server's, as it was written."""
    found = lookups.key_arn(Scope(call.caller.account, call.caller.region), written)
    return written if found.endswith(f":{written}") else found


def _sagemaker(rows: Mapping[str, ResourcesOf | None], service: str = "sagemaker") -> Rows:
    return {
        (service, name): Permission(f"sagemaker:{name}", resources, _of_job)
        if resources is not None
        else Permission(f"sagemaker:{name}")
        for name, resources in rows.items()
    }


_JOB = _named(Kind.AUTO_ML_JOB, "AutoMLJobName")
_TRAINING = _named(Kind.TRAINING_JOB, "TrainingJobName")
_PROCESSING = _named(Kind.PROCESSING_JOB, "ProcessingJobName")
_TRANSFORM = _named(Kind.TRANSFORM_JOB, "TransformJobName")
_MODEL = _named(Kind.MODEL, "ModelName")
_CONFIG = _named(Kind.ENDPOINT_CONFIG, "EndpointConfigName")
_ENDPOINT = _named(Kind.ENDPOINT, "EndpointName")

_SAGEMAKER = _sagemaker(
    {
        "AddTags": _given("ResourceArn"),
        "CreateAutoMLJob": _JOB,
        "CreateAutoMLJobV2": _JOB,
        "CreateEndpoint": _both(_ENDPOINT, _CONFIG),
        "CreateEndpointConfig": _CONFIG,
        "CreateModel": _MODEL,
        "CreateProcessingJob": _PROCESSING,
        "CreateTrainingJob": _TRAINING,
        "CreateTransformJob": _TRANSFORM,
        "DeleteEndpoint": _ENDPOINT,
        "DeleteEndpointConfig": _CONFIG,
        "DeleteModel": _MODEL,
        "DeleteTags": _given("ResourceArn"),
        "DescribeAutoMLJob": _JOB,
        "DescribeAutoMLJobV2": _JOB,
        "DescribeEndpoint": _ENDPOINT,
        "DescribeEndpointConfig": _CONFIG,
        "DescribeModel": _MODEL,
        "DescribeProcessingJob": _PROCESSING,
        "DescribeTrainingJob": _TRAINING,
        "DescribeTransformJob": _TRANSFORM,
        "ListAutoMLJobs": None,
        "ListCandidatesForAutoMLJob": _JOB,
        "ListEndpointConfigs": None,
        "ListEndpoints": None,
        "ListModels": None,
        "ListProcessingJobs": None,
        "ListTags": _given("ResourceArn"),
        "ListTrainingJobs": None,
        "ListTransformJobs": None,
        "StopAutoMLJob": _JOB,
        "StopProcessingJob": _PROCESSING,
        "StopTrainingJob": _TRAINING,
        "StopTransformJob": _TRANSFORM,
        "UpdateEndpoint": _both(_ENDPOINT, _CONFIG),
        "UpdateEndpointWeightsAndCapacities": _ENDPOINT,
    }
)
_FURTHER: Mapping[str, tuple[Permission, ...]] = {
    "CreateAutoMLJob": (tagging("sagemaker:AddTags", _JOB),),
    "CreateAutoMLJobV2": (tagging("sagemaker:AddTags", _JOB),),
    "CreateEndpoint": (HANDING_ON, tagging("sagemaker:AddTags", _ENDPOINT)),
    "CreateEndpointConfig": (tagging("sagemaker:AddTags", _CONFIG),),
    "CreateModel": (tagging("sagemaker:AddTags", _MODEL),),
    "CreateProcessingJob": (tagging("sagemaker:AddTags", _PROCESSING),),
    "CreateTrainingJob": (TAKING_OVER, tagging("sagemaker:AddTags", _TRAINING)),
    "CreateTransformJob": (tagging("sagemaker:AddTags", _TRANSFORM),),
    "UpdateEndpoint": (HANDING_ON,),
}
_WITH_FURTHER: Rows = {
    ("sagemaker", name): replace(_SAGEMAKER["sagemaker", name], also=also)
    for name, also in _FURTHER.items()
}

_RUNTIME: Rows = {
    ("sagemaker-runtime", "InvokeEndpoint"): Permission("sagemaker:InvokeEndpoint", _ENDPOINT)
}

_OWN: Rows = {
    ("windvane", name): Permission(f"windvane:{name}", resources)
    for name, resources in {
        "DescribeAutoMLJobProgress": _JOB,
        "DescribeCandidate": _JOB,
        "DescribeCandidateReports": _JOB,
        "DescribeEndpointFigures": _ENDPOINT,
        "DescribeEndpointHistory": _ENDPOINT,
        "DescribeEndpointSchema": _ENDPOINT,
        "DescribeLeaderboard": _JOB,
        "EvaluatePredictions": _ENDPOINT,
        "ExplainPrediction": _ENDPOINT,
        "FollowJobEvents": _JOB,
        "StartCandidateReports": _JOB,
    }.items()
} | {
    ("windvane", name): Permission(f"windvane:{name}")
    for name in ("DescribeCluster", "FollowEvents", "ListAutoMLJobOverviews", "PreviewTable")
}


def _log_group(call: Call, _: Lookups) -> tuple[str, ...]:
    """Return the ARN of the log group that a request names.

    source    resource ARNs as CloudWatch Logs' denials tell them: a group ends with an empty stream
    """
    caller, given = call.caller, call.parameters
    named = given.get("logGroupName") or given.get("logGroupIdentifier") or ""
    region, account = caller.region, caller.account
    if named.startswith("arn:"):  # of whatever partition it calls itself
        parts = [*named.split(":"), "", "", "", "", "", ""]
        region, account, named = parts[3], parts[4], parts[6]
    stream = given.get("logStreamName", "")
    return (f"arn:aws:logs:{region}:{account}:log-group:{named}:log-stream:{stream}",)


_LOGS: Rows = {
    ("logs", name): Permission(f"logs:{name}", _log_group)
    for name in ("DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents")
}


def _key(member: str) -> ResourcesOf:
    """Return a KMS key by whatever names it."""

    def resources(call: Call, lookups: Lookups) -> tuple[str, ...]:
        written = call.parameters[member]
        return (lookups.key_arn(Scope(call.caller.account, call.caller.region), written),)

    return resources


def _key_of_ciphertext(call: Call, lookups: Lookups) -> tuple[str, ...]:
    """Return the key that has to open it, whatever the request says of that."""
    try:
        key_id = head_of(call.parameters.get("CiphertextBlob") or b"").key_id
    except BadCiphertext:
        return ("*",)
    return (lookups.key_arn(Scope(call.caller.account, call.caller.region), key_id),)


def _alias(call: Call, _: Lookups) -> tuple[str, ...]:
    caller = call.caller
    return (f"arn:aws:kms:{caller.region}:{caller.account}:{call.parameters['AliasName']}",)


def _key_of_alias(call: Call, lookups: Lookups) -> tuple[str, ...]:
    """Return the key that an alias names now; nothing more than the alias itself if there is no such alias."""
    scope = Scope(call.caller.account, call.caller.region)
    return (lookups.key_arn(scope, call.parameters["AliasName"]),)


_KMS: Rows = (
    {
        ("kms", name): Permission(f"kms:{name}", _key("KeyId"))
        for name in (
            "CancelKeyDeletion",
            "DescribeKey",
            "DisableKey",
            "DisableKeyRotation",
            "EnableKey",
            "EnableKeyRotation",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyWithoutPlaintext",
            "GetKeyPolicy",
            "GetKeyRotationStatus",
            "ListKeyPolicies",
            "ListKeyRotations",
            "ListResourceTags",
            "PutKeyPolicy",
            "RotateKeyOnDemand",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateKeyDescription",
        )
    }
    | {
        ("kms", "CreateAlias"): Permission("kms:CreateAlias", _both(_alias, _key("TargetKeyId"))),
        ("kms", "UpdateAlias"): Permission(
            "kms:UpdateAlias", _both(_alias, _key_of_alias, _key("TargetKeyId"))
        ),
    }
    | {
        ("kms", name): Permission(f"kms:{name}")
        for name in ("GenerateRandom", "ListAliases", "ListKeys")
    }
    | {
        ("kms", "CreateKey"): Permission(
            "kms:CreateKey", also=(tagging("kms:TagResource", anything),)
        ),
        ("kms", "DeleteAlias"): Permission("kms:DeleteAlias", _both(_alias, _key_of_alias)),
        ("kms", "Decrypt"): Permission("kms:Decrypt", _key_of_ciphertext),
        ("kms", "ReEncrypt"): Permission(
            "kms:ReEncryptFrom",
            _key_of_ciphertext,
            also=(Permission("kms:ReEncryptTo", _key("DestinationKeyId")),),
        ),
    }
)


_STS: Rows = {
    ("sts", "AssumeRole"): Permission(
        "sts:AssumeRole", _given("RoleArn"), is_decided_by_operation=True
    ),
    ("sts", "GetCallerIdentity"): Permission("sts:GetCallerIdentity"),
    ("sts", "GetSessionToken"): Permission("sts:GetSessionToken"),
    ("sts", "GetAccessKeyInfo"): Permission("sts:GetAccessKeyInfo"),
}


def _current(lookups: Lookups) -> Directory:
    """Return what names stand for now: another server may just have made a user of this name, or moved it to another path."""
    lookups.directory.refresh()
    return lookups.directory


def _user(call: Call, lookups: Lookups) -> tuple[str, ...]:
    """Return the user who is named; whoever calls if none is."""
    account = call.caller.account
    name = call.parameters.get("UserName") or call.caller.credential.user_name
    found = _current(lookups).user(account, name) if name else None
    return (found.arn if found is not None else f"arn:aws:iam::{account}:user/{name or ''}",)


def _role(call: Call, lookups: Lookups) -> tuple[str, ...]:
    account, name = call.caller.account, call.parameters["RoleName"]
    arns = [role.arn for role in _current(lookups).roles(account) if role.name == name]
    return (arns[0] if arns else f"arn:aws:iam::{account}:role/{name}",)


def _new(kind: str, member: str) -> ResourcesOf:
    def resources(call: Call, _: Lookups) -> tuple[str, ...]:
        path = call.parameters.get("Path", "/")
        return (f"arn:aws:iam::{call.caller.account}:{kind}{path}{call.parameters[member]}",)

    return resources


def _attached(call: Call, _: Lookups) -> Mapping[str, str]:
    policy = call.parameters.get("PolicyArn")
    return {} if policy is None else {"iam:policyarn": policy}


def _moved_user(call: Call, lookups: Lookups) -> tuple[str, ...]:
    """UpdateUser: the user as it is, and as it is to be."""
    given, now = call.parameters, _user(call, lookups)
    path, name = now[0].split(":user", 1)[1].rpartition("/")[::2]
    path, name = given.get("NewPath", f"{path}/"), given.get("NewUserName", name)
    return (*now, f"arn:aws:iam::{call.caller.account}:user{path}{name}")


def _by_key(call: Call, lookups: Lookups) -> tuple[str, ...]:
    """Return the user whose access key is named."""
    record = _current(lookups).key(call.parameters["AccessKeyId"])
    account = call.caller.account
    if record is None or record.account != account:
        return (f"arn:aws:iam::{account}:user/*",)
    user = lookups.directory.user(account, record.user_name)
    return (user.arn if user is not None else f"arn:aws:iam::{account}:user/{record.user_name}",)


_IAM_RESOURCES: Mapping[ResourcesOf, str] = {
    _user: "GetUser DeleteUser CreateAccessKey ListAccessKeys UpdateAccessKey DeleteAccessKey PutUserPolicy "
    "GetUserPolicy DeleteUserPolicy ListUserPolicies AttachUserPolicy DetachUserPolicy ListAttachedUserPolicies "
    "TagUser UntagUser ListUserTags ListGroupsForUser",
    _role: "GetRole DeleteRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy PutRolePolicy GetRolePolicy "
    "DeleteRolePolicy ListRolePolicies AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies TagRole UntagRole "
    "ListRoleTags ListInstanceProfilesForRole",
    _given(
        "PolicyArn"
    ): "GetPolicy DeletePolicy GetPolicyVersion ListPolicyVersions CreatePolicyVersion "
    "DeletePolicyVersion SetDefaultPolicyVersion ListEntitiesForPolicy TagPolicy UntagPolicy ListPolicyTags",
    _moved_user: "UpdateUser",
    _by_key: "GetAccessKeyLastUsed",
    _given("PolicySourceArn"): "SimulatePrincipalPolicy",
    anything: "ListUsers ListRoles ListPolicies",
}

_IAM: Rows = {
    ("iam", name): Permission(f"iam:{name}", resources, _attached)
    for resources, names in _IAM_RESOURCES.items()
    for name in names.split()
}

_IAM_CREATES: Rows = {
    ("iam", f"Create{word}"): Permission(
        f"iam:Create{word}", resources, also=(tagging(f"iam:Tag{word}", resources),)
    )
    for word in ("User", "Role", "Policy")
    for resources in (_new(word.lower(), f"{word}Name"),)
}

_CLOUDTRAIL: Rows = {("cloudtrail", "LookupEvents"): Permission("cloudtrail:LookupEvents")}


def _scalable_target(call: Call, _: Lookups) -> tuple[str, ...]:
    """Return the target of the variant that a request names, whether it is registered or not."""
    scope = Scope(call.caller.account, call.caller.region)
    match = RESOURCE_ID.fullmatch(call.parameters["ResourceId"])
    return ("*",) if match is None else (target_arn(scope, target_name(scope, *match.groups())),)


def _scaled_endpoint(call: Call, _: Lookups) -> tuple[str, ...]:
    scope = Scope(call.caller.account, call.caller.region)
    match = RESOURCE_ID.fullmatch(call.parameters["ResourceId"])
    return () if match is None else (arn(scope, Kind.ENDPOINT, match[1]),)


def _scaling_facts(call: Call, _: Lookups) -> Mapping[str, str]:
    given = {
        "application-autoscaling:service-namespace": call.parameters.get("ServiceNamespace"),
        "application-autoscaling:scalable-dimension": call.parameters.get("ScalableDimension"),
    }
    return {key: value for key, value in given.items() if value is not None}


_OF_THE_ENDPOINT = (
    Permission("sagemaker:DescribeEndpoint", _scaled_endpoint),
    Permission("sagemaker:UpdateEndpointWeightsAndCapacities", _scaled_endpoint),
)
"""source    "Permissions validation for Application Auto Scaling API calls on target resources", its user guide"""

_SCALING: Rows = {
    ("application-autoscaling", name): Permission(
        f"application-autoscaling:{name}", resources, _scaling_facts, also=also
    )
    for name, resources, also in (
        (
            "RegisterScalableTarget",
            _scalable_target,
            (
                *_OF_THE_ENDPOINT,
                tagging("application-autoscaling:TagResource", _scalable_target),
            ),
        ),
        ("PutScalingPolicy", _scalable_target, _OF_THE_ENDPOINT),
        ("DeregisterScalableTarget", _scalable_target, ()),
        ("DeleteScalingPolicy", _scalable_target, ()),
        ("DescribeScalableTargets", anything, ()),
        ("DescribeScalingPolicies", anything, ()),
        ("DescribeScalingActivities", anything, ()),
        ("ListTagsForResource", _given("ResourceARN"), ()),
        ("TagResource", _given("ResourceARN"), ()),
        ("UntagResource", _given("ResourceARN"), ()),
    )
}


def _alarms(call: Call, _: Lookups) -> tuple[str, ...]:
    """Return the alarms that a request names."""
    scope = Scope(call.caller.account, call.caller.region)
    given = call.parameters
    names = given.get("AlarmNames") or ([given["AlarmName"]] if "AlarmName" in given else [])
    return tuple(alarm_arn(scope, name) for name in names) or ("*",)


_CLOUDWATCH: Rows = {
    ("cloudwatch", name): Permission(f"cloudwatch:{name}", resources, also=also)
    for name, resources, also in (
        ("PutMetricAlarm", _alarms, (tagging("cloudwatch:TagResource", _alarms),)),
        ("DescribeAlarms", _alarms, ()),
        ("DeleteAlarms", _alarms, ()),
        ("SetAlarmState", _alarms, ()),
        ("EnableAlarmActions", _alarms, ()),
        ("DisableAlarmActions", _alarms, ()),
        ("ListTagsForResource", _given("ResourceARN"), ()),
        ("TagResource", _given("ResourceARN"), ()),
        ("UntagResource", _given("ResourceARN"), ()),
    )
}

PERMISSIONS: Rows = {
    **_SAGEMAKER,
    **_WITH_FURTHER,
    **_RUNTIME,
    **_OWN,
    **_LOGS,
    **_KMS,
    **_STS,
    **_IAM,
    **_IAM_CREATES,
    **_CLOUDTRAIL,
    **_SCALING,
    **_CLOUDWATCH,
}
