import pytest

from benchmarks import invoke

KEYS = invoke.Credentials("AKIAECHO", "secret")


@pytest.mark.slow
def test_both_echoes_send_a_body_back_and_one_of_them_checks_who_asks():
    with invoke._echoed(KEYS) as url:
        server, targets = invoke.Server(url, KEYS), [(url, "bare"), (url, "edge")]
        with invoke._plain(server, targets, b"1,2") as (bare, edge):
            assert [bare(), edge(), bare()] == [b"1,2"] * 3
        stranger = invoke.Server(url, invoke.Credentials("AKIAOTHER", "secret"))
        with invoke._plain(stranger, targets, b"1,2") as (bare, edge):
            assert bare() == b"1,2"
            with pytest.raises(RuntimeError, match="answered 403"):
                edge()


def test_the_echoes_and_every_endpoint_are_asked_in_turns():
    asked = []

    def asker(name):
        return lambda: asked.append(name)

    endpoints = [asker("a"), asker("b")]
    for one in invoke.measure(asker("bare"), asker("edge"), endpoints, 0.05):
        assert 0 <= one.p50 <= one.p99
    assert asked.count("bare") == asked.count("edge") == 2 * asked.count("a")
    assert asked.count("a") == asked.count("b")


@pytest.mark.slow
def test_the_process_that_works_for_a_request_is_told_apart():
    with invoke._echoed(KEYS) as url:
        server = invoke.Server(url, KEYS)
        with invoke._plain(server, [(url, "edge")], b"1,2") as (edge,):
            most, *others = invoke.cpu_us(edge, 600)
    assert most > 16, "a request through the edge takes more than one ten-thousandth of a second"
    assert all(other <= most for other in others)
