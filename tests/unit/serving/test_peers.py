"""A server asks another one, which answers nobody else; and what a request does while its endpoint moves."""

import asyncio
import time
from dataclasses import replace

import pytest
from peered import Wired, gateway_of, posted

from windvane.errors import (
    EndpointMissing,
    InvalidRequest,
    ModelFault,
    ModelNotReady,
    Throttled,
)
from windvane.names import Scope
from windvane.process.frames import pack
from windvane.serving import forwarding
from windvane.serving.peer_asks import asks_of
from windvane.serving.peers import NotHere, Peer, PeerGone, RequestSigner, hash_of
from windvane.serving.pool import Bounds
from windvane.serving.router import Router
from windvane.serving.routes import Answer, Elsewhere, Invocation, Route, VariantRoute
from windvane.tracing.context import TraceContext, current_context, within

SECRET = b"s" * 32
SCOPE = Scope("000000000000", "us-east-1")
OTHER = Peer("b", "https://b:8470")
REQUEST = Invocation(b"1,2", "text/csv")


async def echo(header, body):
    return {"content_type": header["content_type"], "variant": header["endpoint"]}, body.upper()


def as_server(name, asked):
    """Answers with its name, and notes that it was asked."""

    async def ask(header, _body):
        asked.append(name)
        return {"content_type": "", "variant": header["variant"]}, name.encode()

    return ask


def failing(error):
    async def ask(_header, _body):
        raise error

    return ask


def wired(gateways, secret=SECRET):
    return Wired(secret, time.time, gateways)


def ask(gateways, **header):
    peers = wired(gateways)
    asked = {"ask": "invoke", "account": SCOPE.account, **header}
    return asyncio.run(peers.ask(OTHER, asked, b"abc", 5))


def test_a_request_and_its_answer_come_through():
    gateways = {OTHER.address: gateway_of(SECRET, {"invoke": echo})}
    told = ask(gateways, content_type="text/csv", endpoint="E")
    assert told == ({"content_type": "text/csv", "variant": "E"}, b"ABC")


