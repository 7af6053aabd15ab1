"""Requests to Windvane's own operations, signed as a client of them signs."""

import json
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def asked(server, path, method="GET"):
    """The status and the document that a running server answers."""
    request = AWSRequest(method, f"{server.url}{path}")
    key = Credentials(server.env["AWS_ACCESS_KEY_ID"], server.env["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(key, "sagemaker", "us-east-1").add_auth(request)
    sent = urllib.request.Request(request.url, headers=dict(request.headers), method=method)
    try:
        with urllib.request.urlopen(sent, timeout=240) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
