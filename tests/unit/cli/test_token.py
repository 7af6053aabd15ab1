"""`windvane token` signs with the credentials that AWS's clients would take."""

import base64
from urllib.parse import parse_qs

import pytest

from windvane.cli.main import main

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Nothing of the machine's own."""
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def told(capsys, *arguments):
    assert main(["token", *arguments]) == 0
    encoded = capsys.readouterr().out.strip().removeprefix("windvane-")
    query = parse_qs(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    return {name: value for name, [value] in query.items()}


def test_a_token_is_valid_for_half_a_day_everywhere(capsys):
    found = told(capsys)
    assert found["X-Amz-Credential"].startswith("AKIA1/")
    assert found["X-Amz-Credential"].endswith("/us-east-1/sagemaker/aws4_request")
    assert (found["X-Amz-Expires"], found["X-Amz-SignedHeaders"]) == ("43200", "host")
    assert "EndpointName" not in found


def test_endpoint_time_and_region_may_be_chosen(capsys, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a/session+token")
    found = told(capsys, "--endpoint", "churn", "--hours", "0.5")
    assert (found["EndpointName"], found["X-Amz-Expires"]) == ("churn", "1800")
    assert "/eu-west-1/" in found["X-Amz-Credential"]
    assert found["X-Amz-Security-Token"] == "a/session+token"
    assert "/us-west-2/" in told(capsys, "--region", "us-west-2")["X-Amz-Credential"]


@pytest.mark.parametrize("hours", ["0", "-1", "169", "nan"])
def test_a_time_that_no_token_has_is_refused(hours, capsys):
    assert main(["token", "--hours", hours]) == 2
    assert "at most 168" in capsys.readouterr().err


def test_without_keys_it_says_where_they_come_from(monkeypatch, capsys):
    for name in KEYS:
        monkeypatch.delenv(name)
    assert main(["token"]) == 2
    assert "windvane env --data-dir DIR" in capsys.readouterr().err
