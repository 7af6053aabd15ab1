"""Rows explained, or evaluated against their labels, beside the endpoints that answer them: each request by a process of
its own (serving/explainer.py), which has loaded the same artefacts, is politer than they are, and ends with its answer.

A model process answers one request at a time, so one that spent two seconds on reasons would let InvokeEndpoint wait
for as long. What this costs instead is a second for the process to start.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from windvane.errors import InvalidRequest, ModelNotReady, Throttled
from windvane.names import Scope
from windvane.process.confinement import clean_environment
from windvane.process.frames import BadFrame, Frame, FrameBuffer, pack
from windvane.process.memory import MARGIN, ended_above
from windvane.process.parent_death import command
from windvane.process.standard_error import shown
from windvane.serving.content_types import (
    ASK_EVALUATE,
    ASK_EXPLAIN,
    MOST_HEAD_BYTES,
    MOST_HEAD_VALUES,
)
from windvane.serving.model_faults import check_description, refused
from windvane.serving.router import Router
from windvane.serving.routes import Route, VariantRoute
from windvane.wire.account_semaphores import AccountSemaphores

_LOG = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "windvane.serving.explainer")

_DONE = {ASK_EXPLAIN: "explained", ASK_EVALUATE: "evaluated"}

_MOST_OUTPUT = 1 << 24
_MOST_WORDS = 1 << 14

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


@dataclass(frozen=True)
class ExplainBounds:
    """Limits of explanations and evaluations of predictions.

    at_once    processes; they take what endpoints leave of the machine
    waiting    requests of one account that may wait for one; more are turned away
    budget_s   for Shapley values, where they must be sampled
    answer_s   for all of an explanation, from the start of the process
    evaluate_s the same of an evaluation, of up to 6 MB of rows
    """

    at_once: int = 1
    waiting: int = 8
    budget_s: float = 2.0
    answer_s: float = 30.0
    evaluate_s: float = 120.0


@dataclass(frozen=True)
class RowQuestion:
    """A request to explain the prediction of one row.

    variant   "" for the one that answers most requests
    label     whose probability is explained; "" for the predicted one's
    """

    body: bytes
    content_type: str
    variant: str = ""
    label: str = ""


class Explaining:
    """Explains and evaluates predictions in processes of their own; on the event loop, with whose thread the processes die.

    environment   added to what is left of this process's own
    """

    def __init__(
        self,
        router: Router,
        environment: Mapping[str, str],
        bounds: ExplainBounds = ExplainBounds(),
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._router = router
        self._environment = clean_environment(os.environ, {**_ONE_THREAD, **environment})
        self._bounds = bounds
        self._program = program
        self._free = asyncio.Semaphore(bounds.at_once)
        self._turns = AccountSemaphores(bounds.at_once)
        self._asked: Counter[str] = Counter()

    async def explain(
        self, scope: Scope, endpoint: str, question: RowQuestion, *, is_passed_on: bool = False
    ) -> tuple[str, dict[str, Any]]:
        """Return the variant, and what serving/explainer.py tells.

        is_passed_on    as in Router.invoke
        raises    EndpointMissing; ModelNotReady; Throttled; ModelFault if the model or the time failed; InvalidRequest
                  for an unknown variant or label, and a row that the model does not take, in the model's words
        """
        asked = {
            "ask": ASK_EXPLAIN,
            "content_type": question.content_type,
            "variant": question.variant,
            "label": question.label,
        }
        return await self._told(scope, endpoint, asked, question.body, is_passed_on=is_passed_on)

    async def evaluate(
        self,
        scope: Scope,
        endpoint: str,
        body: bytes,
        variant: str = "",
        *,
        is_passed_on: bool = False,
    ) -> tuple[str, dict[str, Any]]:
        """Return the variant, and what serving/evaluating.py finds.

        body      CSV with a header that names the target
        variant   "" for the one that answers most requests
        is_passed_on, raises    as `explain`
        """
        asked = {"ask": ASK_EVALUATE, "variant": variant}
        return await self._told(scope, endpoint, asked, body, is_passed_on=is_passed_on)

    async def _told(
        self,
        scope: Scope,
        endpoint: str,
        asked: Mapping[str, Any],
        body: bytes,
        *,
        is_passed_on: bool,
    ) -> tuple[str, dict[str, Any]]:
        passed = await self._router.passed_on(
            scope, endpoint, asked, body, is_passed_on=is_passed_on
        )
        if passed is not None:
            return passed[0]["variant"], await asyncio.to_thread(json.loads, passed[1])
        route, variant = self._router.variant(scope, endpoint, asked["variant"])
        account = scope.account
        if self._asked[account] >= self._bounds.at_once + self._bounds.waiting:
            raise Throttled(
                "Too many rows wait to be explained or evaluated; try again in a few seconds."
            )
        self._asked[account] += 1
        try:
            async with self._turns.of(account), self._free:
                request = _request(variant, asked, body, self._bounds)
                is_evaluation = asked["ask"] == ASK_EVALUATE
                bounds = self._bounds
                within_s = bounds.evaluate_s if is_evaluation else bounds.answer_s
                answer = await self._run(request, variant.spec, within_s)
        finally:
            self._asked[account] -= 1
            if not self._asked[account]:
                del self._asked[account]
        what = asked["ask"]
        return variant.name, await asyncio.to_thread(_told_in, answer, what, route, variant)

    async def _run(self, request: bytes, spec: str, within_s: float) -> Frame | None:
        """Return the answer of a process; None if it died, took too long or held too much memory."""
        most_mb = MARGIN * float(json.loads(spec)["memory_mb"])
        process = await asyncio.create_subprocess_exec(
            *command(self._program),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._environment,
        )
        words = asyncio.create_task(_words(process))
        try:
            with ended_above(process.pid, most_mb):
                async with asyncio.timeout(within_s):
                    output = await _asked(process, request)
        except TimeoutError:
            return None
        finally:
            await _end(process)
            if said := await words:
                _LOG.warning("A process that explained a row wrote:\n%s", shown(said))
        frames = FrameBuffer(MOST_HEAD_BYTES, _MOST_OUTPUT, MOST_HEAD_VALUES)
        frames.feed(output)
        try:
            return frames.next_frame()
        except BadFrame:
            return None


async def _asked(process: Process, request: bytes) -> bytes:
    """Return what it writes, up to a bound; what it does not read is dropped."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError("The process was started without pipes.")
    process.stdin.write(request)
    with suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.drain()
        process.stdin.close()
    output = bytearray()
    while len(output) < _MOST_OUTPUT and (part := await process.stdout.read(1 << 16)):
        output += part
    return bytes(output)


