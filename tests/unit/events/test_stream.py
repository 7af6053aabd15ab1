"""Streams of events over a real store."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace

import pytest

from windvane.domain.job import SecondaryStatus
from windvane.errors import Throttled
from windvane.events.poller import EventPoller
from windvane.events.stream import StreamQuery, Streams
from windvane.names import Scope
from windvane.testing.store_laws.place import HOME, a_candidate, a_job, at

ELSEWHERE = Scope("111111111111", "us-east-1")


def insert(store, *records):
    with store.transaction() as tx:
        for record in records:
            tx.insert(record)


def streams_of(store, **options):
    return Streams(store, EventPoller(store, 0.01), options.pop("at_most", 8), **options)


def parsed(chunk):
    fields = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if line)
    return int(fields["id"]), json.loads(fields["data"])


async def told(streams, wish, count=None):
    """The (sequence, document) pairs of a stream: all, or so many."""
    found = []
    async with asyncio.timeout(120), aclosing(await streams.open(wish)) as chunks:
        async for chunk in chunks:
            if chunk.startswith(b"id: "):
                found.append(parsed(chunk))
                if len(found) == count:
                    break
    return found


def names(found):
    return [document["detail"]["AutoMLJobName"] for _, document in found]


def test_what_is_kept_comes_first_and_what_happens_after_it(store):
    insert(store, a_job("one"))

    async def scene():
        following = asyncio.create_task(told(streams_of(store), StreamQuery(HOME), 2))
        await asyncio.sleep(0)
        await asyncio.to_thread(insert, store, a_job("two"))
        return await following

    assert names(asyncio.run(scene())) == ["one", "two"]


def test_a_client_goes_on_after_the_last_event_that_it_had(store):
    insert(store, *(a_job(f"job-{n}") for n in range(250)))

    async def scene():
        streams = streams_of(store)
        first = await told(streams, StreamQuery(HOME), 120)
        rest = await told(streams, StreamQuery(HOME, after=first[-1][0], follow=False))
        return [*first, *rest]

    assert names(asyncio.run(scene())) == [f"job-{n}" for n in range(250)]


def test_what_comes_from_now_on_can_be_asked_for(store):
    insert(store, a_job("old"))

    async def scene():
        streams = streams_of(store)
        chunks = await streams.open(StreamQuery(HOME, after=None))
        await asyncio.to_thread(insert, store, a_job("new"))
        async with asyncio.timeout(120), aclosing(chunks):
            async for chunk in chunks:
                if chunk.startswith(b"id: "):
                    return [parsed(chunk)]
        return []

    assert names(asyncio.run(scene())) == ["new"]


def test_a_stream_has_the_events_of_its_scope_and_its_job_alone(store):
    job = a_job("mine")
    insert(store, job, a_job("other"), a_candidate("c", parent=job.arn))
    insert(store, a_job("mine", scope=ELSEWHERE))
    with store.transaction() as tx:
        tx.update(replace(job, secondary=SecondaryStatus.MODEL_TUNING, modified=at(1)))

    async def scene():
        streams = streams_of(store)
        all_of_it = await told(streams, StreamQuery(HOME, follow=False))
        of_the_job = await told(streams, StreamQuery(HOME, owner=job.arn, follow=False))
        return all_of_it, of_the_job

    all_of_it, of_the_job = asyncio.run(scene())
    assert names(all_of_it) == ["mine", "other", "mine", "mine"]
    assert [d["detail-type"].split()[2] for _, d in of_the_job] == ["Job", "Candidate", "Job"]


def test_a_quiet_stream_says_that_it_is_open(store):
    async def scene():
        chunks = await streams_of(store, heartbeat_s=0.01).open(StreamQuery(HOME))
        async with asyncio.timeout(120), aclosing(chunks):
            return [await anext(chunks) for _ in range(3)]

    assert asyncio.run(scene())[1:] == [b": still here\n\n"] * 2


def test_there_are_only_so_many_streams(store):
    async def scene():
        streams = streams_of(store, at_most=1)
        first = await streams.open(StreamQuery(HOME))
        await anext(first)
        assert streams.n_open == 1
        with pytest.raises(Throttled, match="at most 1"):
            await streams.open(StreamQuery(HOME))
        await first.aclose()
        assert streams.n_open == 0
        second = await streams.open(StreamQuery(HOME))
        await anext(second)
        await second.aclose()

    asyncio.run(scene())


def test_one_account_leaves_streams_to_others(store):
    """Whoever had a key of one account kept everybody else's clients out."""

    async def scene():
        streams = streams_of(store, at_most=4)
        other = replace(HOME, account="444455556666")
        mine = [await streams.open(StreamQuery(HOME)) for _ in range(2)]
        for chunks in mine:
            await anext(chunks)
        with pytest.raises(Throttled, match="share"):
            await streams.open(StreamQuery(HOME))
        theirs = await streams.open(StreamQuery(other))
        assert await anext(theirs) == b"retry: 1000\n\n"
        for chunks in (*mine, theirs):
            await chunks.aclose()
        again = await streams.open(StreamQuery(HOME))
        await anext(again)
        await again.aclose()

    asyncio.run(scene())


def test_two_accounts_leave_streams_to_a_third(store):
    async def scene():
        streams, counts, begun = streams_of(store, at_most=8), [], []
        for account in ("111122223333", "444455556666", "777788889999"):
            wish = StreamQuery(replace(HOME, account=account))
            opened = [await streams.open(wish) for _ in range(8)]
            firsts = [await anext(chunks, None) for chunks in opened]
            counts.append(sum(first is not None for first in firsts))
            begun += opened
        assert counts == [4, 2, 1]
        for chunks in begun:
            await chunks.aclose()

    asyncio.run(scene())


def test_streams_end_when_the_server_does(store):
    async def scene():
        streams = streams_of(store)
        following = asyncio.create_task(told(streams, StreamQuery(HOME)))
        while streams.n_open == 0:
            await asyncio.sleep(0.001)
        streams.close()
        assert await following == []
        with pytest.raises(Throttled):
            await streams.open(StreamQuery(HOME))

    asyncio.run(scene())


def test_events_that_were_forgotten_meanwhile_leave_a_stream_at_rest(store):
    """It waits for the next one, and does not ask the store again and again."""
    insert(store, a_job("one"))
    reads = []

    async def scene():
        streams = streams_of(store, heartbeat_s=0.05)
        read = streams._read
        streams._read = lambda *wish: (reads.append(1), read(*wish))[1]
        chunks = await streams.open(StreamQuery(HOME))
        async with asyncio.timeout(120), aclosing(chunks):
            assert [(await anext(chunks))[:2] for _ in range(2)] == [b"re", b"id"]
            await asyncio.to_thread(_forget, store)
            assert [await anext(chunks) for _ in range(3)] == [b": still here\n\n"] * 3

    asyncio.run(scene())
    assert len(reads) <= 5


def _forget(store):
    with store.transaction() as tx:
        tx.forget_events(at(1), 10)
