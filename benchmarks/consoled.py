"""A running server as somebody has it who signs in to its console, and the pages that it has to show."""

from __future__ import annotations

import http.cookiejar
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
from playwright.sync_api import Page

_READY = "windvane ready on "
_WINDVANE = (sys.executable, "-m", "windvane.cli.main")
_FINAL = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class Served:
    """A server that runs on a data folder; `env` is what `windvane env` exports, `start_s` how long it took to be ready."""

    data_dir: Path
    env: dict[str, str]
    start_s: float

    @property
    def url(self) -> str:
        return self.env["AWS_ENDPOINT_URL"]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
            region_name=self.env["AWS_DEFAULT_REGION"],
        )

    def upload(self, key: str, body: bytes) -> str:
        bucket = self.env["WINDVANE_BUCKET"]
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    def create_job(self, name: str, uri: str, target: str, **members: Any) -> None:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
        request = {
            "AutoMLJobName": name,
            "InputDataConfig": [{"DataSource": source, "TargetAttributeName": target}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.env['WINDVANE_BUCKET']}/output"},
            "RoleArn": self.env["WINDVANE_ROLE_ARN"],
            **members,
        }
        self.client("sagemaker").create_auto_ml_job(**request)

    def wait_for_job(self, name: str, give_up_s: float = 600) -> dict[str, Any]:
        sagemaker = self.client("sagemaker")

        def job() -> dict[str, Any]:
            described: dict[str, Any] = sagemaker.describe_auto_ml_job(AutoMLJobName=name)
            return described

        return until(job, lambda described: described["AutoMLJobStatus"] in _FINAL, give_up_s)


def until(ask: Callable[[], Any], is_so: Callable[[Any], bool], give_up_s: float = 120) -> Any:
    """The first answer that is so.

    raises    TimeoutError with the last answer
    """
    end = time.monotonic() + give_up_s
    while not is_so(answer := ask()):
        if time.monotonic() > end:
            raise TimeoutError(f"not so after {give_up_s:.0f} s: {answer}")
        time.sleep(0.2)
    return answer


def exports(data_dir: Path) -> dict[str, str]:
    command = [*_WINDVANE, "env", "--data-dir", str(data_dir)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(re.findall(r"^export (\w+)='?(.*?)'?$", done.stdout, re.MULTILINE))


@contextmanager
def served(data_dir: Path, *options: str) -> Iterator[Served]:
    """A server of its own on a free port; what it logs lies beside its folder."""
    command = [*_WINDVANE, "serve", "--data-dir", str(data_dir), "--port", "0", *options]
    log = data_dir.with_suffix(".log")
    started = time.monotonic()
    with log.open("ab") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    try:
        if not process.stdout.readline().startswith(_READY):
            raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
        start_s = time.monotonic() - started
        yield Served(data_dir, exports(data_dir), start_s)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def signed_in(server: Served) -> Callable[[str], bytes]:
    """Return what opens pages of the console by their paths, with a session, as a plain client."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(server.env["WINDVANE_CONSOLE_URL"]).read()

    def open_page(path: str) -> bytes:
        page: bytes = opener.open(f"{server.url}{path}").read()
        return page

    return open_page


def sign_in(page: Page, data_dir: Path) -> None:
    """By a new one-time link."""
    page.goto(exports(data_dir)["WINDVANE_CONSOLE_URL"])
    page.wait_for_url("**/console/")


def job_pages(job: dict[str, Any]) -> dict[str, str]:
    """The pages of one job, as Describe tells of it: what to call them, and their paths."""
    path = f"/console/jobs/{quote(job['AutoMLJobName'])}"
    pages = {"job": path}
    pages |= {what: f"{path}/{what}" for what in ("data", "leaderboard", "delete")}
    if best := job.get("BestCandidate"):
        candidate = f"{path}/candidates/{quote(best['CandidateName'])}"
        pages["candidate"] = candidate
        for part in ("quality", "explanation", "steps", "files"):
            pages[f"candidate-{part}"] = f"{candidate}/{part}"
    [channel] = job["InputDataConfig"]
    uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
    pages["again"] = f"/console/new?uri={quote(uri)}"
    return pages


def endpoint_pages(name: str) -> dict[str, str]:
    path = f"/console/endpoints/{quote(name)}"
    pages = {f"endpoint-{what}": f"{path}/{what}" for what in ("try", "change", "delete")}
    return {"endpoint": path, **pages}


def comparison(sagemaker: Any, job: str) -> dict[str, str]:
    """The page that compares the first two candidates of a job, if it has so many, and the files of the second one, for
    which nobody has asked for reports."""
    listed = sagemaker.list_candidates_for_auto_ml_job(
        AutoMLJobName=job, StatusEquals="Completed", SortBy="FinalObjectiveMetricValue"
    )["Candidates"]
    if len(listed) < 2:
        return {}
    one, two = (quote(candidate["CandidateName"]) for candidate in listed[:2])
    path = f"/console/jobs/{quote(job)}"
    return {
        "compare": f"{path}/compare?one={one}&two={two}",
        "second-files": f"{path}/candidates/{two}/files",
    }


def _identity_pages(iam: Any) -> dict[str, str]:
    pages = {}
    for user in iam.list_users(MaxItems=1)["Users"]:
        pages["user"] = f"/console/users/{quote(user['UserName'])}"
    for role in iam.list_roles(MaxItems=1)["Roles"]:
        pages["role"] = f"/console/roles/{quote(role['RoleName'])}"
    return pages


def pages_of(client: Callable[[str], Any]) -> dict[str, str]:
    """Every kind of page that there is something for: the general ones, those of the newest job of each status and
    problem type, those of the newest endpoint, and those of the first user and role.

    client    returns a client of a service
    """
    sagemaker = client("sagemaker")
    pages = {
        "jobs": "/console/",
        "new": "/console/new",
        "endpoints": "/console/endpoints",
        "users": "/console/users",
        "roles": "/console/roles",
        "role-of-every-account": "/console/roles/windvane",
        "audit": "/console/audit",
        "models": "/console/models",
        "uploads": "/console/uploads",
        "projects": "/console/projects",
        "archived": "/console/?archived=yes",
        "glossary": "/console/glossary",
        "cluster": "/console/cluster",
        "missing": "/console/jobs/there-is-none",
        **_identity_pages(client("iam")),
    }
    summaries = sagemaker.list_auto_ml_jobs(SortBy="CreationTime", SortOrder="Descending")
    for summary in summaries["AutoMLJobSummaries"]:
        name = summary["AutoMLJobName"]
        job = sagemaker.describe_auto_ml_job(AutoMLJobName=name)
        problem = job.get("ResolvedAttributes", {}).get("ProblemType", "")
        sort = "-".join(filter(None, (job["AutoMLJobStatus"], problem))).lower()
        if f"{sort}-job" not in pages:
            found = {**job_pages(job), **comparison(sagemaker, name)}
            pages |= {f"{sort}-{what}": path for what, path in found.items()}
    for endpoint in sagemaker.list_endpoints(MaxResults=1)["Endpoints"]:
        name = endpoint["EndpointName"]
        pages |= endpoint_pages(name)
        [variant, *_] = sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
        path = f"{pages['endpoint']}/variants/{quote(variant['VariantName'])}"
        pages["endpoint-variant"] = path
    return pages
