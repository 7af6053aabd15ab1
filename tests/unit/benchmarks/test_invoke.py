import http.client
from urllib.parse import urlsplit

from benchmarks import invoke


def test_the_echo_sends_a_body_back():
    with invoke._echoed() as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        connection.request("POST", "/endpoints/any/invocations", b"1,2\n")
        assert connection.getresponse().read() == b"1,2\n"
        connection.close()


def test_echo_and_every_endpoint_are_asked_in_turns():
    asked = []
    endpoints = [lambda name=name: asked.append(name) for name in "ab"]
    echo, endpoint = invoke.measure(lambda: asked.append("echo"), endpoints, 0.05)
    assert 0 <= echo.p50 <= echo.p99
    assert 0 <= endpoint.p50 <= endpoint.p99
    assert asked.count("a") == asked.count("b") == asked.count("echo") / 2


def test_a_signed_request_is_sent_again_and_again_on_one_connection():
    with invoke._echoed() as url:
        server = invoke.Server(url, invoke.Credentials("key", "secret"))
        echo, endpoint = invoke._plain(server, [url, url], ["e"], b"1")
        assert [echo(), endpoint(), echo()] == [b"1"] * 3
