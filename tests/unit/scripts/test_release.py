"""What is wrong with the files of a release is found."""

import subprocess
import tarfile
import zipfile

import pytest

from scripts import release
from windvane import __version__

INSIDE = f"windvane-{__version__}.dist-info/licenses"
WHEEL = (
    "windvane/app.py",
    "windvane/documentation/pages/index.html",
    f"{INSIDE}/LICENSE",
    f"{INSIDE}/NOTICE",
)


@pytest.fixture
def archives(tmp_path):
    def make(in_wheel, in_source):
        wheel, source = tmp_path / "w.whl", tmp_path / "s.tar.gz"
        with zipfile.ZipFile(wheel, "w") as opened:
            for name in in_wheel:
                opened.writestr(name, name)
        with tarfile.open(source, "w:gz") as opened:
            for name in in_source:
                opened.addfile(tarfile.TarInfo(f"windvane-{__version__}/{name}"))
        return wheel, source

    return make


def test_whole_archives_have_no_faults(archives):
    assert release.faults_of_archives(*archives(WHEEL, WHEEL[:2])) == []


@pytest.mark.parametrize("lost", WHEEL[1:])
def test_a_wheel_without_documentation_or_licence_is_wrong(archives, lost):
    left = [name for name in WHEEL if name != lost]
    assert release.faults_of_archives(*archives(left, WHEEL)) == [f"w.whl: lacks {lost}"]


def test_a_source_archive_without_a_module_is_wrong(archives):
    faults = release.faults_of_archives(*archives(WHEEL, WHEEL[1:2]))
    assert faults == ["s.tar.gz: lacks windvane/app.py"]


def test_an_sbom_of_another_form_is_wrong(tmp_path):
    (tmp_path / "a.sbom.json").write_text('{"bomFormat": "other"}')
    [fault] = release.faults_of_sboms(tmp_path)
    assert fault.startswith("a.sbom.json: ")


def test_sums_are_such_as_sha256sum_checks(tmp_path):
    (tmp_path / "one").write_text("1")
    release.write_sums(tmp_path)
    command = ["sha256sum", "--check", "--strict", release.SUMS]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "one").write_text("2")
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode == 1
