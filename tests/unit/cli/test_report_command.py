import argparse
import http.server
import json
import threading

import pytest

from windvane.api.key_file import load_or_create_keys
from windvane.cli import report
from windvane.cli.folder import locked, publish_address

PLACES = {"Explainability": "s3://b/explained", "ModelInsights": "s3://b/judged"}
WAITING = (202, {"ProcessingJobName": "p-1", "Status": "InProgress", **PLACES})
DONE = (200, {"ProcessingJobName": "p-1", "Status": "Completed", **PLACES})


def run(folder, *options):
    parser = argparse.ArgumentParser(prog="windvane")
    report.add_parser(parser.add_subparsers())
    arguments = ["--data-dir", str(folder), "--job", "j", "--candidate", "c", *options]
    parsed = parser.parse_args(["report", *arguments])
    return parsed.run(parsed)


class Script(http.server.BaseHTTPRequestHandler):
    """Gives the answers it was told to, in their order."""

    def answer(self):
        self.server.asked.append((self.command, self.path, self.headers["Authorization"]))
        status, document = self.server.answers.pop(0)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 - the base class calls them so

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server that follows a script, in the place of the one of the data folder."""
    monkeypatch.setattr(report, "_POLL_S", 0.01)
    load_or_create_keys(tmp_path, "000000000000")
    with http.server.HTTPServer(("127.0.0.1", 0), Script) as played, locked(tmp_path):
        played.asked, played.answers = [], []
        publish_address(tmp_path, f"http://127.0.0.1:{played.server_port}")
        thread = threading.Thread(target=played.serve_forever)
        thread.start()
        yield played
        played.shutdown()
        thread.join()


def test_it_starts_waits_and_prints_the_places(server, tmp_path, capsys):
    server.answers = [WAITING, WAITING, DONE]
    assert run(tmp_path) == 0
    told = capsys.readouterr()
    assert told.out.split() == ["s3://b/explained", "s3://b/judged"]
    assert told.err.count("p-1 is InProgress") == 1
    path = "/windvane/jobs/j/candidates/c/reports"
    assert [one[:2] for one in server.asked] == [("POST", path), ("GET", path), ("GET", path)]
    assert all("/us-east-1/sagemaker/aws4_request" in one[2] for one in server.asked)


def test_no_place_steers_the_terminal(server, tmp_path, capsys):
    """Where reports are is told by the process that made them, which had somebody's data in its hands."""
    server.answers = [(200, {**DONE[1], "Explainability": "s3://b/\x1b[2J\nx"})]
    assert run(tmp_path) == 0
    assert capsys.readouterr().out == "s3://b/\\x1b[2J\\nx\ns3://b/judged\n"


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ({"Status": "Failed", "FailureReason": "It is damaged."}, "p-1 is Failed: It is damaged."),
        ({"Status": "Stopped"}, "p-1 is Stopped: It was stopped."),
    ],
)
def test_a_report_that_failed_is_told_with_its_reason_and_code_1(
    server, tmp_path, capsys, end, told
):
    server.answers = [WAITING, (200, {"ProcessingJobName": "p-1", **PLACES, **end})]
    assert run(tmp_path) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err


@pytest.mark.parametrize(("status", "code"), [(400, 2), (403, 2), (500, 1), (503, 1)])
def test_a_refusal_is_the_users_to_mend_and_a_fault_is_ours(server, tmp_path, capsys, status, code):
    server.answers = [(status, {"message": "It is\nso."})]
    assert run(tmp_path) == code
    message = capsys.readouterr().err
    assert "It is so." in message
    assert message.count("\n") == 1


def test_names_are_encoded_in_the_path(server, tmp_path):
    server.answers = [DONE]
    assert run(tmp_path, "--job", "a/b ?#%", "--region", "eu-west-1") == 0
    assert server.asked[0][1] == "/windvane/jobs/a%2Fb%20%3F%23%25/candidates/c/reports"
    assert "/eu-west-1/" in server.asked[0][2]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--job", ""], "--job is empty"),
        (["--candidate", ""], "--candidate is empty"),
        (["--region", "the moon"], "--region is 'the moon'"),
        ([], "No server is running on"),
    ],
)
def test_a_bad_argument_is_one_message_and_code_2(tmp_path, capsys, options, told):
    assert run(tmp_path, *options) == 2
    message = capsys.readouterr().err
    assert told in message
    assert message.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_goes_away_is_told(tmp_path, capsys):
    load_or_create_keys(tmp_path, "000000000000")
    with http.server.HTTPServer(("127.0.0.1", 0), Script) as gone:
        url = f"http://127.0.0.1:{gone.server_port}"
    with locked(tmp_path):
        publish_address(tmp_path, url)
        assert run(tmp_path) == 2
    assert f"The server at {url} does not respond" in capsys.readouterr().err
