"""Build a container image without Docker: `.venv/bin/python -m scripts.image WHEEL FOLDER`.

The image has two layers: Debian's packages, put together by mmdebstrap (which needs no root where users may have
namespaces), and Windvane with the packages of requirements/image.txt, each of them of a wheel whose SHA-256 stands there.
FOLDER gets the image, an archive for `podman load` or `docker load`, and its SBOM. Modules are compiled here, as nothing is
written to the image's files while it runs; that needs the Python of that Debian release on this machine.

source    archive and configuration: https://github.com/moby/docker-image-spec (v1.3.1)
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name, parse_wheel_filename

from scripts.locks import read_lock
from scripts.sbom import ROOT, document

RELEASE = "trixie"
LOCK, EXTRAS = ROOT / "requirements" / "image.txt", ("postgres", "otel")
PACKAGES = ("ca-certificates", "libgomp1", "python3", "tzdata")
HOME, DATA, USER = "opt/windvane", "var/lib/windvane", 10001
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
UNUSED = ("**/tests", "pyarrow/include", "pyarrow/*flight*", "pyarrow/*_s3*")
"""Parts of packages that Windvane never imports: their tests, headers, and PyArrow's clients of Flight and S3."""

HEALTH_CHECK = ROOT / "packaging" / "container" / "healthcheck.py"
_NS = 10**9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--base", type=Path, help="layer of Debian's packages made before")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        work = Path(name)
        base = asked.base or make_base(work / "base.tar")
        python = python_of(base)
        site = work / "site"
        install(asked.wheel, python, site)
        layer = write_layer(work / "windvane.tar", base, site, python)
        version = str(parse_wheel_filename(asked.wheel.name)[1])
        target = asked.folder / f"windvane-{version}-{ARCHITECTURES[platform.machine()]}.tar"
        now = datetime.now(UTC)
        write_archive(target, (base, layer), version, now)
        parts = json.dumps(components(base, site, now), indent=1)
        target.with_suffix(".sbom.json").write_text(parts + "\n")
    print(target)
    return 0


def make_base(target: Path) -> Path:
    """Make the layer of Debian's packages."""
    if shutil.which("mmdebstrap") is None:
        sys.exit("mmdebstrap is not installed: apt-get install mmdebstrap uidmap.")
    included = f"--include={','.join(PACKAGES)}"
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", included, RELEASE, target], check=True
    )
    return target


def python_of(base: Path) -> str:
    """Return the version of a layer's Python, as in `3.13`."""
    with tarfile.open(base) as layer:
        [link] = [one for one in layer if one.name.lstrip("./") == "usr/bin/python3"]
    return link.linkname.removeprefix("python")


