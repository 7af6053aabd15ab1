"""The server's own operations over TLS: its certificate is trusted, and no other."""

import http.server
import ssl
import threading

import pytest
from unit.cli.openssl import needs_openssl

from windvane.api.key_file import load_or_create_keys
from windvane.cli.folder import locked, publish_address
from windvane.cli.own_api import OwnApi
from windvane.cli.tls import make_certificate
from windvane.errors import InvalidRequest

pytestmark = needs_openssl


class Yes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"Status": "Completed"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def api(tmp_path):
    """Of a server that shows the certificate `shown`, on a folder that names the certificate `published`."""
    load_or_create_keys(tmp_path, "000000000000")
    for name in ("shown", "other"):
        (tmp_path / name).mkdir()
        make_certificate(tmp_path / name, ["DNS:windvane.example.org"], 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "shown" / "cert.pem", tmp_path / "shown" / "key.pem")
    with http.server.HTTPServer(("127.0.0.1", 0), Yes) as server, locked(tmp_path):
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def of(published):
            url = f"https://127.0.0.1:{server.server_port}"
            publish_address(tmp_path, url, str(tmp_path / published / "cert.pem"))
            return OwnApi(tmp_path, "us-east-1")

        yield of
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_the_servers_own_certificate_is_trusted_whatever_its_name(api):
    assert api("shown").call("GET", "/windvane/x") == {"Status": "Completed"}


@pytest.mark.slow
def test_any_other_certificate_is_not(api):
    with pytest.raises(InvalidRequest, match=r"does not respond: .*CERTIFICATE_VERIFY_FAILED"):
        api("other").call("GET", "/windvane/x")
