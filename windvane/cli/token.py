"""`windvane token`: makes a bearer token for clients of the Open Inference Protocol, signed with the AWS credentials of the
environment. No server is asked."""

from __future__ import annotations

import argparse
import base64
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.session import Session

from windvane.errors import InvalidRequest
from windvane.wire.open_inference.tokens import (
    ONLY_ENDPOINT,
    PREFIX_OF_TOKENS,
    PURPOSE,
    SIGNED_URL,
)
from windvane.wire.sigv4_signature import MAX_EXPIRES_S

_MOST_HOURS = MAX_EXPIRES_S // 3600
_DEFAULT_REGION = "us-east-1"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "token",
        help="make a bearer token for clients of the Open Inference Protocol",
        description=__doc__,
    )
    parser.add_argument(
        "--endpoint", metavar="NAME", default="", help="make it good for this endpoint alone"
    )
    parser.add_argument(
        "--hours",
        type=float,
        default=12,
        metavar="N",
        help=f"how long it is valid, {_MOST_HOURS} at most (default 12)",
    )
    parser.add_argument(
        "--region", help="of the endpoints (default: that of the AWS environment, or us-east-1)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a token.

    raises    InvalidRequest
    """
    if not 0 < arguments.hours <= _MOST_HOURS:
        raise InvalidRequest(
            f"--hours is {arguments.hours:g}; it must be above 0 and at most {_MOST_HOURS}."
        )
    session = Session()
    found = session.get_credentials()
    if found is None:
        raise InvalidRequest(
            "There are no AWS credentials to sign with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as "
            '`eval "$(windvane env --data-dir DIR)"` does.'
        )
    region = arguments.region or session.get_config_variable("region") or _DEFAULT_REGION
    seconds = max(1, round(arguments.hours * 3600))
    print(bearer_token(found.get_frozen_credentials(), region, seconds, arguments.endpoint))
    return 0


def bearer_token(
    credentials: ReadOnlyCredentials, region: str, seconds: int, endpoint: str = ""
) -> str:
    """Return a token (wire/open_inference/tokens.py).

    seconds     for which it is valid
    endpoint    that it is good for; "" for all that the owner of the credentials may invoke
    """
    query = urlencode([PURPOSE, *([(ONLY_ENDPOINT, endpoint)] if endpoint else [])])
    request = AWSRequest("GET", f"{SIGNED_URL}?{query}")
    keys = Credentials(credentials.access_key, credentials.secret_key, credentials.token)
    SigV4QueryAuth(keys, "sagemaker", region, expires=seconds).add_auth(request)
    signed = urlsplit(request.url).query.encode()
    return PREFIX_OF_TOKENS + base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
