"""Make and check what a release consists of: `make release`, or `.venv/bin/python -m scripts.release FOLDER [--base LAYER]`.

The folder gets the wheel, the source archive, the SBOM, the container image and the chart, and SHA256SUMS of them all. What
cannot be made on this machine is named at the end. Fails if something that was made is wrong.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from scripts.sbom import ROOT
from windvane import __version__

CHART_PYTHON = ROOT / ".venv" / "chart" / "bin" / "python"
SUMS = "SHA256SUMS"


def main() -> int:
    folder, *of_image = Path(sys.argv[1]), *sys.argv[2:]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _run("build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    wheel, source = (
        folder / f"windvane-{__version__}-py3-none-any.whl",
        folder / f"windvane-{__version__}.tar.gz",
    )
    _run("scripts.sbom", str(folder / f"windvane-{__version__}.sbom.json"))
    skipped = [*_image(wheel, folder, of_image), *_chart(folder)]
    faults = [*faults_of_archives(wheel, source), *faults_of_sboms(folder)]
    write_sums(folder)
    print(*(f"made     {path.name}" for path in sorted(folder.iterdir())), sep="\n")
    print(*(f"skipped  {one}" for one in [*skipped, *missing_from_changelog()]), sep="\n")
    print(*(f"WRONG    {one}" for one in faults), sep="\n")
    return 1 if faults else 0


def _image(wheel: Path, folder: Path, words: list[str]) -> list[str]:
    if shutil.which("mmdebstrap") is None:
        return ["container image: mmdebstrap is not installed"]
    _run("scripts.image", str(wheel), str(folder), *words)
    return []


def _chart(folder: Path) -> list[str]:
    if not CHART_PYTHON.exists():
        return ["chart: Helm is not installed (make .venv/.chart)"]
    chart = [CHART_PYTHON, ROOT / "scripts" / "chart.py"]
    subprocess.run([*chart, "check"], input="{}", text=True, check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*chart, "pack", folder], check=True, stdout=subprocess.DEVNULL)
    return []


def faults_of_archives(wheel: Path, source: Path) -> list[str]:
    """Return what is wrong with a wheel and a source archive: both have the same modules, licences and documentation."""
    with zipfile.ZipFile(wheel) as opened:
        damaged, in_wheel = opened.testzip(), set(opened.namelist())
    with tarfile.open(source) as opened_source:
        in_source = {one.name.partition("/")[2] for one in opened_source if one.isfile()}
    told = {name for name in in_wheel if name.startswith("windvane/")}
    faults = [f"{wheel.name}: {damaged} is damaged"] if damaged else []
    faults += [f"{source.name}: lacks {name}" for name in sorted(told - in_source)]
    inside = f"windvane-{__version__}.dist-info"
    wanted = {
        "windvane/documentation/pages/index.html",
        f"{inside}/licenses/LICENSE",
        f"{inside}/licenses/NOTICE",
    }
    return faults + [f"{wheel.name}: lacks {name}" for name in sorted(wanted - in_wheel)]


def faults_of_sboms(folder: Path) -> list[str]:
    """Return what the schema of CycloneDX finds wrong with the SBOMs of a folder."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    validator = JsonStrictValidator(SchemaVersion.V1_6)
    return [
        f"{path.name}: {fault}"
        for path in sorted(folder.glob("*.sbom.json"))
        if (fault := validator.validate_str(json.dumps(json.loads(path.read_text())))) is not None
    ]


def missing_from_changelog() -> list[str]:
    """Return whether the changelog does not say yet what this version changes, and when it came."""
    headings = re.findall(r"^## \[(.*)\] - ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    if __version__ in headings:
        return []
    return [f"CHANGELOG.md: has no section [{__version__}] with a date; this is a draft"]


def write_sums(folder: Path) -> None:
    """Write the sums of all files of a folder, as `sha256sum --check` reads them."""
    lines = []
    for path in sorted(folder.iterdir()):
        with path.open("rb") as opened:
            lines.append(f"{hashlib.file_digest(opened, 'sha256').hexdigest()}  {path.name}\n")
    (folder / SUMS).write_text("".join(lines))


def _run(module: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", module, *words], check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
