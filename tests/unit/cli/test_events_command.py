import argparse
import http.server
import json
import threading

import pytest

from windvane.api.key_file import load_or_create_keys
from windvane.cli import events
from windvane.cli.folder import locked, publish_address


def run(folder, *options):
    parser = argparse.ArgumentParser(prog="windvane")
    events.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["events", "--data-dir", str(folder), *options])
    return parsed.run(parsed)


class Played(http.server.BaseHTTPRequestHandler):
    """Gives the events it was told to, and ends."""

    def do_GET(self):
        self.server.asked.append(self.path)
        status, body = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    load_or_create_keys(tmp_path, "000000000000")
    with http.server.HTTPServer(("127.0.0.1", 0), Played) as played, locked(tmp_path):
        played.asked, played.answer = [], (200, b"")
        publish_address(tmp_path, f"http://127.0.0.1:{played.server_port}")
        thread = threading.Thread(target=played.serve_forever)
        thread.start()
        yield played
        played.shutdown()
        thread.join()


def event(sequence, status="InProgress"):
    document = json.dumps({"detail": {"AutoMLJobStatus": status}})
    return f": a comment\n\nid: {sequence}\ndata: {document}\n\n".encode(), document


@pytest.mark.slow
def test_it_prints_one_document_a_line(server, tmp_path, capsys):
    (first, one), (second, two) = event(1), event(2, "Completed")
    server.answer = (200, b"retry: 1000\n\n" + first + second)
    assert run(tmp_path) == 0
    assert capsys.readouterr().out == f"{one}\n{two}\n"
    assert server.asked == ["/windvane/events?after=0&follow=false"]


@pytest.mark.slow
def test_a_job_is_followed_to_its_end(server, tmp_path, capsys):
    (first, one), (second, two), (third, _) = event(1), event(2, "Stopped"), event(3)
    server.answer = (200, first + second + third)
    assert run(tmp_path, "j", "--follow", "--after", "0") == 0
    assert capsys.readouterr().out == f"{one}\n{two}\n"
    assert server.asked == ["/windvane/jobs/j/events?after=0&follow=true"]


@pytest.mark.slow
def test_a_stream_that_ends_says_where_to_go_on(server, tmp_path, capsys):
    server.answer = (200, event(17)[0])
    assert run(tmp_path, "--follow") == 2
    assert "Continue with --after 17." in capsys.readouterr().err


@pytest.mark.slow
def test_a_refusal_is_told_in_the_servers_words(server, tmp_path, capsys):
    server.answer = (400, json.dumps({"message": "no job called j"}).encode())
    assert run(tmp_path, "j") == 2
    assert capsys.readouterr().err == "windvane events: no job called j\n"


@pytest.mark.slow
@pytest.mark.parametrize("options", [("--after", "soon"), ("--region", "No!"), ("",)])
def test_bad_arguments_are_named(server, tmp_path, capsys, options):
    assert run(tmp_path, *options) == 2
    assert server.asked == []
