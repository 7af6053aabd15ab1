"""`windvane check`: finds missing, damaged and left-over data in a data folder, and repairs what can be repaired.

Every byte of every object of the embedded store is read. Exit code 0: no problems found, or all were repaired. 1: there
are findings. 2: the folder cannot be checked.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from windvane.cli.folder import FolderInUse, locked
from windvane.errors import WindvaneError
from windvane.process.log_lines import one_line
from windvane.settings import DEFAULT_REGION, Settings
from windvane.settings_file import read_settings

if TYPE_CHECKING:
    from windvane.maintenance.check import Checked
    from windvane.maintenance.check_store import Exists, OpenKey
    from windvane.maintenance.findings import Finding
    from windvane.objects.store import EmbeddedObjects


class Unfit(WindvaneError):
    """The folder cannot be checked, or not in this way."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "check", help="find and repair problems in a data folder", description=__doc__
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument("--config", type=Path, help="the server's configuration file (TOML)")
    parser.add_argument(
        "--mend",
        action="store_true",
        help="repair what can be repaired without data loss; the server must be stopped",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Check a data folder and print what is wrong with it.

    raises    WindvaneError if it cannot be checked
    """
    from windvane.maintenance.check import check  # heavy: other commands are to start fast
    from windvane.maintenance.lost_and_found import LostAndFound

    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    _refuse_unfit(settings)
    lost = LostAndFound(settings.data_dir)
    with ExitStack() as stack:
        is_served = not _locks(stack, settings.data_dir)
        if is_served and arguments.mend:
            raise Unfit(f"A server uses {settings.data_dir}: stop it first.")
        what = stack.enter_context(_opened(settings, is_served=is_served))
        findings = list(check(what, lost))
        left = [finding for finding in findings if not (arguments.mend and _is_mended(finding))]
    _tell(findings, left, lost.folder if lost.folder.exists() else None)
    return 1 if any(finding.is_fault for finding in left) else 0


def _refuse_unfit(settings: Settings) -> None:
    from windvane.maintenance.old_folder import require_imported
    from windvane.store.open import FILE_NAME

    if not settings.data_dir.is_dir():
        raise Unfit(f"There is no folder {settings.data_dir}.")
    if not settings.store_url and not (settings.data_dir / FILE_NAME).is_file():
        raise Unfit(f"{settings.data_dir} has no {FILE_NAME}: no server has run on it yet.")
    if settings.s3 is None:
        require_imported(settings.data_dir)


def _locks(stack: ExitStack, data_dir: Path) -> bool:
    """Return whether no server runs, and none can start until the stack is left."""
    try:
        stack.enter_context(locked(data_dir))
    except FolderInUse:
        return False
    return True


@contextmanager
def _opened(settings: Settings, *, is_served: bool) -> Iterator[Checked]:
    from windvane.maintenance.check import Checked
    from windvane.objects.store import open_objects
    from windvane.store.open import open_store

    with ExitStack() as stack:
        store = stack.enter_context(closing(open_store(settings.store_url, settings.data_dir)))
        objects = None
        if settings.s3 is None:
            objects = stack.enter_context(closing(open_objects(settings.data_dir / "s3")))
        yield Checked(
            settings.data_dir,
            store,
            _key_readers(settings),
            _opens_keys(settings),
            objects,
            _exists(settings, objects),
            is_served,
        )


def _key_readers(settings: Settings) -> dict[str, Callable[[], object]]:
    """Return what reads each key file that is there: reading must not make any."""
    from windvane.api.key_file import load_or_create_keys
    from windvane.control.kms.master import FILE_NAME, VARIABLE, load_master_keys

    data_dir = settings.data_dir
    readers: dict[str, Callable[[], object]] = {
        "keys.json": lambda: load_or_create_keys(data_dir, settings.account),
        FILE_NAME: lambda: load_master_keys(data_dir, os.environ.get(VARIABLE, "")),
    }
    return {
        str(data_dir / name): read for name, read in readers.items() if (data_dir / name).exists()
    }


def _opens_keys(settings: Settings) -> OpenKey:
    """Return what opens keys, with the master keys of the environment and of the data folder; none is made."""
    from windvane.control.kms.master import FILE_NAME, VARIABLE, load_master_keys
    from windvane.control.kms.materials import Materials
    from windvane.domain.keys import Key

    def open_key(key: Key) -> None:
        variable = os.environ.get(VARIABLE, "")
        if not variable and not (settings.data_dir / FILE_NAME).exists():
            raise Unfit(f"{FILE_NAME} is missing, and {VARIABLE} is not set.")
        Materials(load_master_keys(settings.data_dir, variable)).check([key])

    return open_key


def _exists(settings: Settings, objects: EmbeddedObjects | None) -> Exists:
    """Asks the embedded store or the external one, and what [[buckets]] stand for."""
    from windvane.artifacts.base import Artifacts
    from windvane.artifacts.embedded import ObjectStoreArtifacts
    from windvane.artifacts.mapped import BucketMap, with_mapped
    from windvane.from_settings import bucket_sources, connection_of

    artifacts: Artifacts
    if objects is not None:
        artifacts = ObjectStoreArtifacts(objects, settings.account, DEFAULT_REGION)
    elif (connection := connection_of(settings)) is not None:
        artifacts = connection.open()
    else:
        raise Unfit("No embedded or external S3 store was found.")
    everything = with_mapped(artifacts, BucketMap(bucket_sources(settings)).sources)
    return lambda location: everything.info(location) is not None


def _is_mended(finding: Finding) -> bool:
    if finding.mend is None:
        return False
    finding.mend()
    return True


def _tell(findings: list[Finding], left: list[Finding], lost: Path | None) -> None:
    for finding in findings:
        detail = f": {finding.detail}" if finding.detail else ""
        state = "" if finding in left else " (repaired)"
        print(one_line(f"{finding.kind.code}  {finding.where}{detail}{state}"))
    if findings:
        print()
    for kind in dict.fromkeys(finding.kind for finding in findings):
        print(f"{kind.code}: {kind.meaning}")
    mendable = sum(finding.mend is not None for finding in left)
    print(
        f"{len(findings)} findings, {len(findings) - len(left)} repaired, {mendable} more that --mend can repair."
    )
    if lost is not None:
        print(f"Removed data were moved to {lost}.")
