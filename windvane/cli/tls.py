"""`windvane tls`: creates a certificate for the server, signed by a certificate authority (CA) created for it alone.

The `openssl` command does the work. The authority's key is thrown away: nobody can sign another certificate
with it, and a new one means a new authority.
"""

from __future__ import annotations

import argparse
import ipaddress
import re
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from windvane.cli.folder import make_folder
from windvane.errors import InvalidRequest

_DAYS = 730
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}", re.ASCII)
_FILES = ("ca.pem", "key.pem", "cert.pem")
_CONFIGURATION = """\
[req]
distinguished_name = subject
prompt = no
[subject]
CN = {subject}
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "tls", help="create a certificate for `serve --tls-cert`", description=__doc__
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help=(
            "an additional name or address of the server (localhost and 127.0.0.1 are "
            "included); may be repeated"
        ),
    )
    parser.add_argument(
        "--sts-region",
        action="append",
        default=[],
        metavar="REGION",
        help=(
            "make it valid for sts.REGION.amazonaws.com too, which the SageMaker SDK calls; may "
            "be repeated"
        ),
    )
    parser.add_argument(
        "--days", type=int, default=_DAYS, help=f"validity in days (default {_DAYS})"
    )
    parser.add_argument("--renew", action="store_true", help="replace existing files")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    data_dir = arguments.data_dir.absolute()
    folder = data_dir / "tls"
    names = _alternative_names(arguments.host, arguments.sts_region)
    if not 1 <= arguments.days <= 3650:
        raise InvalidRequest(f"--days is {arguments.days}; it must be from 1 to 3650.")
    if not arguments.renew and any((folder / name).exists() for name in _FILES):
        raise InvalidRequest(
            f"{folder} already contains a certificate. Add --renew to replace it; clients then "
            "need its new ca.pem, and the server must be restarted."
        )
    make_folder(data_dir)
    make_folder(folder)
    make_certificate(folder, names, arguments.days)
    print(f"Created {folder / 'cert.pem'}, valid for {arguments.days} days and for:")
    print(f"  {', '.join(name.partition(':')[2] for name in names)}")
    print(
        f"Start the server:\n  windvane serve --data-dir {data_dir} "
        f"--tls-cert {folder / 'cert.pem'} --tls-key {folder / 'key.pem'}"
    )
    print(f"`windvane env` then exports AWS_CA_BUNDLE={folder / 'ca.pem'}.")
    return 0


def make_certificate(folder: Path, names: list[str], days: int) -> None:
    """ca.pem, key.pem and cert.pem in `folder`, readable by their owner alone.

    names     as OpenSSL's subjectAltName has them: DNS:name or IP:address
    raises    InvalidRequest if there is no openssl, or if it fails
    """
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as name:
        work = Path(name)
        for kind, subject in (
            ("ca", f"Windvane authority {secrets.token_hex(4)}"),
            ("key", "windvane"),
        ):
            configuration = _CONFIGURATION.format(subject=subject, names=", ".join(names))
            (work / f"{kind}.cnf").write_text(configuration)
            _openssl(
                work,
                *("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
                *("-out", f"{kind}.key"),
            )
        for_days = ("-sha256", "-days", str(days))
        _openssl(
            work,
            *("req", "-x509", "-new", "-key", "ca.key", "-config", "ca.cnf"),
            *("-extensions", "authority", "-out", "ca.pem", *for_days),
        )
        _openssl(
            work, *("req", "-new", "-key", "key.key", "-config", "key.cnf", "-out", "request.pem")
        )
        _openssl(
            work,
            *("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-set_serial", f"0x{secrets.randbits(127):x}"),
            *("-extfile", "key.cnf", "-extensions", "server", "-out", "cert.pem", *for_days),
        )
        (work / "key.key").rename(work / "key.pem")
        for file in _FILES:
            (work / file).chmod(0o600)
            (work / file).replace(folder / file)


def _alternative_names(hosts: list[str], regions: list[str]) -> list[str]:
    """Return the subject alternative names of a certificate, as OpenSSL writes them.

    raises    InvalidRequest for what is neither a name nor an address, or no region
    """
    found = ["DNS:localhost", "IP:127.0.0.1"]
    for region in regions:
        if not _REGION.fullmatch(region):
            raise InvalidRequest(
                f"--sts-region is '{region}'; it must be the name of a region, such as us-east-1."
            )
        found.append(f"DNS:sts.{region}.amazonaws.com")
    for host in hosts:
        try:
            found.append(f"IP:{ipaddress.ip_address(host)}")
        except ValueError as error:
            if not _NAME.fullmatch(host.lower()):
                raise InvalidRequest(
                    f"--host is '{host}'; it must be the name or the address of a machine."
                ) from error
            found.append(f"DNS:{host.lower()}")
    return list(dict.fromkeys(found))


def _openssl(folder: Path, *arguments: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        raise InvalidRequest(
            "The command `openssl` is not installed. Install it (package openssl), or use your "
            "own certificate with `windvane serve --tls-cert FILE --tls-key FILE`."
        )
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InvalidRequest(f"`openssl {arguments[0]}` failed: {done.stderr.strip()}")
