"""What `windvane doctor` checks of TLS files: that they are there, belong together, and are valid now and in 30 days."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from windvane.cli.checkup import Check
from windvane.cli.serve import check_tls
from windvane.settings import BadSettings, Settings

_SOON = timedelta(days=30)


def check_certificates(settings: Settings, now: datetime | None = None) -> Iterator[Check]:
    """Yield a check of each certificate that the configuration names; nothing if it names none."""
    now = now or datetime.now(UTC)
    if settings.tls_cert or settings.tls_key:
        try:
            check_tls(settings)
        except BadSettings as error:
            remedy = "Correct [server] tls_cert and tls_key."
            yield Check("certificate", str(error), remedy, prevents_start=True)
            return
        renewal = (
            "Renew it: `windvane tls --renew` if that made it. The server reads it when it starts."
        )
        yield _validity("certificate", Path(settings.tls_cert), renewal, now)
        yield from _secrecy(Path(settings.tls_key))
    if settings.executor.is_ray and settings.executor.tls_cert:
        renewal = "Renew it, on every machine of the cluster whose certificate ends then."
        yield _validity("certificate of Ray", Path(settings.executor.tls_cert), renewal, now)


def _validity(name: str, file: Path, renewal: str, now: datetime) -> Check:
    """Check the dates of the first certificate of a file, which is the one that is shown."""
    try:
        shown = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except (OSError, ValueError) as error:
        return Check(name, f"{file} cannot be read: {error}", "It must be a certificate in PEM.")
    begin, end = shown.not_valid_before_utc, shown.not_valid_after_utc
    if now < begin:
        remedy = "Clients refuse it until then. Check the clock of this machine."
        return Check(name, f"{file} is valid from {begin:%Y-%m-%d %H:%M} UTC on only", remedy)
    if now > end:
        return Check(name, f"{file} expired on {end:%Y-%m-%d}", f"Clients refuse it. {renewal}")
    found = f"{file} is valid until {end:%Y-%m-%d}"
    return Check(name, found, renewal if end - now < _SOON else "")


def _secrecy(key: Path) -> Iterator[Check]:
    if key.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        yield Check(
            "key of the certificate",
            f"every user of this machine can read or replace {key}",
            f"Make it private: chmod 600 {key}. If others may have read it, create a new key, too.",
        )
