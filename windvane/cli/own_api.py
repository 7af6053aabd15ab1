"""The server's own HTTP operations, called as the owner of its data folder: signed like any AWS call."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from windvane.api.key_file import load_or_create_keys
from windvane.cli.folder import address
from windvane.errors import InvalidRequest, JobFault, WindvaneError
from windvane.settings import DEFAULT_ACCOUNT

_TIMEOUT_S = 60


class OwnApi:
    """A client of the server that runs on a data folder.

    raises    InvalidRequest if none runs there
    """

    def __init__(self, data_dir: Path, region: str) -> None:
        found = address(data_dir)
        if found is None:
            raise InvalidRequest(
                f"No server is running on {data_dir}. Start it with `windvane serve --data-dir "
                f"{data_dir}`, or choose the data folder of a running server."
            )
        key = load_or_create_keys(data_dir, DEFAULT_ACCOUNT)
        self._url = found.url
        self._certificate = found.certificate
        self._region = region
        self._credentials = Credentials(key.access_key, key.secret_key)
        self._signer = SigV4Auth(self._credentials, "sagemaker", region)

    def follow(self, path: str) -> Iterator[tuple[str, str]]:
        """Ids and data of the events of a stream, as they come; ends when the server ends it.

        raises    as `call`
        """
        with self._asked("GET", path) as response:
            event_id = ""
            for line in map(bytes.decode, response):
                field, _, value = line.rstrip("\r\n").partition(": ")
                if field == "id":
                    event_id = value
                elif field == "data":
                    yield event_id, value

    def call(self, method: str, path: str) -> dict[str, Any]:
        """Return the answer to a request without a body.

        path      percent-encoded
        raises    InvalidRequest if it is refused, or the server does not answer; JobFault for a fault of the server
        """
        with self._asked(method, path) as response:
            answer: dict[str, Any] = json.loads(response.read())
        return answer

    def download(self, uri: str, file: Path) -> None:
        """Write an object of the server's S3 to a file.

        uri       s3://BUCKET/KEY
        raises    InvalidRequest if it cannot be read
        """
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        client = boto3.client(
            "s3",
            endpoint_url=self._url,
            region_name=self._region,
            aws_access_key_id=self._credentials.access_key,
            aws_secret_access_key=self._credentials.secret_key,
            verify=None if self._certificate is None else str(self._certificate),
            config=Config(s3={"addressing_style": "path"}),
        )
        try:
            client.download_file(bucket, key, str(file))
        except (BotoCoreError, ClientError) as error:
            raise InvalidRequest(f"{uri} cannot be read: {error}.") from error

    @contextmanager
    def _asked(self, method: str, path: str) -> Iterator[http.client.HTTPResponse]:
        request = AWSRequest(method, f"{self._url}{path}")
        self._signer.add_auth(request)
        connection = self._connection()
        try:
            connection.request(method, path, headers=dict(request.headers.items()))
            response = connection.getresponse()
            if response.status >= http.client.BAD_REQUEST:
                raise self._refusal(response.status, response.read())
            yield response
        except (OSError, http.client.HTTPException) as error:
            raise InvalidRequest(
                f"The server at {self._url} does not respond: {error}. Work in progress "
                "continues when it runs again."
            ) from error
        finally:
            connection.close()

    def _refusal(self, status: int, body: bytes) -> WindvaneError:
        told = " ".join(json.loads(body)["message"].split())
        if status < http.client.INTERNAL_SERVER_ERROR:
            return InvalidRequest(told)
        return JobFault(f"The server at {self._url} failed: {told}")

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