@pytest.mark.parametrize(
    "error",
    [
        EndpointMissing("e", "000000000000"),
        InvalidRequest("There is no such variant."),
        ModelFault("It failed.", status=500, message="It", log_group="arn:x"),
        ModelNotReady("Not yet."),
        Throttled("Too much."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_another_server_tells_its_caller_comes_through_as_it_is(error):
    with pytest.raises(type(error)) as told:
        ask({OTHER.address: gateway_of(SECRET, {"invoke": failing(error)})})
    assert str(told.value) == str(error)
    assert {**vars(told.value), "note": 0} == {**vars(error), "note": 0}


def test_what_a_server_of_another_version_does_not_know_is_told():
    with pytest.raises(InvalidRequest, match="another version"):
        ask({OTHER.address: gateway_of(SECRET, {})})


def test_a_server_that_does_not_answer_or_has_no_instance_any_more_is_gone():
    moved = {OTHER.address: gateway_of(SECRET, {"invoke": failing(NotHere("moved"))})}
    for gateways, error in (({}, PeerGone), (moved, NotHere)):
        with pytest.raises(error):
            ask(gateways)


@pytest.mark.parametrize(
    "change", ["secret", "body", "old", "future", "none", "twice", "hash", "account", "digits"]
)
def test_nobody_else_is_answered(change):
    body = pack({"ask": "invoke", "content_type": "", "endpoint": ""}, b"x")
    at = int(time.time()) + {"old": -31, "future": 33}.get(change, 0)
    signer = RequestSigner(b"x" * 32 if change == "secret" else SECRET)
    signature = signer.sign(hash_of(body), at, SCOPE.account)
    others = {
        "none": "x",
        "twice": f"{signature} {signature}",
        "digits": f"{'1' * 5000}{signature}",
    }
    signature = others.get(change, signature)
    if change == "hash":
        signature = signature.replace(hash_of(body), hash_of(b"another"))
    if change == "account":
        signature = signature.replace(SCOPE.account, "000000000001")
    sent = body + b"more" if change == "body" else body
    gateway = gateway_of(SECRET, {"invoke": echo})
    assert asyncio.run(posted(gateway, sent, signature)) == (403, b"")
    good = RequestSigner(SECRET).sign(hash_of(body), int(time.time()), SCOPE.account)
    assert asyncio.run(posted(gateway, body, good))[0] == 200


def test_another_secret_holds_from_the_moment_it_is_there():
    gateway, peers = gateway_of(SECRET, {"invoke": echo}), wired({})
    peers.gateways[OTHER.address] = gateway
    gateway.replace(b"n" * 32)
    header = {"ask": "invoke", "account": SCOPE.account, "content_type": "", "endpoint": ""}
    with pytest.raises(PeerGone, match="403"):
        asyncio.run(peers.ask(OTHER, header, b"", 5))
    peers.replace(b"n" * 32)
    assert asyncio.run(peers.ask(OTHER, header, b"", 5))[1] == b""


def table(*peers, n_up=1, **members):
    """Of one endpoint whose instances are up on other servers."""
    elsewhere = tuple(Elsewhere(peer, n_up) for peer in peers)
    variant = VariantRoute("e/A", "A", 1.0, 0, "primary", (), elsewhere=elsewhere, is_here=False)
    return {(SCOPE, "e"): Route(SCOPE, "E", (variant,), **members)}


def creating():
    return {(SCOPE, "e"): Route(SCOPE, "E", (), "It is Creating.")}


def play(scene, gateways, answer_s=60.0):
    async def run():
        router = Router(Bounds(answer_s=answer_s), wired(gateways))
        router.bind()
        return await scene(router)

    return asyncio.run(run())


def test_an_endpoint_elsewhere_is_asked_there():
    async def scene(router):
        router.publish(table(OTHER))
        return await router.invoke(SCOPE, "E", REQUEST)

    answer = play(scene, {OTHER.address: gateway_of(SECRET, {"invoke": echo})})
    assert (answer.body, answer.content_type) == (b"1,2", "text/csv")


def test_another_server_goes_on_with_the_trace_of_a_request():
    asked, request = [], TraceContext("4" * 32, "5" * 16, True)

    class Asked:
        async def invoke(self, *_place, is_passed_on):
            asked.append(current_context())
            return Answer(b"", "text/csv", "A")

    async def scene(router):
        router.publish(table(OTHER))
        with within(request):
            await router.invoke(SCOPE, "E", REQUEST)
        await router.invoke(SCOPE, "E", REQUEST)

    play(scene, {OTHER.address: gateway_of(SECRET, asks_of(Asked(), None))})
    assert asked == [request, None]


def test_servers_are_asked_in_proportion_to_their_instances_and_in_turn():
    asked, third = [], Peer("c", "https://c:8470")
    gateways = {
        peer.address: gateway_of(SECRET, {"invoke": as_server(peer.id, asked)})
        for peer in (OTHER, third)
    }

    async def scene(router):
        elsewhere = (Elsewhere(OTHER, 2), Elsewhere(third, 1))
        variant = VariantRoute(
            "e/A", "A", 1.0, 0, "primary", (), elsewhere=elsewhere, is_here=False
        )
        router.publish({(SCOPE, "e"): Route(SCOPE, "E", (variant,))})
        for _ in range(6):
            await router.invoke(SCOPE, "E", REQUEST)

    play(scene, gateways)
    assert "".join(asked) == "bcbbcb"


def test_a_request_waits_while_its_endpoint_moves():
    async def scene(router):
        router.publish(table())
        asked = asyncio.create_task(router.invoke(SCOPE, "E", REQUEST))
        await asyncio.sleep(0.05)
        assert not asked.done()
        router.publish(table(OTHER))
        return await asked

    gateways = {OTHER.address: gateway_of(SECRET, {"invoke": echo})}
    assert play(scene, gateways).body == b"1,2"


def test_a_request_to_a_server_that_died_goes_to_the_one_that_takes_over():
    third = Peer("c", "https://c:8470")
    gateways = {third.address: gateway_of(SECRET, {"invoke": echo})}

    async def scene(router):
        router.publish(table(OTHER))
        asked = asyncio.create_task(router.invoke(SCOPE, "E", REQUEST))
        await asyncio.sleep(0.05)
        router.publish(table(third))
        return await asked

    assert play(scene, gateways).body == b"1,2"


@pytest.mark.parametrize("error", [ConnectionRefusedError("b"), ConnectionResetError("b")])
def test_a_request_goes_to_another_instance_at_once_if_its_server_is_gone(error, monkeypatch):
    monkeypatch.setattr(forwarding, "_NEWS_S", 3600.0)
    asked, third = [], Peer("c", "https://c:8470")
    gateways = {third.address: gateway_of(SECRET, {"invoke": as_server("c", asked)})}

    async def scene(router):
        router._forwarding._peers.errors[OTHER.address] = error
        router.publish(table(OTHER, third))
        async with asyncio.timeout(240):  # less than what it waits for news
            for _ in range(10):
                assert (await router.invoke(SCOPE, "E", REQUEST)).body == b"c"
        assert router._forwarding._peers.asked == 11, "it was asked once, and avoided from then on"

    play(scene, gateways)


def test_a_request_that_two_servers_are_lost_with_goes_to_no_third_one():
    peers = [Peer(name, f"https://{name}:8470") for name in "bcd"]

    async def scene(router):
        for peer in peers:
            router._forwarding._peers.errors[peer.address] = ConnectionResetError(peer.id)
        router.publish(table(*peers))
        with pytest.raises(ModelFault, match=r"server error \(500\) from primary"):
            await router.invoke(SCOPE, "E", REQUEST)
        assert router._forwarding._peers.asked == 2
        router.publish(table(*(replace(peer, id=f"another {peer.id}") for peer in peers)))
        with pytest.raises(ModelFault, match=r"server error \(500\) from primary"):
            await router.describe(SCOPE, "E", "")
        assert router._forwarding._peers.asked == 4

    play(scene, {})


def test_a_request_to_a_server_that_hangs_goes_elsewhere_once_the_server_does_not_live():
    asked, third = [], Peer("c", "https://c:8470")
    hangs = asyncio.Event()

    async def hang(_header, _body):
        hangs.set()
        await asyncio.Event().wait()

    gateways = {
        OTHER.address: gateway_of(SECRET, {"invoke": hang}),
        third.address: gateway_of(SECRET, {"invoke": as_server("c", asked)}),
    }

    async def scene(router):
        router.publish(table(OTHER), frozenset("bc"))
        waiting = asyncio.create_task(router.invoke(SCOPE, "E", REQUEST))
        await hangs.wait()
        router.publish(table(third), frozenset("bc"))  # moved, but it may still answer
        await asyncio.sleep(0.05)
        assert not waiting.done()
        router.publish(table(third), frozenset("c"))
        return await waiting

    assert play(scene, gateways, answer_s=60.0).body == b"c"


@pytest.mark.slow
def test_a_server_that_did_not_answer_once_is_asked_again():
    async def scene(router):
        router.publish(table(OTHER))
        asked = asyncio.create_task(router.invoke(SCOPE, "E", REQUEST))
        await asyncio.sleep(0.05)
        router._forwarding._peers.gateways[OTHER.address] = gateway_of(SECRET, {"invoke": echo})
        return await asked

    assert play(scene, {}).body == b"1,2"


def test_a_request_that_nobody_takes_in_its_time_is_refused():
    async def scene(router):
        router.publish(table(OTHER))
        with pytest.raises(ModelNotReady, match="no other one has taken it over yet"):
            await router.invoke(SCOPE, "E", REQUEST)
        router.publish(table())
        with pytest.raises(ModelNotReady, match="no other one has taken it over yet"):
            await router.invoke(SCOPE, "E", REQUEST)

    play(scene, {}, answer_s=0.1)


def test_what_a_model_that_hangs_elsewhere_takes_is_not_asked_of_another_server(monkeypatch):
    monkeypatch.setattr(forwarding, "_LATER_S", 0.0)

    async def hang(_header, _body):
        await asyncio.Event().wait()

    async def scene(router):
        router.publish(table(OTHER), frozenset("b"))
        with pytest.raises(ModelNotReady):
            await router.invoke(SCOPE, "E", REQUEST)
        assert router._forwarding._peers.asked == 1

    play(scene, {OTHER.address: gateway_of(SECRET, {"invoke": hang})}, answer_s=0.1)


def test_a_request_that_was_passed_on_goes_no_further(monkeypatch):
    monkeypatch.setattr(forwarding, "_NEWS_S", 0.01)

    async def scene(router):
        for known in (table(OTHER), table(), {}, creating()):
            router.publish(known)
            with pytest.raises(NotHere):
                await router.invoke(SCOPE, "E", REQUEST, is_passed_on=True)
            with pytest.raises(NotHere):
                await router.describe(SCOPE, "E", "", is_passed_on=True)
        assert router._forwarding._peers.asked == 0

    play(scene, {OTHER.address: gateway_of(SECRET, {"invoke": echo})})


def test_an_endpoint_that_another_server_has_just_brought_into_service_is_waited_for():
    gateways = {OTHER.address: gateway_of(SECRET, {"invoke": echo})}

    async def scene(router):
        asked = asyncio.create_task(router.invoke(SCOPE, "E", REQUEST))
        await asyncio.sleep(0.05)
        router.publish(creating())
        with pytest.raises(ModelNotReady):
            await asked
        asked = asyncio.create_task(router.invoke(SCOPE, "E", REQUEST))
        await asyncio.sleep(0.05)
        router.publish(table(OTHER))
        return await asked

    assert play(scene, gateways).body == b"1,2"
