"""The managed policies that every account has, under the names that AWS gives to its own. The wording is ours: each says
what it is for in terms of what is served here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from windvane.control.identity.documents import VERSION
from windvane.domain.identity import ManagedPolicy, PolicyVersion

_CREATED = datetime(2024, 1, 1, tzinfo=UTC)
_TO_SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}

_READ = ["sagemaker:Describe*", "sagemaker:List*", "windvane:Describe*", "windvane:List*"]
_LOGS = ["logs:Describe*", "logs:Get*", "logs:Filter*"]
_SCALING = ["application-autoscaling:Describe*", "cloudwatch:DescribeAlarms"]
_ALARMS = ["cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"]

_DOCUMENTS: Mapping[str, tuple[str, list[dict[str, Any]]]] = {
    "AdministratorAccess": (
        "Everything in the account.",
        [{"Action": "*", "Resource": "*"}],
    ),
    "IAMFullAccess": (
        "Users, roles, policies and access keys.",
        [{"Action": "iam:*", "Resource": "*"}],
    ),
    "AmazonS3FullAccess": (
        "All buckets of the account and what is in them.",
        [{"Action": "s3:*", "Resource": "*"}],
    ),
    "AmazonS3ReadOnlyAccess": (
        "Reads all buckets of the account.",
        [{"Action": ["s3:Get*", "s3:List*"], "Resource": "*"}],
    ),
    "AmazonSageMakerFullAccess": (
        "Jobs, models, endpoints, what of S3 has SageMaker in its name, and roles that do.",
        [
            {"Action": ["sagemaker:*", "windvane:*"], "Resource": "*"},
            {"Action": [*_LOGS, "iam:GetRole", "iam:ListRoles", "s3:List*"], "Resource": "*"},
            {"Action": ["application-autoscaling:*", *_ALARMS], "Resource": "*"},
            {"Action": ["s3:GetBucketLocation", "s3:CreateBucket"], "Resource": "*"},
            {
                "Action": [
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                ],
                "Resource": [
                    "arn:aws:s3:::*SageMaker*",
                    "arn:aws:s3:::*Sagemaker*",
                    "arn:aws:s3:::*sagemaker*",
                ],
            },
            {
                "Action": "iam:PassRole",
                "Resource": "arn:aws:iam::*:role/*AmazonSageMaker*",
                "Condition": _TO_SAGEMAKER,
            },
        ],
    ),
    "AmazonSageMakerReadOnly": (
        "Looks at jobs, models, endpoints and their logs.",
        [{"Action": [*_READ, *_LOGS, *_SCALING, "windvane:Follow*"], "Resource": "*"}],
    ),
}


def _policy(name: str, description: str, statements: list[dict[str, Any]]) -> ManagedPolicy:
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    document = json.dumps({"Version": VERSION, "Statement": allowed})
    return ManagedPolicy(
        account="aws",
        name=name,
        id=f"ANPA{name.upper():X<17.17}",
        created=_CREATED,
        updated=_CREATED,
        description=description,
        versions=(PolicyVersion("v1", document, _CREATED),),
    )


SERVICE_POLICIES: Mapping[str, ManagedPolicy] = {
    policy.arn: policy for policy in (_policy(name, *told) for name, told in _DOCUMENTS.items())
}
"""ARN -> policy."""
