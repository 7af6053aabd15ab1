"""The server's own HTTP operations, called as the owner of its data folder: signed like any AWS call."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from windvane.api.keyring import load_or_create_keys
from windvane.cli.folder import address
from windvane.errors import InvalidRequest, JobFault
from windvane.settings import DEFAULT_ACCOUNT

_TIMEOUT_S = 60


class OwnApi:
    """Of the server that runs on a data folder.

    raises    InvalidRequest if none runs there
    """

    def __init__(self, data_dir: Path, region: str) -> None:
        found = address(data_dir)
        if found is None:
            raise InvalidRequest(
                f"No server runs on {data_dir}. Start it with `windvane serve --data-dir {data_dir}`, or name the data "
                "folder of one that runs."
            )
        key = load_or_create_keys(data_dir, DEFAULT_ACCOUNT)
        self._url = found.url
        self._certificate = found.certificate
        self._signer = SigV4Auth(Credentials(key.access_key, key.secret_key), "sagemaker", region)

    def call(self, method: str, path: str) -> dict[str, Any]:
        """The answer to a request without a body.

        path      percent-encoded
        raises    InvalidRequest if it is refused, or the server does not answer; JobFault for a fault of the server
        """
        request = AWSRequest(method, f"{self._url}{path}")
        self._signer.add_auth(request)
        connection = self._connection()
        try:
            connection.request(method, path, headers=dict(request.headers.items()))
            response = connection.getresponse()
            status, body = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise InvalidRequest(
                f"The server at {self._url} does not answer: {error}. What it has begun goes on when it runs again."
            ) from error
        finally:
            connection.close()
        answer: dict[str, Any] = json.loads(body)
        if status < http.client.BAD_REQUEST:
            return answer
        told = " ".join(answer["message"].split())
        if status < http.client.INTERNAL_SERVER_ERROR:
            raise InvalidRequest(told)
        raise JobFault(f"The server at {self._url} failed: {told}")

    def _connection(self) -> http.client.HTTPConnection:
        host = urlsplit(self._url).netloc
        if self._certificate is None:
            return http.client.HTTPConnection(host, timeout=_TIMEOUT_S)
        context = _trusting(self._certificate)
        return http.client.HTTPSConnection(host, timeout=_TIMEOUT_S, context=context)


def _trusting(certificate: Path) -> ssl.SSLContext:
    """Trusts this certificate and no other; whatever name it is for, the server on this machine shows it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    own, end, _ = certificate.read_text().partition("-----END CERTIFICATE-----")
    context.load_verify_locations(cadata=own + end)
    return context
