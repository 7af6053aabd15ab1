"""Take pictures of every page of the console, wide and narrow, light and dark: python -m benchmarks.screens FOLDER

With --data-dir it visits the server that runs on this folder, with the jobs and endpoints that are there. Without, it
starts a server of its own and gives it something to show: a job of classes with an endpoint, one of numbers, one that
failed, and one that runs; a user and a role. Pictures are named PAGE-WIDTH-SCHEME.png and show whole pages. --only WORD takes those
pages alone whose name holds the word.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize

from benchmarks.chromium import chromium
from benchmarks.consoled import Served, exports, pages_of, served, sign_in, until

EXAMPLES = Path(__file__).parents[1] / "examples"
WIDTHS = {1440: 900, 390: 844}
"""With the height of what is seen at once."""

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

_UPLOADS = "console/uploads/20260110T093000Z-0a1b2c3d"
"""Where the console puts a file that is uploaded."""

_TAGS = (
    {"Key": "project", "Value": "Spring campaign"},
    {"Key": "windvane:sensitive-columns", "Value": "marital/age"},
)

_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"

_SIGN_IN = "sign-in"
"""The only page that strangers see."""


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.data_dir is not None:
        data_dir = asked.data_dir.absolute()
        take_pictures(Served(data_dir, exports(data_dir)), asked.folder, asked.only)
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="windvane-screens-") as name,
        served(Path(name) / "data") as server,
    ):
        furnish(server)
        take_pictures(server, asked.folder, asked.only)
    return 0


def furnish(server: Served) -> None:
    """Returns while the last job runs."""
    _furnish_access(server.client("iam"))
    bank = server.upload(f"{_UPLOADS}/bank.csv", _table("bank_marketing", "train"))
    homes = server.upload("homes/housing.csv", _table("california_housing", "housing"))
    short = server.upload("short/short.csv", b"a,b,y\n1,2,yes\n")
    deploy = {"AutoGenerateEndpointName": True}
    server.create_job(
        "bank-marketing", bank, "y", **_limits(12, 90), ModelDeployConfig=deploy, Tags=_TAGS
    )
    server.wait_for_job("bank-marketing")
    server.create_job("housing", homes, "median_house_value", **_limits(8, 90))
    server.wait_for_job("housing")
    server.create_job("too-short", short, "y")
    server.wait_for_job("too-short")
    server.create_job("bank-running", bank, "y", **_limits(200, 1200))
    sagemaker = server.client("sagemaker")
    until(
        lambda: sagemaker.describe_auto_ml_job(AutoMLJobName="bank-running"),
        lambda job: "BestCandidate" in job,
    )


def _furnish_access(iam: Any) -> None:
    """A user with policies and keys of all sorts, one without, and a role of jobs."""
    for name in ("ann", "bob"):
        iam.create_user(UserName=name)
    reads = _allowing(Action=["s3:GetObject", "s3:ListBucket"], Resource="arn:aws:s3:::lake*")
    iam.put_user_policy(UserName="ann", PolicyName="lake", PolicyDocument=reads)
    iam.attach_user_policy(UserName="ann", PolicyArn=_FULL_ACCESS)
    keys = [iam.create_access_key(UserName="ann")["AccessKey"] for _ in range(2)]
    iam.update_access_key(UserName="ann", AccessKeyId=keys[1]["AccessKeyId"], Status="Inactive")
    trust = _allowing(Action="sts:AssumeRole", Principal={"Service": "sagemaker.amazonaws.com"})
    iam.create_role(
        RoleName="nightly-jobs",
        AssumeRolePolicyDocument=trust,
        Description="What the nightly jobs work as",
    )
    iam.put_role_policy(RoleName="nightly-jobs", PolicyName="lake", PolicyDocument=reads)


def _allowing(**statement: Any) -> str:
    statements = [{"Effect": "Allow", **statement}]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def take_pictures(server: Served, folder: Path, only: str) -> None:
    """Prints each picture's name, and beside it what is not well with the page."""
    pages = pages_of(server.client)
    chosen = {name: path for name, path in pages.items() if only in name}

    def take(page: Page, name: str, path: str, kind: str) -> None:
        file = folder / f"{name}-{kind}.png"
        print(file, *_take(page, server.url + path, file), sep="  ", flush=True)

    with chromium() as browser:
        for width in WIDTHS:
            for scheme in SCHEMES:
                kind = f"{width}-{scheme}"
                with _opened(browser, width, scheme) as page:
                    if only in _SIGN_IN:
                        take(page, _SIGN_IN, "/console/sign-in", kind)
                    sign_in(page, server.data_dir)
                    for name, path in chosen.items():
                        take(page, name, path, kind)


@contextmanager
def _opened(browser: Browser, width: int, scheme: Scheme) -> Iterator[Page]:
    size: ViewportSize = {"width": width, "height": WIDTHS[width]}
    context = browser.new_context(viewport=size, color_scheme=scheme)
    yield context.new_page()
    context.close()


def _take(page: Page, url: str, file: Path) -> list[str]:
    faults: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(message.text)

    page.on("console", note)
    page.goto(url)
    for frame in page.locator("iframe").all():
        frame.scroll_into_view_if_needed()
        frame.content_frame.locator("main").wait_for()
    page.screenshot(path=file, full_page=True)
    page.remove_listener("console", note)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > page.evaluate("window.innerWidth"):
        faults.append(f"scrolls sideways: {wide} px")
    return faults


def _table(folder: str, name: str) -> bytes:
    return gzip.decompress((EXAMPLES / folder / f"{name}.csv.gz").read_bytes())


def _limits(candidates: int, seconds: int) -> dict[str, Any]:
    criteria = {"MaxCandidates": candidates, "MaxAutoMLJobRuntimeInSeconds": seconds}
    return {"AutoMLJobConfig": {"CompletionCriteria": criteria}}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for the pictures")
    parser.add_argument("--data-dir", type=Path, help="of a server that runs")
    parser.add_argument("--only", default="", metavar="WORD", help="of the pages' names")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
