"""The SageMaker SDK's configuration file: role and default bucket, so that the SDK need not ask STS for them, which
it does at an address of its own whatever the environment says."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

_FILE_NAME = "sagemaker-config.yaml"
_JOBS = ("AutoMLJob", "AutoMLJobV2", "ProcessingJob", "TrainingJob")


def write_sdk_config(data_dir: Path, role_arn: str, bucket: str) -> Path:
    """Return the file in `data_dir`, made or brought up to date. JSON is YAML.

    source    sagemaker SDK 2.x, sagemaker/config/config_schema.py
    """
    roles = {
        **{kind: {"RoleArn": role_arn} for kind in _JOBS},
        "Model": {"ExecutionRoleArn": role_arn},
    }
    session = {"Modules": {"Session": {"DefaultS3Bucket": bucket}}}
    document = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": session, **roles}}
    text, path = json.dumps(document, indent=2) + "\n", data_dir / _FILE_NAME
    if not path.exists() or path.read_text() != text:
        temporary = data_dir / f".{_FILE_NAME}.{secrets.token_hex(8)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        temporary.replace(path)
    return path
