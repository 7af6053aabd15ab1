"""Work on the blocks of a body in stages: in each stage one block after the other, different stages at the same time.

A hash takes its blocks in order, and leaves the other cores idle meanwhile; so each hash that costs time has a stage.
Nothing waits for the event loop between two blocks that are there.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from windvane.wire.s3.answers import InThread

_TURN = 8
"""Blocks after which a stage gives its thread back: with more uploads than threads, each gets on."""


class Stage:
    """Does its work to one block after the other, in the order in which they are added, in one thread at a time.

    error      that the work raised
    is_over    it raised, or was cancelled: nothing is done any more
    """

    def __init__(
        self, work: Callable[[bytes], Any], in_thread: InThread, on_end: Callable[[], Any]
    ) -> None:
        """Run one stage over the blocks that are put.

        on_end    called on the event loop when it is over
        """
        self._work, self._in_thread, self._on_end = work, in_thread, on_end
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._is_busy = False
        self.is_over = False
        self._running: asyncio.Future[None] | None = None
        self.error: Exception | None = None

    def add(self, block: bytes) -> None:
        """Any thread may call it."""
        with self._lock:
            self._waiting.append(block)
            if self._is_busy:
                return
            self._is_busy = True
        self._loop.call_soon_threadsafe(self._begin)

    async def finish(self) -> None:
        """Wait until all that was added is done.

        raises    what the work raised; CancelledError
        """
        await self._settle()
        if self.is_over:
            raise self.error or asyncio.CancelledError

    async def stop(self) -> None:
        """Drop what waits, and wait for the thread that has a block, which lasts no longer than that: who is cancelled
        meanwhile is cancelled then."""
        with self._lock:
            self._waiting.clear()
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                await self._settle()
                break
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    async def _settle(self) -> None:
        while self._is_busy and not self.is_over:
            if self._running is None or self._running.done():
                await asyncio.sleep(0)  # `_begin` is about to be called
            else:
                await asyncio.shield(self._running)

    def _begin(self) -> None:
        self._running = asyncio.ensure_future(self._run())
        self._running.add_done_callback(self._look_at_end)

    async def _run(self) -> None:
        try:
            while await self._in_thread(self._take_turn):
                pass
        except Exception as error:  # noqa: BLE001 - it is raised by `finish`
            self.error = error
            self._end()

    def _look_at_end(self, running: asyncio.Future[None]) -> None:
        if running.cancelled():
            self._end()

    def _end(self) -> None:
        self.is_over = True
        self._on_end()

    def _take_turn(self) -> bool:
        """Return whether there is more to do."""
        for _ in range(_TURN):
            with self._lock:
                if not self._waiting:
                    self._is_busy = False
                    return False
                block = self._waiting.popleft()
            self._work(block)
        return True