def install(wheel: Path, python: str, site: Path) -> None:
    """Put Windvane, of its wheel, and its locked packages into a folder, and compile them."""
    compiler = Path(f"/usr/bin/python{python}")
    if not compiler.exists():
        sys.exit(f"{compiler}, which the image has, is needed here to compile its modules.")
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--target", site]
    uv += ["--python-version", python, "--python-platform", f"{platform.machine()}-manylinux_2_40"]
    locked = ["--only-binary", ":all:", "--require-hashes", "-r", LOCK]
    subprocess.run([*uv, *locked], check=True)
    subprocess.run([*uv, "--no-deps", "--no-index", wheel], check=True)
    shutil.rmtree(
        site / "bin", ignore_errors=True
    )  # programs of packages, for the Python of this machine
    remove_unused(site)
    inside = f"/{HOME}/lib/python{python}/site-packages"
    compiled = ["-m", "compileall", "-q", "-j0", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([compiler, *compiled, "-s", site, "-p", inside, site], check=True)


def remove_unused(site: Path) -> None:
    """Remove what only takes room."""
    for path in {path for pattern in UNUSED for path in site.glob(pattern)}:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():  # not within a folder that went
            path.unlink()


def write_layer(target: Path, base: Path, site: Path, python: str) -> Path:
    """Write the layer that has Windvane, its user and its data folder. The same files make the same layer."""
    library = f"{HOME}/lib/python{python}/site-packages"
    script = (
        f"#!/{HOME}/bin/python\nimport sys\nfrom windvane.cli.main import main\nsys.exit(main())\n"
    )
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as layer:
        for name, line in (
            ("etc/passwd", f"windvane:x:{USER}:{USER}:Windvane:/{DATA}:/usr/sbin/nologin\n"),
            ("etc/group", f"windvane:x:{USER}:\n"),
        ):
            _add_text(layer, name, read(base, name) + line)
        for folder in (HOME, f"{HOME}/bin", f"{HOME}/lib", f"{HOME}/lib/python{python}", library):
            _add_folder(layer, folder)
        _add_text(layer, f"{HOME}/pyvenv.cfg", f"home = /usr/bin\nversion = {python}\n")
        link = tarfile.TarInfo(f"{HOME}/bin/python")
        link.type, link.linkname = tarfile.SYMTYPE, f"/usr/bin/python{python}"
        layer.addfile(link)
        _add_text(layer, f"{HOME}/bin/windvane", script, mode=0o755)
        _add_text(layer, f"{HOME}/bin/healthy", HEALTH_CHECK.read_text(), mode=0o755)
        for path in sorted(site.rglob("*")):
            layer.add(path, f"{library}/{path.relative_to(site)}", recursive=False, filter=_plain)
        _add_folder(layer, DATA, mode=0o700, owner=USER)
    return target


def write_archive(target: Path, layers: tuple[Path, ...], version: str, now: datetime) -> None:
    """Write layers and configuration as one archive."""
    digests = [_sha256(path) for path in layers]
    config = json.dumps(configuration(version, digests, now)).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    names = [f"{digest}.tar" for digest in digests]
    told = [{"Config": name, "RepoTags": [f"localhost/windvane:{version}"], "Layers": names}]
    with tarfile.open(target, "w") as archive:
        _add_text(archive, "manifest.json", json.dumps(told))
        _add_text(archive, name, config.decode())
        for path, within in zip(layers, names, strict=True):
            archive.add(path, within, filter=_plain)


def configuration(version: str, digests: list[str], now: datetime) -> dict[str, Any]:
    """Return how a container of the image is run."""
    written = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "architecture": ARCHITECTURES[platform.machine()],
        "os": "linux",
        "created": written,
        "config": {
            "User": f"{USER}:{USER}",
            "Env": [f"PATH=/{HOME}/bin:/usr/bin:/bin", "LANG=C.UTF-8"],
            "Entrypoint": ["windvane"],
            "Cmd": ["serve", "--data-dir", f"/{DATA}"],
            "WorkingDir": f"/{DATA}",
            "Volumes": {f"/{DATA}": {}},
            "ExposedPorts": {"8470/tcp": {}},
            "StopSignal": "SIGTERM",
            "Healthcheck": {
                "Test": ["CMD", f"/{HOME}/bin/healthy"],
                "Interval": 30 * _NS,
                "Timeout": 5 * _NS,
                "StartPeriod": 60 * _NS,
                "Retries": 3,
            },
            "Labels": {
                "org.opencontainers.image.title": "windvane",
                "org.opencontainers.image.version": version,
                "org.opencontainers.image.licenses": "Apache-2.0",
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [
            {"created": written, "created_by": f"mmdebstrap {RELEASE}"},
            {"created": written, "created_by": "scripts/image.py"},
        ],
    }


def components(base: Path, site: Path, now: datetime) -> dict[str, Any]:
    """Return the CycloneDX document of an image: Debian's packages and Python's.

    raises    ValueError if a package is in the image, and not as it is locked
    """
    locked = {entry.name: entry for entry in read_lock(LOCK)}
    there = {_name(one): one for one in distributions(path=[str(site)])}
    del there["windvane"]
    others = [
        f"{name} {one.version}"
        for name, one in there.items()
        if name not in locked or locked[name].version != one.version
    ]
    if others:
        raise ValueError(f"in the image, and not so in {LOCK.name}: {', '.join(others)}")
    found = document([locked[name] for name in sorted(there)], there, EXTRAS, now)
    architecture = ARCHITECTURES[platform.machine()]
    for name, version in debian_packages(read(base, "var/lib/dpkg/status")):
        purl = f"pkg:deb/debian/{name}@{version}?arch={architecture}&distro={RELEASE}".replace(
            "+", "%2B"
        )
        found["components"].append(
            {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        )
    return found


def debian_packages(status: str) -> Iterator[tuple[str, str]]:
    """Yield name and version of each installed package of a dpkg status file (deb-control(5))."""
    for entry in status.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", entry, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            yield fields["Package"], fields["Version"]


def read(layer: Path, name: str) -> str:
    """Return the text of a file of a layer."""
    with tarfile.open(layer) as opened:
        [member] = [one for one in opened if one.name.lstrip("./") == name]
        content = opened.extractfile(member)
        assert content is not None
        return content.read().decode()


def _name(package: Distribution) -> str:
    return canonicalize_name(package.metadata["Name"])


def _add_text(archive: tarfile.TarFile, name: str, text: str, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    content = text.encode()
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _add_folder(archive: tarfile.TarFile, name: str, mode: int = 0o755, owner: int = 0) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
    archive.addfile(entry)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Root's, and of no time or mode that this machine has chosen."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
