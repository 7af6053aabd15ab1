"""What servers on several hosts share: a database and an S3 store, each reached by TCP alone and stopped by itself."""

import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from chaos.hosts import Network, NoNetworks
from conformance import session
from journeys.running import RunningServer

from windvane.cli.tls import make_certificate
from windvane.testing.throwaway_postgres import NoPostgres, throwaway_postgres

PORT = 8443
_STORE = Path(__file__).with_name("serve_store.py")


class HostedServer(RunningServer):
    """`windvane serve` on a host, with TLS."""

    def __init__(self, host, config):
        self.host = host
        data, tls = host.folder / "data", host.folder / "tls"
        tls.mkdir()
        make_certificate(tls, [f"IP:{host.address}", "IP:127.0.0.1"], 1)
        super().__init__(
            data, "--config", str(config), "--host", host.address, "--port", str(PORT),
            "--tls-cert", str(tls / "cert.pem"), "--tls-key", str(tls / "key.pem"),
        )  # fmt: skip

    def command(self):
        return self.host.command(*session.serving())

    def client(self, service, **options):
        return super().client(service, verify=self.env["AWS_CA_BUNDLE"], **options)


class StoreHost:
    """An S3 store in a process of its own."""

    def __init__(self, host):
        words = [sys.executable, str(_STORE), str(host.folder / "objects"), host.address]
        path = os.pathsep.join(sys.path)
        self._process = subprocess.Popen(
            host.command("env", f"PYTHONPATH={path}", *words), stdout=subprocess.PIPE, text=True
        )
        self.endpoint, self.access_key, self.secret_key = self._process.stdout.readline().split()

    @contextmanager
    def stalled(self):
        """Within the block it answers nobody, and refuses nobody."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self):
        self._process.terminate()
        self._process.wait(30)
        self._process.stdout.close()


class Place:
    """Hosts, and what their servers share.

    folder    of configuration files
    """

    def __init__(self, network, postgres, store, folder):
        self.network, self.postgres, self.store = network, postgres, store
        self.folder = folder
        self.url = postgres.url(postgres.new_database())

    def server(self, name, more=""):
        """A server on a host of its own, of one worker that trains."""
        return HostedServer(self.network.host(name), self.config(name, more))

    def config(self, name, more=""):
        """The path of a configuration file, to which more is added."""
        config = self.folder / f"{name}.toml"
        config.write_text(
            f'[store]\nurl = "{self.url}"\n[s3]\nendpoint = "{self.store.endpoint}"\n'
            f'access_key = "{self.store.access_key}"\nsecret_key = "{self.store.secret_key}"\n'
            f'[exchange]\nkind = "store"\n[work]\nworkers = 1\n{more}'
        )
        return config


@contextmanager
def place_of_hosts(tmp_path_factory, folder=None):
    """The hosts, and what they share.

    folder    of the hosts
    raises    pytest's skip where there can be none, but in CI
    """
    with ExitStack() as stack:
        network = Network(folder or tmp_path_factory.mktemp("hosts"))
        try:
            stack.enter_context(network.up())
            postgres = stack.enter_context(throwaway_postgres(network.address, network.range))
        except (NoNetworks, NoPostgres) as absent:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(absent))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("WINDVANE_MASTER_KEY", secrets.token_hex(32))
        store = StoreHost(network.host("store"))
        stack.callback(store.stop)
        yield Place(network, postgres, store, tmp_path_factory.mktemp("configurations"))


def wait_until(condition, timeout_s):
    """How long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s
        time.sleep(0.05)
    return time.monotonic() - began
