"""Blocking calls in threads of their own, each of which is over before whoever asked for it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """Runs blocking calls off the event loop, as InThread wants it.

    Who is cancelled, as requests are when a server stops, waits for the end of the call and is cancelled then: what is done
    next, to a file that the call has open, never runs beside it.
    """

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    async def __call__(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a blocking call in a thread; its end is waited for, even if the caller is cancelled.

        raises    whatever the call raises; RuntimeError for StopIteration
        """
        loop = asyncio.get_running_loop()
        work = partial(copy_context().run, _returned, function, *arguments)
        running = loop.run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((running,))
            raise


def _returned(function: Callable[..., T], *arguments: Any) -> T:
    """A future takes no StopIteration: whoever waits for one that ended with it waits for ever."""
    try:
        return function(*arguments)
    except StopIteration as error:
        raise RuntimeError("An iterator ended too early.") from error
