"""Webhooks over a real store and a receiver on this machine."""

import asyncio
import http.server
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from windvane.domain.deployment import EndpointStatus
from windvane.domain.job import JobStatus, SecondaryStatus
from windvane.events.poller import EventPoller
from windvane.events.signing import signature
from windvane.events.webhooks import Hook, Webhooks
from windvane.names import WEBHOOK_TAG
from windvane.testing.store_laws.place import HOME, START, a_candidate, a_job, an_endpoint

SECRET = "0123456789abcdef"


class Receiver(http.server.BaseHTTPRequestHandler):
    """Notes what comes, and answers as it was told, in the end with 204."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.came.append((dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.came, server.answers = [], []
        server.url = f"http://127.0.0.1:{server.server_port}/hook?key=1"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def insert(store, *records):
    with store.transaction() as tx:
        for record in records:
            tx.insert(record)


def webhooks_of(store, *hooks, clock=lambda: START, **more):
    poller = EventPoller(store, 0.01)
    return Webhooks(store, poller, hooks, clock, pauses_s=(0.01,), timeout_s=60.0, **more)


async def until(condition):
    async with asyncio.timeout(240):
        while not condition():
            await asyncio.sleep(0.005)


def play(webhooks, condition, scene=lambda: None):
    """Start, change something, wait for what is to come of it, stop."""

    async def run():
        await webhooks.start()
        try:
            await asyncio.to_thread(scene)
            await until(condition)
        finally:
            await webhooks.stop()

    asyncio.run(run())


def names(receiver):
    return [json.loads(body)["detail"]["AutoMLJobName"] for _, body in receiver.came]


def position(store, hook):
    with store.snapshot() as tx:
        return tx.subscriber(hook.key)


def last(store):
    with store.snapshot() as tx:
        return tx.last_event()


def test_an_event_is_delivered_signed_and_with_its_id(store, receiver):
    hook = Hook(receiver.url, SECRET)
    play(webhooks_of(store, hook), lambda: receiver.came, lambda: insert(store, a_job("one")))
    [(headers, body)] = receiver.came
    document = json.loads(body)
    assert headers["Windvane-Event-Id"] == document["id"]
    assert headers["Content-Type"] == "application/json"
    expected = signature(SECRET, headers["Windvane-Timestamp"], body)
    assert headers["Windvane-Signature"] == expected
    assert headers["Windvane-Signature"] != signature("another secret", "0", body)


def test_a_webhook_begins_with_what_happens_after_it_was_known(store, receiver):
    insert(store, a_job("before"))
    hook = Hook(receiver.url, SECRET)
    play(webhooks_of(store, hook), lambda: receiver.came, lambda: insert(store, a_job("after")))
    assert names(receiver) == ["after"]


def test_what_happened_while_no_server_ran_is_delivered_by_the_next(store, receiver):
    hook = Hook(receiver.url, SECRET)
    play(webhooks_of(store, hook), lambda: True)
    insert(store, *(a_job(f"job-{n}") for n in range(150)))
    play(webhooks_of(store, hook), lambda: len(receiver.came) >= 150)
    assert names(receiver) == [f"job-{n}" for n in range(150)]


def test_what_was_taken_but_not_recorded_comes_again_with_the_same_id(store, receiver):
    """As after kill -9 between an answer and its record."""
    hook = Hook(receiver.url, SECRET)
    play(webhooks_of(store, hook), lambda: True)
    dying = webhooks_of(store, hook)
    dying._record = lambda *_: (_ for _ in ()).throw(OSError("killed"))
    play(dying, lambda: receiver.came, lambda: insert(store, a_job("one")))
    play(webhooks_of(store, hook), lambda: position(store, hook).position == last(store))
    assert set(names(receiver)) == {"one"}
    assert len(receiver.came) >= 2
    assert len({headers["Windvane-Event-Id"] for headers, _ in receiver.came}) == 1


@pytest.mark.parametrize("status", [500, 404, 429, 302])
def test_what_is_not_taken_is_tried_again_before_anything_later(store, receiver, status):
    receiver.answers = [status, status]
    hook = Hook(receiver.url, SECRET)
    webhooks = webhooks_of(store, hook)
    play(
        webhooks,
        lambda: position(store, hook).position == last(store) > 0,
        lambda: insert(store, a_job("one"), a_job("two")),
    )
    assert names(receiver) == ["one", "one", "one", "two"]
    assert dict(webhooks.gauges()) == {
        "webhook_deliveries": 2,
        "webhook_attempts_failed": 2,
        "webhook_events_skipped": 0,
    }


def test_an_event_that_is_too_old_is_skipped_seen_and_counted(store, receiver, caplog):
    receiver.answers = [500]
    hook = Hook(receiver.url, SECRET, give_up_s=60)
    webhooks = webhooks_of(store, hook, clock=lambda: datetime(2027, 1, 1, tzinfo=UTC))
    play(
        webhooks,
        lambda: position(store, hook).position == last(store) > 0,
        lambda: insert(store, a_job("one"), a_job("two")),
    )
    assert names(receiver) == ["one", "two"]
    assert dict(webhooks.gauges())["webhook_events_skipped"] == 1
    assert position(store, hook).n_skipped == 1
    assert "is skipped: the receiver answers 500" in caplog.text
    assert "key=1" not in caplog.text


def test_a_receiver_that_is_down_gets_its_events_when_it_is_up(store):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver, bind_and_activate=False)
    server.came, server.answers = [], []
    server.server_bind()  # the port is ours; who asks there is refused until somebody listens
    webhooks = webhooks_of(store, Hook(f"http://127.0.0.1:{server.server_port}/hook", SECRET))

    def go_up():
        insert(store, a_job("one"))
        while webhooks.n_failed < 2:
            threading.Event().wait(0.005)
        server.server_activate()
        threading.Thread(target=server.serve_forever).start()

    play(webhooks, lambda: server.came, go_up)
    server.shutdown()
    server.server_close()
    assert len(server.came) == 1


def test_filters_choose_what_is_delivered(store, receiver):
    mine, other = a_job("Mine"), a_job("other")
    hooks = [
        Hook(receiver.url, SECRET, detail_types=("Windvane AutoML Candidate State Change",)),
        Hook(f"{receiver.url}2", SECRET, jobs=("MINE",)),
    ]

    def scene():
        insert(store, mine, other, an_endpoint(status=EndpointStatus.CREATING))
        insert(store, a_candidate("c", parent=mine.arn), a_candidate("d", parent=other.arn))

    play(
        webhooks_of(store, *hooks),
        lambda: all(position(store, hook).position == last(store) > 0 for hook in hooks),
        scene,
    )
    details = [json.loads(body)["detail"] for _, body in receiver.came]
    candidates = sorted(d["CandidateName"] for d in details if "CandidateName" in d)
    assert candidates == ["c", "c", "d"]
    assert [d["AutoMLJobName"] for d in details if "AutoMLJobStatus" in d] == ["Mine"]
    assert HOME.account in receiver.came[0][1].decode()


def change(store, record, **fields):
    with store.transaction() as tx:
        tx.update(replace(record, **fields))


def test_a_webhook_with_a_name_is_told_of_the_end_of_jobs_that_ask_for_it_and_of_nothing_else(
    store, receiver
):
    asks, other, silent = (a_job(name) for name in ("asks", "other", "silent"))
    abroad = a_job("abroad", scope=replace(HOME, account="222222222222"))
    chat = Hook(receiver.url, SECRET, name="chat", accounts=(HOME.account,))

    def scene():
        insert(store, asks, other, silent, abroad)
        with store.transaction() as tx:
            for job, name in ((asks, "chat"), (other, "another"), (abroad, "chat")):
                tx.set_tags(job.arn, {WEBHOOK_TAG: name})
        insert(store, a_candidate("c", parent=asks.arn))
        change(store, asks, secondary=SecondaryStatus.ANALYZING_DATA)
        for job, status in (
            (asks, JobStatus.FAILED),
            (other, JobStatus.COMPLETED),
            (silent, JobStatus.COMPLETED),
            (abroad, JobStatus.COMPLETED),
        ):
            change(store, job, status=status)

    play(webhooks_of(store, chat), lambda: position(store, chat).position == last(store) > 0, scene)
    [(_, body)] = receiver.came
    detail = json.loads(body)["detail"]
    assert (detail["AutoMLJobName"], detail["AutoMLJobStatus"]) == ("asks", "Failed")


def test_a_webhook_with_a_name_is_another_one_than_that_of_the_same_address(receiver):
    plain, named = Hook(receiver.url, SECRET), Hook(receiver.url, SECRET, name="chat")
    assert plain.key != named.key
    assert plain.key == Hook(receiver.url, "another secret of it").key, "as earlier versions had it"


def test_a_slow_webhook_holds_up_no_other(store, receiver):
    receiver.answers = []
    nobody = Hook("http://127.0.0.1:9/", SECRET)
    play(
        webhooks_of(store, nobody, Hook(receiver.url, SECRET)),
        lambda: receiver.came,
        lambda: insert(store, a_job("one")),
    )
    assert names(receiver) == ["one"]


def test_secrets_and_urls_do_not_show_when_a_webhook_is_printed(receiver):
    assert SECRET not in repr(Hook(receiver.url, SECRET))
    assert "key=1" not in repr(Hook(receiver.url, SECRET))


class Lead:
    """The leadership of one of several servers; `now` is the number under which it leads."""

    def __init__(self, now=None):
        self.now = now

    def lead(self):
        return self.now

    def still_leads(self, _tx, number):
        return number == self.now


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr("windvane.events.deliveries._LEADS_AGAIN_S", 0.01)


def test_of_several_servers_the_one_that_leads_delivers_and_the_next_one_goes_on(
    store, receiver, soon
):
    hook = Hook(receiver.url, SECRET)
    first, second = Lead(1), Lead()

    async def run():
        servers = [webhooks_of(store, hook, leadership=one) for one in (first, second)]
        for server in servers:
            await server.start()
        await asyncio.to_thread(insert, store, a_job("one"), a_job("two"))
        await until(lambda: position(store, hook).position == last(store) > 0)
        first.now, second.now = None, 2
        await asyncio.to_thread(insert, store, a_job("three"))
        await until(lambda: position(store, hook).position == last(store))
        for server in servers:
            await server.stop()
        return [server.n_delivered for server in servers]

    assert asyncio.run(run()) == [2, 1]
    assert names(receiver) == ["one", "two", "three"]


def test_a_server_that_lost_the_lead_while_it_delivered_records_nothing(store, receiver, soon):
    hook = Hook(receiver.url, SECRET)
    lead = Lead(1)
    webhooks = webhooks_of(store, hook, leadership=lead)
    [posting] = webhooks._receivers
    take = posting.take

    async def overtaken(*arguments):
        lead.now = None
        return await take(*arguments)

    posting.take = overtaken
    play(webhooks, lambda: receiver.came, lambda: insert(store, a_job("one")))
    assert position(store, hook).position < last(store)
