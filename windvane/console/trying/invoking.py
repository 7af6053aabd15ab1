"""A request to an endpoint as code to copy. Every value stands in it as a literal of its language, and no secret does: keys
are taken from the environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote
from urllib.parse import quote as in_path

from windvane.console.request_context import RequestContext

_LONGEST = 4_000
"""Characters of rows that stand in the code itself; more are read from a file."""

_FILE = "rows.csv"


@dataclass(frozen=True)
class Snippet:
    """Code that sends the request, in one language or tool.

    name    of the tool
    note    what to know before it runs; "" for nothing
    """

    name: str
    code: str
    note: str = ""


@dataclass(frozen=True)
class InvokeRequest:
    """A request to an endpoint, as code is written for it.

    body    CSV without a header
    variant the one to be asked; "" leaves it to the weights
    """

    url: str
    region: str
    endpoint: str
    body: str
    variant: str = ""
    has_session_token: bool = False

    @property
    def is_long(self) -> bool:
        return len(self.body) > _LONGEST

    @property
    def is_in_file(self) -> bool:
        """Whether commands read the rows from a file: they are long, or hold what steers a terminal. Quotes keep that from
        the shell, not from the terminal that a command is pasted into."""
        return self.is_long or not all(one.isprintable() or one in "\n\t" for one in self.body)

    @property
    def is_plain(self) -> bool:
        """Whether the AWS CLI takes the body as it stands: it reads file://... as the name of a file."""
        return not self.is_in_file and not self.body.startswith(("file://", "fileb://"))


def asked_by(context: RequestContext, endpoint: str, body: str, variant: str) -> InvokeRequest:
    return InvokeRequest(
        context.url,
        context.caller.region,
        endpoint,
        body,
        variant,
        has_session_token=not context.caller.credential.permanent,
    )


def snippets(asked: InvokeRequest) -> tuple[Snippet, ...]:
    read = f"Reads the rows from {_FILE}, without a header."
    note = read if asked.is_in_file else ""
    return (
        Snippet("curl", _curl(asked), note),
        Snippet("boto3", _boto3(asked), read if asked.is_long else ""),
        Snippet("AWS CLI, any version", _aws_cli(asked), note),
        *((Snippet("AWS CLI 2, in one command", _aws_cli_2(asked)),) if asked.is_plain else ()),
    )


def _curl(asked: InvokeRequest) -> str:
    """--data-raw, which takes no @ for a file's name; --aws-sigv4 signs with what --user says."""
    lines = [
        f"curl -sS --aws-sigv4 {quote(f'aws:amz:{asked.region}:sagemaker')}",
        '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"',
        "-H 'Content-Type: text/csv'",
        "-H 'Accept: application/json'",
    ]
    if asked.has_session_token:
        lines.append('-H "X-Amz-Security-Token: $AWS_SESSION_TOKEN"')
    if asked.variant:
        lines.append(f"-H {quote(f'X-Amzn-SageMaker-Target-Variant: {asked.variant}')}")
    if asked.url.startswith("https:"):
        lines.append('--cacert "$AWS_CA_BUNDLE"')
    lines.append(
        f"--data-binary @{_FILE}" if asked.is_in_file else f"--data-raw {quote(asked.body)}"
    )
    lines.append(quote(f"{asked.url}/endpoints/{in_path(asked.endpoint, safe='')}/invocations"))
    return _continued(lines)


def _boto3(asked: InvokeRequest) -> str:
    body = f'open({_FILE!r}, "rb").read()' if asked.is_long else f"{asked.body!r}.encode()"
    variant = [f"    TargetVariant={asked.variant!r},"] if asked.variant else []
    return "\n".join(
        [
            "import boto3",
            "",
            "runtime = boto3.client(",
            f'    "sagemaker-runtime", region_name={asked.region!r}, endpoint_url={asked.url!r}',
            ")",
            "response = runtime.invoke_endpoint(",
            f"    EndpointName={asked.endpoint!r},",
            '    ContentType="text/csv",',
            '    Accept="application/json",',
            *variant,
            f"    Body={body},",
            ")",
            'print(response["Body"].read().decode())',
        ]
    )


def _aws_cli(asked: InvokeRequest) -> str:
    """fileb:// is read as it is by versions 1 and 2 alike."""
    command = _continued([*_command(asked), f"--body fileb://{_FILE}", "/dev/stdout"])
    return command if asked.is_in_file else f"printf %s {quote(asked.body)} > {_FILE}\n{command}"


def _aws_cli_2(asked: InvokeRequest) -> str:
    """Version 2 takes blobs as base64 unless told otherwise. One with = : what begins with - is no option then."""
    body = f"--body={asked.body}"
    lines = ["--cli-binary-format raw-in-base64-out", quote(body), "/dev/stdout"]
    return _continued([*_command(asked), *lines])


def _command(asked: InvokeRequest) -> Sequence[str]:
    target = [f"--target-variant {quote(asked.variant)}"] if asked.variant else []
    return [
        "aws sagemaker-runtime invoke-endpoint",
        f"--endpoint-url {quote(asked.url)} --region {quote(asked.region)}",
        f"--endpoint-name {quote(asked.endpoint)}",
        "--content-type text/csv --accept application/json",
        *target,
    ]


def _continued(lines: Sequence[str]) -> str:
    return " \\\n  ".join(lines)
