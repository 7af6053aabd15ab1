"""A certificate that clients accept for the names it was made for, and for no other."""

import socket
import ssl
import stat
import threading

import pytest
from unit.cli.openssl import needs_openssl

from windvane.cli import tls
from windvane.cli.main import main

pytestmark = needs_openssl


def make(folder, *options):
    return main(["tls", "--data-dir", str(folder), *options])


def greet(folder, name):
    """Connects a client that trusts ca.pem alone to a server that shows cert.pem."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls" / "cert.pem", folder / "tls" / "key.pem")
    client = ssl.create_default_context(cafile=folder / "tls" / "ca.pem")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def serve():
        try:
            context.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours, client.wrap_socket(ours, server_hostname=name) as connected:
            return connected.version()
    finally:
        thread.join()


def test_the_certificate_is_good_for_its_names(tmp_path, capsys):
    options = ["--host", "Windvane.Example.org", "--host", "10.1.2.3", "--sts-region", "us-east-1"]
    assert make(tmp_path / "data", *options) == 0
    names = (
        *("localhost", "127.0.0.1", "windvane.example.org", "10.1.2.3"),
        "sts.us-east-1.amazonaws.com",
    )
    for name in names:
        assert greet(tmp_path / "data", name) in ("TLSv1.2", "TLSv1.3")
    for other in ("example.org", "sts.eu-west-1.amazonaws.com", "127.0.0.2"):
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(tmp_path / "data", other)
    assert f"--tls-key {tmp_path / 'data' / 'tls' / 'key.pem'}" in capsys.readouterr().out


def test_the_files_are_their_owners_alone_and_the_authoritys_key_is_not_kept(tmp_path):
    make(tmp_path)
    files = {file.name: file for file in (tmp_path / "tls").iterdir()}
    assert sorted(files) == ["ca.pem", "cert.pem", "key.pem"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files.values()} == {0o600}
    holders = [name for name, file in files.items() if "PRIVATE KEY" in file.read_text()]
    assert holders == ["key.pem"]


def test_files_that_are_there_are_replaced_only_when_told(tmp_path, capsys):
    make(tmp_path)
    before = (tmp_path / "tls" / "cert.pem").read_text()
    assert make(tmp_path) == 2
    assert "--renew" in capsys.readouterr().err
    assert (tmp_path / "tls" / "cert.pem").read_text() == before
    assert make(tmp_path, "--renew") == 0
    assert (tmp_path / "tls" / "cert.pem").read_text() != before
    assert greet(tmp_path, "localhost")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--host", "two words"], "'two words'"),
        (["--host", "a\nIP:10.0.0.1"], "the name or the address"),
        (["--host", "a, DNS:evil.example"], "the name or the address"),
        (["--host", "-x.org"], "'-x.org'"),
        (["--sts-region", "moon"], "--sts-region is 'moon'"),
        (["--days", "0"], "--days is 0"),
    ],
)
def test_a_bad_argument_is_one_message_and_leaves_nothing(tmp_path, capsys, options, told):
    arguments = ["tls", "--data-dir", str(tmp_path / "data")]
    assert main([*arguments, f"{options[0]}={options[1]}"]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_without_openssl_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tls.shutil, "which", lambda _: None)
    assert make(tmp_path) == 2
    assert "Install it (package openssl)" in capsys.readouterr().err
    assert list((tmp_path / "tls").iterdir()) == []
