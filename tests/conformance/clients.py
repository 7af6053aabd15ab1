"""Which client asks, as its User-Agent tells."""

from __future__ import annotations

import re
from enum import StrEnum


class Client(StrEnum):
    """In the order in which the page names them."""

    BOTO3 = "boto3"
    AWS_CLI = "AWS CLI"
    SAGEMAKER_2 = "SageMaker SDK 2.x"
    SAGEMAKER_3 = "SageMaker SDK 3.x"
    HTTP = "plain HTTP"


_MARKS = (
    (Client.SAGEMAKER_2, re.compile(r"AWS-SageMaker-Python-SDK[#/]2\.")),
    (Client.SAGEMAKER_3, re.compile(r"AWS-SageMaker-Python-SDK[#/]|AWS-SageMakerCore[#/]")),
    (Client.AWS_CLI, re.compile(r"\baws-cli/")),
    (Client.BOTO3, re.compile(r"\bBoto3/|\bBotocore/")),
)
"""The first that is found: SDKs name what they are built upon besides."""


def client_of(user_agent: str) -> Client:
    return next((client for client, mark in _MARKS if mark.search(user_agent)), Client.HTTP)
