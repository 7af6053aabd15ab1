"""Where a server's webhooks go in these journeys."""

import http.server
import threading
from contextlib import contextmanager

SECRET = "journeys-0123456789"


class _Taking(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def receiving():
    """A receiver; `came` are headers and bodies, `config` the settings of a server that delivers to it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Taking) as receiver:
        receiver.came = []
        url = f"http://127.0.0.1:{receiver.server_port}/events"
        receiver.config = f'[[webhooks]]\nurl = "{url}"\nsecret = "{SECRET}"\n'
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        yield receiver
        receiver.shutdown()
        thread.join()
