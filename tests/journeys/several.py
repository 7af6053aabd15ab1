"""Several servers on one PostgreSQL database and one S3 store of somebody else, and clients that a load balancer divides
among them."""

import itertools
import os
import random
import secrets
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError
from journeys.running import RunningServer
from s3.served import ServedStore

from windvane.cli.own_api import OwnApi
from windvane.errors import WindvaneError
from windvane.testing.throwaway_postgres import NoPostgres, throwaway_postgres

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=90, connect_timeout=30)


class Place:
    """What the servers share, and a folder for those of each."""

    def __init__(self, folder, postgres, store):
        self._postgres = postgres
        self.folder, self.store = folder, store
        self.database = self.new_database()
        self.ports = itertools.count()

    def new_database(self):
        """The URL of an empty database."""
        return self._postgres.url(self._postgres.new_database())

    def config(self, name, more=""):
        """The path of a configuration file, to which more is added."""
        config = self.folder / f"{name}.toml"
        config.write_text(
            f'[store]\nurl = "{self.database}"\n[s3]\nendpoint = "{self.store.endpoint}"\n'
            f'access_key = "{self.store.access_key}"\nsecret_key = "{self.store.secret_key}"\n'
            f'[exchange]\nkind = "store"\n[work]\nworkers = 1\n{more}'
        )
        return str(config)

    def server(self, name, more=""):
        """A server that runs; it has the same port whenever it is started again."""
        return RunningServer(
            *(self.folder / name, "--config", self.config(name, more)),
            *("--port", str(free_port())),
        )


@contextmanager
def shared_place(tmp_path_factory):
    """raises    pytest's skip where there is no PostgreSQL, but in CI"""
    with ExitStack() as stack:
        try:
            postgres = stack.enter_context(throwaway_postgres())
        except NoPostgres as absent:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(absent))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("WINDVANE_MASTER_KEY", secrets.token_hex(32))
        store = ServedStore(tmp_path_factory.mktemp("elsewhere"))
        stack.callback(store.stop)
        folder = tmp_path_factory.mktemp("servers")
        yield Place(folder, postgres, store.connection)


def free_port():
    """A port below those that the system gives to connections, so that a server that comes back finds it free again."""
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Balanced:
    """Asks servers in turn, as a load balancer does: one that cannot be reached, or breaks off, is passed over."""

    def __init__(self, servers, service, config=ONCE):
        self.clients = [server.client(service, config=config) for server in servers]
        self._turns = itertools.count()

    def ask(self, operation, **parameters):
        """The answer of one of them, and the number of the server that gave it."""
        number = next(self._turns) % len(self.clients)
        try:
            return getattr(self.clients[number], operation)(**parameters), number
        except (EndpointConnectionError, HTTPClientError):
            number = (number + 1) % len(self.clients)
            return getattr(self.clients[number], operation)(**parameters), number


class Follower:
    """Follows events at one server after the other: it goes on at the next one whenever a stream ends."""

    def __init__(self, servers):
        self._servers = servers
        self.seen = []
        self._is_over = threading.Event()

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._is_over.set()

    def _run(self):
        for server in itertools.cycle(self._servers):
            after = self.seen[-1] if self.seen else "0"
            with suppress(WindvaneError):
                api = OwnApi(server.folder, "us-east-1")
                for sequence, _ in api.follow(f"/windvane/events?after={after}&follow=true"):
                    self.seen.append(sequence)
            if self._is_over.wait(0.05):
                return

    def wait_for(self, sequence, timeout_s=240):
        give_up = time.monotonic() + timeout_s
        while sequence not in self.seen:
            assert time.monotonic() < give_up, self.seen[-3:]
            time.sleep(0.02)


def events_of(server):
    """The sequences of all events that there are."""
    api = OwnApi(server.folder, "us-east-1")
    return [sequence for sequence, _ in api.follow("/windvane/events?after=0&follow=false")]


class Traffic:
    """Requests one after the other in a thread until the block ends."""

    def __init__(self, ask):
        self._ask = ask
        self.answers, self.failures = [], []
        self._is_over = threading.Event()

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            thread.join()

    def _run(self):
        while not self._is_over.wait(0.02):
            try:
                self.answers.append(self._ask())
            except (ClientError, BotoCoreError) as error:
                self.failures.append(repr(error))

    def wait_for(self, n, timeout_s=240):
        """Returns after so many more answers."""
        until, give_up = len(self.answers) + n, time.monotonic() + timeout_s
        while len(self.answers) < until:
            assert time.monotonic() < give_up, self.failures[:3]
            time.sleep(0.02)
