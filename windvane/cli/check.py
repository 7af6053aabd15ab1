"""`windvane check`: looks for what is missing, damaged or left over in a data folder, and mends what can be mended.

Exit code 0: nothing was found, or all of it was mended. 1: there are findings. 2: it could not be checked.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from windvane.cli.folder import FolderInUse, locked
from windvane.errors import WindvaneError
from windvane.settings import Settings, read_settings

if TYPE_CHECKING:
    from windvane.maintenance.check import Checked
    from windvane.maintenance.findings import Finding


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "check",
        help="find and mend what is wrong in a data folder",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data-dir", type=Path, required=True, help="the server's data folder")
    parser.add_argument("--config", type=Path, help="the server's configuration file (TOML)")
    parser.add_argument(
        "--mend",
        action="store_true",
        help="mend what can be mended without losing anything; the server must be stopped",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """raises    WindvaneError if it cannot be checked"""
    from windvane.maintenance.check import check
    from windvane.maintenance.lost import LostAndFound

    settings = read_settings(arguments.data_dir.absolute(), arguments.config)
    if not settings.data_dir.is_dir():
        raise _Unfit(f"There is no folder {settings.data_dir}.")
    lost = LostAndFound(settings.data_dir)
    with ExitStack() as stack:
        is_served = False
        try:
            stack.enter_context(locked(settings.data_dir))
        except FolderInUse as error:
            if arguments.mend:
                raise _Unfit("A server uses this folder: stop it, then mend.") from error
            is_served = True
        what = stack.enter_context(_opened(settings, is_served))
        findings = list(check(what, lost))
        left = [finding for finding in findings if not (arguments.mend and _is_mended(finding))]
    _tell(findings, left, lost.folder if lost.folder.exists() else None)
    return 1 if any(finding.is_fault for finding in left) else 0


@contextmanager
def _opened(settings: Settings, is_served: bool) -> Iterator[Checked]:
    from windvane.api.keyring import load_or_create_keys
    from windvane.control.kms.master import FILE_NAME as KEYRING
    from windvane.control.kms.master import VARIABLE, load_master_keys
    from windvane.maintenance.check import Checked
    from windvane.store.open import FILE_NAME, open_store

    data_dir = settings.data_dir
    if not settings.store_url and not (data_dir / FILE_NAME).is_file():
        raise _Unfit(f"{data_dir} has no {FILE_NAME}: no server has run on it yet.")
    readers: dict[str, Callable[[], object]] = {}
    if (data_dir / "keys.json").exists():
        readers["keys.json"] = lambda: load_or_create_keys(data_dir, settings.account)
    if (data_dir / KEYRING).exists():
        readers[KEYRING] = lambda: load_master_keys(data_dir, os.environ.get(VARIABLE, ""))
    store = open_store(settings.store_url, data_dir)
    try:
        yield Checked(data_dir, store, readers, None, None, is_served)
    finally:
        store.close()


def _is_mended(finding: Finding) -> bool:
    if finding.mend is None:
        return False
    finding.mend()
    return True


def _tell(findings: list[Finding], left: list[Finding], lost: Path | None) -> None:
    for finding in findings:
        detail = f": {finding.detail}" if finding.detail else ""
        state = "" if finding in left else " [mended]"
        print(f"{finding.kind.code}  {finding.where}{detail}{state}")
    for kind in dict.fromkeys(finding.kind for finding in findings):
        print(f"\n{kind.code}: {kind.meaning}", end="")
    if findings:
        print("\n")
    can_be = sum(1 for finding in left if finding.mend is not None)
    print(
        f"{len(findings)} findings, {len(findings) - len(left)} mended, {can_be} that --mend can mend."
    )
    if lost is not None:
        print(f"What was taken away lies in {lost}.")


class _Unfit(WindvaneError):
    """The folder cannot be checked, or not in this way."""
