"""An image of small layers is what `podman load` reads, runs as nobody special, and its SBOM has all that is in it."""

import hashlib
import json
import tarfile
from datetime import UTC, datetime

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts import image
from scripts.locks import read_lock

NOW = datetime(2026, 1, 2, tzinfo=UTC)
STATUS = """\
Package: libgomp1
Status: install ok installed
Version: 14.2.0-19

Package: gone
Status: deinstall ok config-files
Version: 1
"""


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "base.tar"
    with tarfile.open(path, "w") as layer:
        link = tarfile.TarInfo("./usr/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, "python3.13"
        layer.addfile(link)
        image._add_text(layer, "./etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
        image._add_text(layer, "./etc/group", "root:x:0:\n")
        image._add_text(layer, "./var/lib/dpkg/status", STATUS)
    return path


def package(site, name, version):
    told = site / f"{name}-{version}.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture
def site(tmp_path):
    package(tmp_path / "site", "windvane", "1.2.3")
    [jinja] = [entry for entry in read_lock(image.LOCK) if entry.name == "jinja2"]
    package(tmp_path / "site", jinja.name, jinja.version)
    return tmp_path / "site"


def test_the_same_files_make_the_same_layer(base, site, tmp_path):
    one, other = (image.write_layer(tmp_path / name, base, site, "3.13") for name in "ab")
    assert one.read_bytes() == other.read_bytes()
    with tarfile.open(one) as layer:
        members = {entry.name: entry for entry in layer}
        assert b"windvane:x:10001:10001:" in layer.extractfile("etc/passwd").read()
    owned = {name for name, entry in members.items() if entry.uid == image.USER}
    assert owned == {"var/lib/windvane"}
    assert members["var/lib/windvane"].mode == 0o700
    assert members["opt/windvane/bin/windvane"].mode == 0o755


def test_an_archive_names_its_layers_and_runs_as_a_user_who_is_not_root(base, site, tmp_path):
    layer = image.write_layer(tmp_path / "layer.tar", base, site, "3.13")
    image.write_archive(tmp_path / "image.tar", (base, layer), "1.2.3", NOW)
    with tarfile.open(tmp_path / "image.tar") as archive:
        [told] = json.load(archive.extractfile("manifest.json"))
        config = json.load(archive.extractfile(told["Config"]))
        sums = [
            hashlib.sha256(archive.extractfile(name).read()).hexdigest() for name in told["Layers"]
        ]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{one}" for one in sums]
    assert config["config"]["User"] == "10001:10001"
    assert config["config"]["Healthcheck"]["Test"] == ["CMD", "/opt/windvane/bin/healthy"]


def test_the_sbom_of_an_image_has_the_packages_of_both_layers(base, site):
    found = image.components(base, site, NOW)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(found)) is None
    assert [one["name"] for one in found["components"]] == ["jinja2", "libgomp1"]
    package(site, "stowaway", "1")
    with pytest.raises(ValueError, match="stowaway 1"):
        image.components(base, site, NOW)


def test_the_sbom_of_an_image_says_that_windvane_needs_the_exporter_of_traces(base, site):
    locked = {entry.name: entry for entry in read_lock(image.LOCK)}
    sdk = locked["opentelemetry-sdk"]
    package(site, sdk.name, sdk.version)
    found = image.components(base, site, NOW)
    graph = {each["ref"]: each["dependsOn"] for each in found["dependencies"]}
    root = found["metadata"]["component"]["bom-ref"]
    assert f"pkg:pypi/{sdk.name}@{sdk.version}" in graph[root]


def test_the_version_of_a_layers_python_is_that_of_its_link(base):
    assert image.python_of(base) == "3.13"


def test_what_is_never_imported_is_left_out(site):
    gone = [
        site / name
        for name in (
            "scipy/tests/tests/a.py",
            "pyarrow/include/a.h",
            "pyarrow/libarrow_flight.so.1",
        )
    ]
    kept = [
        site / name for name in ("pyarrow/libarrow.so.1", "scipy/a.py", "windvane/testing/a.py")
    ]
    for path in (*kept, *gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    image.remove_unused(site)
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)
    assert not (site / "scipy/tests").exists()


def test_the_documents_name_the_parts_that_the_image_leaves_out():
    told = (image.ROOT / "docs/install.md").read_text()
    names = [name for name in image.UNUSED if name.startswith("pyarrow/")]
    assert f"rm -r {' '.join(names)}" in told
    assert "find . -type d -name tests -prune" in told
