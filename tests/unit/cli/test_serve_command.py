"""What stops `windvane serve` before it starts."""

import subprocess
import sys

import pytest
from unit.cli.openssl import needs_openssl

from windvane.cli.main import main
from windvane.cli.serve import check_host
from windvane.cli.tls import make_certificate
from windvane.settings import Settings

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("one", "two"):
        (folder / name).mkdir()
        make_certificate(folder / name, ["DNS:localhost"], 1)
    locked = ["openssl", "pkey", "-in", "one/key.pem", "-aes256", "-passout", "pass:secret"]
    subprocess.run([*locked, "-out", "locked.pem"], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--tls-cert", "one/cert.pem"], "needs its key"),
        (["--tls-key", "one/key.pem"], "needs its key"),
        (["--tls-cert", "none.pem", "--tls-key", "one/key.pem"], "There is no file"),
        (["--tls-cert", "one/cert.pem", "--tls-key", "two/key.pem"], "belong together"),
        (["--tls-cert", "one/key.pem", "--tls-key", "one/key.pem"], "must be PEM files"),
        (["--tls-cert", "one/cert.pem", "--tls-key", "locked.pem"], "no password"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_one_message(
    certificates, tmp_path, monkeypatch, capsys, options, told
):
    monkeypatch.chdir(certificates)
    assert main(["serve", "--data-dir", str(tmp_path / "data"), *options]) == 2
    message = capsys.readouterr().err
    assert told in message
    assert message.count("\n") == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_an_address_that_others_reach_needs_tls(tmp_path, capsys, host):
    assert main(["serve", "--data-dir", str(tmp_path / "data"), "--host", host]) == 2
    message = capsys.readouterr().err
    assert f"Cannot listen on {host} without TLS" in message
    assert "--insecure" in message
    assert message.count("\n") == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("settings", "insecure"),
    [
        ({"host": "127.0.0.1"}, False),
        ({"host": "127.8.9.10"}, False),
        ({"host": "localhost"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "0.0.0.0", "tls_cert": "cert.pem", "tls_key": "key.pem"}, False),
    ],
)
def test_an_address_that_may_be_listened_on(tmp_path, settings, insecure):
    check_host(Settings(tmp_path, **settings), insecure=insecure)


def test_a_server_may_have_as_many_descriptors_as_it_is_allowed():
    asked = (
        "import resource; from windvane.cli.serve import allow_descriptors; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512)); allow_descriptors(); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout == "(512, 512)\n"
