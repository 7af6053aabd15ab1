"""Blocks of a body on their way through stages of work."""

from __future__ import annotations

import asyncio
import hashlib
import random
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from windvane.wire.s3.embedded import take_in
from windvane.wire.s3.payload import UNSIGNED, BodyPlan, Intake
from windvane.wire.s3.refusals import S3Refusal
from windvane.wire.s3.stages import Stage
from windvane.wire.s3.threads import Threads

BLOCKS = [random.Random(0).randbytes(size) for size in (70_000, 1, 300_000, 20_000) * 12]
WHOLE = b"".join(BLOCKS)


def run(blocks: list[bytes], write: Callable[[bytes], Any], length: int, threads: int = 2) -> Any:
    async def coming() -> AsyncIterator[bytes]:
        for block in blocks:
            await asyncio.sleep(0)
            yield block

    async def main() -> Any:
        with ThreadPoolExecutor(threads) as pool:

            async def in_thread(function: Any, *arguments: Any) -> Any:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(pool, partial(function, *arguments))

            intake = Intake(BodyPlan(UNSIGNED, length), None, limit=1 << 30, algorithm="CRC32")
            async with asyncio.timeout(120):
                return await take_in(coming(), intake, write, in_thread)

    return asyncio.run(main())


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 48])
def test_what_comes_is_written_and_summed_in_its_order(n: int, threads: int) -> None:
    written: list[bytes] = []
    whole = b"".join(BLOCKS[:n])
    digests = run(BLOCKS[:n], written.append, len(whole), threads)
    assert b"".join(written) == whole
    assert (digests.size, digests.md5) == (len(whole), hashlib.md5(whole).hexdigest())


@pytest.mark.parametrize("at", [1, 2, 7, 48])
def test_a_disk_that_fails_ends_it_and_nothing_is_written_after(at: int) -> None:
    written: list[bytes] = []

    def write(data: bytes) -> None:
        written.append(data)
        if len(written) == at:
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        run(BLOCKS, write, len(WHOLE))
    assert len(written) == at


def test_a_body_that_is_longer_than_its_head_says_is_refused() -> None:
    with pytest.raises(S3Refusal) as raised:
        run(BLOCKS, lambda _: None, len(WHOLE) - 1)
    assert raised.value.code == "IncompleteBody"


def test_what_is_written_to_is_not_dropped_while_a_thread_has_it() -> None:
    at_work, is_dropped = threading.Event(), threading.Event()
    faults: list[str] = []

    def write(_: bytes) -> None:
        at_work.set()
        time.sleep(0.05)
        if is_dropped.is_set():
            faults.append("written after it was dropped")

    class Gone(Exception):
        pass

    async def coming() -> AsyncIterator[bytes]:
        yield BLOCKS[0]
        yield BLOCKS[1]
        while not at_work.is_set():
            await asyncio.sleep(0)
        raise Gone

    async def main() -> None:
        intake = Intake(BodyPlan(UNSIGNED, None), None, limit=1 << 30)
        try:
            await take_in(coming(), intake, write, asyncio.to_thread)
        finally:
            is_dropped.set()

    with pytest.raises(Gone):
        asyncio.run(main())
    assert faults == []


def test_a_stage_gives_its_thread_back_to_others() -> None:
    async def main() -> list[str]:
        done: list[str] = []
        with ThreadPoolExecutor(1) as pool:

            async def in_thread(function: Any, *arguments: Any) -> Any:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(pool, partial(function, *arguments))

            stages = [Stage(lambda b: done.append(b.decode()), in_thread, print) for _ in range(2)]
            for _ in range(100):
                for name, stage in zip((b"a", b"b"), stages, strict=True):
                    stage.add(name)
            for stage in stages:
                await stage.finish()
        return done

    done = asyncio.run(main())
    assert sorted(done) == ["a"] * 100 + ["b"] * 100
    assert "b" in done[:50]


def test_a_stage_that_is_cancelled_ends_when_its_thread_has_done_its_block() -> None:
    """What waited for it span for ever, and the server did not stop: all tasks are cancelled when a loop ends."""
    at_work, go_on = threading.Event(), threading.Event()
    done: list[bytes] = []

    def work(block: bytes) -> None:
        at_work.set()
        go_on.wait(240)
        done.append(block)

    async def main() -> list[str]:
        ended: list[str] = []
        with ThreadPoolExecutor(2) as pool:
            stage = Stage(work, Threads(pool), lambda: ended.append("ended"))
            for _ in range(20):
                stage.add(b"x")
            while not at_work.is_set():
                await asyncio.sleep(0)
            assert stage._running is not None
            stage._running.cancel()
            stopping = asyncio.ensure_future(stage.stop())
            await asyncio.sleep(0)
            stopping.cancel()
            await asyncio.sleep(0)
            assert not stopping.done()
            go_on.set()
            async with asyncio.timeout(120):
                await asyncio.wait((stopping,))
            assert stopping.cancelled()
            with pytest.raises(asyncio.CancelledError):
                await stage.finish()
        return ended

    assert asyncio.run(main()) == ["ended"]
    assert done == [b"x"]