async def _words(process: Process) -> bytes:
    """Return the first of what it writes to its standard error; the rest is dropped, so that it never waits for a
    reader."""
    if process.stderr is None:
        raise AssertionError("The process was started without pipes.")
    said = bytearray()
    while part := await process.stderr.read(1 << 16):
        said += part[: _MOST_WORDS - len(said)]
    return bytes(said)


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)  # not yet the leader of a group of its own
        await process.wait()


def _request(
    variant: VariantRoute, asked: Mapping[str, Any], body: bytes, bounds: ExplainBounds
) -> bytes:
    header = {**asked, "spec": json.loads(variant.spec), "budget_s": bounds.budget_s}
    return pack(header, body)


def _told_in(
    answer: Frame | None, what: str, route: Route, variant: VariantRoute
) -> dict[str, Any]:
    done = _DONE[what]
    if answer is None:
        words = f"The rows could not be {done}: the process ended, or took too long."
        raise refused(route, {"status": 500, "container": variant.primary, "message": words})
    header, body = answer
    if "failed" in header:
        raise ModelNotReady(f"The model cannot be loaded: {header['failed']}")
    if header["status"] == 400:
        raise InvalidRequest(header["message"])
    if header["status"] != 200:
        raise refused(route, header)
    check_description(route, variant, body)
    told: dict[str, Any] = json.loads(body)
    return told
