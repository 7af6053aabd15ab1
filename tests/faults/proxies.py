"""A proxy before a store of S3 that can fall ill: what it is told to do with the next requests, it does."""

import http.client
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STALLED_S = 300
_HOP = ("connection", "transfer-encoding", "keep-alive", "content-length")


class SickProxy:
    """Passes requests to `address` (host, port).

    ailment    "" (well), "error" (answers 500), "stall" (answers nothing until cured), "cut" (half an answer)
    n_sick     requests that met an ailment
    """

    def __init__(self, address):
        self.address, self.ailment, self.n_sick = address, "", 0
        self.is_cured = threading.Event()

    def fall_ill(self, ailment):
        self.n_sick = 0
        self.is_cured.clear()
        self.ailment = ailment

    def cure(self):
        self.ailment = ""
        self.is_cured.set()

    @contextmanager
    def running(self):
        """Its port."""
        proxy = self

        class Handler(_Handler):
            owner = proxy

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            self.cure()
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner = None

    def _pass(self):
        proxy = self.owner
        body = self._body()
        ailment = proxy.ailment
        if ailment:
            proxy.n_sick += 1
        if ailment == "error":
            self._answer(500, {}, b"<Error><Code>InternalError</Code></Error>")
            return
        if ailment == "stall":
            proxy.is_cured.wait(STALLED_S)
            self.close_connection = True
            return
        upstream = http.client.HTTPConnection(*proxy.address, timeout=60)
        upstream.request(self.command, self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        length = answer.headers.get("content-length")
        headers = {n: v for n, v in answer.headers.items() if n.lower() not in _HOP}
        upstream.close()
        if ailment == "cut":
            self._answer(answer.status, headers, content[: len(content) // 2], len(content) or 1)
            self.close_connection = True
            return
        self._answer(answer.status, headers, content, length if self.command == "HEAD" else None)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass  # noqa: N815 - as http.server calls them

    def _body(self):
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _answer(self, status, headers, content, length=None):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        """Nothing: standard error is the test's."""
