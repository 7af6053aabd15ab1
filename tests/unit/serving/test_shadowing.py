import asyncio
import functools
import threading

import pytest

from windvane.errors import ModelNotReady
from windvane.names import Scope
from windvane.serving import shadowing
from windvane.serving.comparing import Compared
from windvane.serving.routes import Answer, Invocation, Route, VariantRoute
from windvane.serving.shadowing import Shadowing
from windvane.serving.tally import Activity
from windvane.serving.targets import KnownEndpoint, way_of, weightiest

SCOPE = Scope("000000000000", "us-east-1")


def in_loop(test):
    @functools.wraps(test)
    def run(**given):
        asyncio.run(test(**given))

    return run


def known(shadow_weight=1.0, before=None, key="E/2/S"):
    variants = (
        VariantRoute("E/1/A", "A", 2.0, 1, "primary", ()),
        VariantRoute(key, "S", shadow_weight, 1, "primary", ()),
    )
    endpoint = KnownEndpoint(Route(SCOPE, "E", variants, shadow="S"), Activity(0.0))
    for variant in variants:
        endpoint.add(variant, None, before)
    return endpoint


class Shadow:
    """Takes copies; answers them when it is let go."""

    def __init__(self, body=b"no\n", error=None):
        self.copies, self._body, self._error = [], body, error
        self.go = asyncio.Event()
        self.shadowing = Shadowing(self._invoke)

    async def _invoke(self, scope, endpoint, invocation):
        self.copies.append((scope, endpoint, invocation))
        await self.go.wait()
        if self._error:
            raise self._error
        return Answer(self._body, "text/csv", "S")

    async def end(self):
        self.go.set()
        async with asyncio.timeout(60):
            while self.shadowing.n_under_way:
                await asyncio.sleep(0.001)


def answered(shadow, endpoint, n=1, body=b"1,2\n", variant="A"):
    for _ in range(n):
        shadow.shadowing.answered(
            endpoint,
            Invocation(body, "text/csv", "text/csv"),
            Answer(b"yes\n", "text/csv", variant),
        )


@in_loop
async def test_a_shadow_answers_nobody_but_who_names_it():
    endpoint = known(shadow_weight=99.0)
    assert {way_of(endpoint, "").route.name for _ in range(5)} == {"A"}
    assert way_of(endpoint, "S").route.name == "S"
    assert weightiest(endpoint) == "A"


@in_loop
async def test_each_request_is_copied_and_the_answers_are_compared():
    shadow, endpoint = Shadow(), known(shadow_weight=2.0)
    answered(shadow, endpoint, 3)
    await shadow.end()
    assert shadow.copies == [(SCOPE, "E", Invocation(b"1,2\n", "text/csv", "text/csv", "S"))] * 3
    compared = endpoint.compared
    assert (compared.copied, compared.rows, compared.same) == (3, 3, 0)
    assert compared.pairs == {("yes", "no"): 3}


@pytest.mark.parametrize(("weight", "copies"), [(0.0, 0), (0.5, 2), (1.0, 4), (2.0, 8), (9.0, 8)])
@in_loop
async def test_the_weight_relative_to_the_answering_one_is_the_share(weight, copies):
    shadow, endpoint = Shadow(), known(shadow_weight=weight)
    answered(shadow, endpoint, 8)
    await shadow.end()
    assert len(shadow.copies) == copies


@in_loop
async def test_answers_of_the_shadow_itself_are_not_copied():
    shadow, endpoint = Shadow(), known(shadow_weight=2.0)
    answered(shadow, endpoint, variant="S")
    assert endpoint.compared.copied == 0


@in_loop
async def test_copies_that_do_not_end_are_few():
    shadow, endpoint = Shadow(), known(shadow_weight=2.0)
    answered(shadow, endpoint, 40)
    assert (endpoint.compared.copied, endpoint.compared.left_out) == (16, 24)
    await shadow.end()
    answered(shadow, endpoint)
    await shadow.end()
    assert endpoint.compared.copied == 17


@in_loop
async def test_copies_that_are_large_are_fewer():
    shadow, endpoint = Shadow(), known(shadow_weight=2.0)
    answered(shadow, endpoint, 10, b"x" * (6 << 20))
    assert (endpoint.compared.copied, endpoint.compared.left_out) == (5, 5)
    await shadow.end()


@in_loop
async def test_a_shadow_that_fails_or_answers_other_rows_is_counted():
    broken, endpoint = Shadow(error=ModelNotReady("It is not up.")), known(shadow_weight=2.0)
    answered(broken, endpoint)
    await broken.end()
    longer = Shadow(b"no\nno\n")
    answered(longer, endpoint)
    await longer.end()
    compared = endpoint.compared
    assert (compared.copied, compared.failed, compared.not_comparable, compared.rows) == (
        2,
        1,
        1,
        0,
    )


@in_loop
async def test_answers_that_are_large_are_not_read():
    shadow, endpoint = Shadow(b"no\n" * 400_000), known(shadow_weight=2.0)
    answered(shadow, endpoint)
    await shadow.end()
    assert (endpoint.compared.not_comparable, endpoint.compared.rows) == (1, 0)


@in_loop
async def test_what_is_known_goes_on_until_the_shadow_is_another_one():
    shadow, endpoint = Shadow(), known(shadow_weight=2.0)
    answered(shadow, endpoint)
    await shadow.end()
    assert known(1.0, endpoint).compared is endpoint.compared
    answered(shadow, half := known(1.0, endpoint))
    assert known(1.0, half).shadow.credit == half.shadow.credit == 0.5
    assert known(1.0, endpoint, key="E/3/S").compared.copied == 0


def test_answers_are_compared_in_one_of_the_threads_that_all_accounts_share(monkeypatch):
    """A megabyte of short answers takes seconds: copies of an account kept every thread of the server busy."""
    go, n_at_once, under_way = threading.Event(), [], []

    def slow(_given, _shadows):
        under_way.append(1)
        n_at_once.append(len(under_way))
        go.wait(240)
        under_way.pop()
        return Compared("S", rows=1)

    monkeypatch.setattr(shadowing, "_compared", slow)

    async def run():
        shadow, endpoint = Shadow(), known(shadow_weight=2.0)
        shadow.go.set()
        answered(shadow, endpoint, 8)
        async with asyncio.timeout(240):
            while not (len(shadow.copies) == 8 and n_at_once):
                await asyncio.sleep(0.001)
            assert await asyncio.to_thread(lambda: "another account's") == "another account's"
            go.set()
            while shadow.shadowing.n_under_way:
                await asyncio.sleep(0.001)
        return endpoint.compared.rows

    assert asyncio.run(run()) == 8
    assert n_at_once == [1] * 8
