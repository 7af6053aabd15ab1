"""A steady load on one endpoint, from many threads of one client, while a test changes things."""

import threading
import time
from contextlib import contextmanager

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


class Load:
    """Requests at a given rate until `stop`; `answers` counts bodies, `failures` keeps what went wrong.

    A request that is due is sent as soon as one of the threads is free, so no more than `threads` are in hand.
    """

    def __init__(self, server, endpoint, row, rate, threads):
        config = Config(
            retries={"total_max_attempts": 1},
            max_pool_connections=threads,
            read_timeout=90,
        )
        self._client = server.client("sagemaker-runtime", config=config)
        self._endpoint, self._row, self._interval = endpoint, row, 1 / rate
        self._lock = threading.Lock()
        self._due = time.monotonic()
        self._is_over = threading.Event()
        self.answers = {}
        self.failures = []
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    @contextmanager
    def running(self):
        self._due = time.monotonic()
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            for thread in self._threads:
                thread.join()

    @property
    def n_answers(self):
        return sum(self.answers.values())

    def wait_for(self, condition, timeout_s=240):
        """Returns once it is met; the load goes on meanwhile, and must not have failed."""
        give_up = time.monotonic() + timeout_s
        while not condition():
            assert not self.failures, self.failures[:3]
            assert time.monotonic() < give_up, "the condition was not met in time"
            time.sleep(0.02)

    def _run(self):
        while (wait_s := self._next_wait()) is not None:
            if self._is_over.wait(wait_s):
                return
            self._ask()

    def _next_wait(self):
        if self._is_over.is_set():
            return None
        with self._lock:
            due = self._due
            self._due = max(due + self._interval, time.monotonic() - 1)
        return max(0.0, due - time.monotonic())

    def _ask(self):
        try:
            answer = self._client.invoke_endpoint(
                EndpointName=self._endpoint, ContentType="text/csv", Body=self._row
            )
            body = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            with self._lock:
                self.failures.append(repr(error))
            return
        with self._lock:
            self.answers[body] = self.answers.get(body, 0) + 1
