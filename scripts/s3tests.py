"""Run Ceph's public tests of S3 against a server of this tree: PYTHONPATH=tests python -m scripts.s3tests CHECKOUT [TESTS]

CHECKOUT is a clone of https://github.com/ceph/s3-tests. What it needs (its requirements.txt) must be importable by this
Python, or by the one that --python names. Ends with 0 if the tests that fail are those of tests/conformance/s3tests.toml.
"""

from __future__ import annotations

import argparse
import configparser
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import boto3
from conformance.s3tests import FILE, ceph_tests

ROOT = Path(__file__).resolve().parents[1]
_ACCOUNTS = {"s3 main": "1", "s3 alt": "2", "s3 tenant": "3", "iam": "4"}
"""Sections of the tests' configuration, and the digit that the account of each consists of."""


_PLUGIN = """
import s3tests.functional

_without_region = s3tests.functional.get_iam_client
s3tests.functional.get_iam_client = lambda **given: _without_region(**{"region_name": "us-east-1", **given})
"""
"""After each test IAM is asked with a signature for the region '', which is refused; after a few more, their sender is."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("tests", nargs="*", help="FILE::NAME; all that are chosen by default")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="s3tests-") as name:
        folder = Path(name)
        (folder / "windvane.toml").write_text(_accounts())
        command = [sys.executable, "-m", "windvane.cli.main", "serve", "--port", "0"]
        command += ["--data-dir", str(folder / "data"), "--config", str(folder / "windvane.toml")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                port = server.stdout.readline().strip().rpartition(":")[2].strip("/")
                return _run(asked.checkout, asked.python, asked.tests, folder, int(port))
            finally:
                server.terminate()


def _run(checkout: Path, python: str, tests: list[str], folder: Path, port: int) -> int:
    configuration, results = folder / "s3tests.conf", folder / "results.xml"
    with configuration.open("w") as written:
        _configuration(port, _new_keys_of_kms(port)).write(written)
    (folder / "iam_region.py").write_text(_PLUGIN)
    own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "WINDVANE_"))}
    own |= {"S3TEST_CONF": str(configuration), "PYTHONPATH": f"{folder}:{checkout}"}
    command = [
        python,
        "-m",
        "pytest",
        "-q",
        "--tb=line",
        f"--junit-xml={results}",
        "-p",
        "iam_region",
    ]
    command += [*ceph_tests().options, *(tests or ["s3tests/functional/test_s3.py"])]
    subprocess.run(command, cwd=checkout, env=own)
    cases = list(ET.parse(results).iter("testcase"))
    ran = {case.get("name", "") for case in cases if case.find("skipped") is None}
    failed = {
        case.get("name", "") for case in cases if {"failure", "error"} & {one.tag for one in case}
    }
    known = ceph_tests().expected_to_fail
    news = sorted(failed - known)
    passed = sorted(known & ran - failed)
    print(
        f"{len(ran)} ran, {len(ran - failed)} passed; {len(failed & known)} fail as {FILE.name} has it."
    )
    for what, names in (("fail", news), ("pass now; strike them there", passed)):
        if names:
            print(f"These {what}: {', '.join(names)}")
    return 1 if news or passed else 0


def _key(digit: str) -> tuple[str, str]:
    return f"AKIACEPHTESTS000000{digit}", f"of-a-test-and-nothing-else-0000000000000{digit}"


def _accounts() -> str:
    return "\n".join(
        f'[[accounts]]\naccount = "{digit * 12}"\naccess_key = "{key}"\nsecret_key = "{secret}"\n'
        for digit in _ACCOUNTS.values()
        for key, secret in (_key(digit),)
    )


def _new_keys_of_kms(port: int) -> tuple[str, str]:
    access_key, secret_key = _key(_ACCOUNTS["s3 main"])
    kms = boto3.client(
        "kms",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
    )
    first, second = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    return first, second


def _configuration(port: int, keys_of_kms: tuple[str, str]) -> configparser.ConfigParser:
    made = configparser.ConfigParser(interpolation=None)
    made["DEFAULT"] = {"host": "127.0.0.1", "port": str(port), "is_secure": "False"}
    made["fixtures"] = {"bucket prefix": "ceph-{random}-", "iam name prefix": "ceph-"}
    made["fixtures"]["iam path prefix"] = "/ceph/"
    for section, digit in _ACCOUNTS.items():
        key, secret = _key(digit)
        account = digit * 12
        made[section] = {
            "display_name": account,
            "user_id": account,
            "email": f"{digit}@example.com",
            "access_key": key,
            "secret_key": secret,
        }
    made["s3 main"]["api_name"] = "us-east-1"
    made["s3 main"]["kms_keyid"], made["s3 main"]["kms_keyid2"] = keys_of_kms
    made["s3 tenant"]["tenant"] = "other"
    made["iam root"] = dict(made["iam"])
    made["iam alt root"] = dict(made["s3 alt"])
    return made


if __name__ == "__main__":
    raise SystemExit(main())
