"""TLS files that are there or not, expired or about to, and keys that others may read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from unit.cli.openssl import needs_openssl

from windvane.cli.certificates import check_certificates
from windvane.cli.tls import make_certificate
from windvane.settings import Settings

DAYS = 90


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder, ["DNS:localhost"], DAYS)
    return folder


def settings(folder: Path, cert: str = "cert.pem") -> Settings:
    return Settings(folder, tls_cert=str(folder / cert), tls_key=str(folder / "key.pem"))


def test_nothing_is_checked_where_there_is_none(tmp_path: Path) -> None:
    assert list(check_certificates(Settings(tmp_path))) == []


@needs_openssl
@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, ""),
        (DAYS - 20, "windvane tls --renew"),
        (DAYS + 1, "Clients refuse it."),
        (-2, "Check the clock"),
    ],
)
def test_a_certificate_is_judged_by_its_dates(made: Path, days: int, words: str) -> None:
    [found] = check_certificates(settings(made), datetime.now(UTC) + timedelta(days=days))
    assert words in found.remedy
    assert bool(words) == bool(found.remedy)
    assert not found.prevents_start


@needs_openssl
def test_a_key_that_everybody_can_read_is_told(tmp_path: Path) -> None:
    make_certificate(tmp_path, ["DNS:localhost"], DAYS)
    (tmp_path / "key.pem").chmod(0o644)
    _, found = check_certificates(settings(tmp_path))
    assert "chmod 600" in found.remedy


def test_files_that_cannot_be_used_prevent_the_start(tmp_path: Path) -> None:
    [found] = check_certificates(settings(tmp_path))
    assert found.prevents_start
    assert "There is no file" in found.found
    (tmp_path / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\nhello\n")
    (tmp_path / "key.pem").write_text("hello")
    [found] = check_certificates(settings(tmp_path))
    assert found.prevents_start
    [found] = check_certificates(Settings(tmp_path, tls_cert="cert.pem"))
    assert "needs its key" in found.found
