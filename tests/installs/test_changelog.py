"""The changelog has the form that it says it has."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from packaging.version import Version

from windvane import __version__

PAGE = (Path(__file__).resolve().parents[2] / "CHANGELOG.md").read_text()
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_unreleased_comes_first_then_versions_from_new_to_old_with_their_days():
    unreleased, *released = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    assert unreleased == "[Unreleased]"
    read = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\S+)", one).groups() for one in released]
    versions = [Version(version) for version, _ in read]
    days = [date.fromisoformat(day) for _, day in read]
    assert versions == sorted(set(versions), reverse=True)
    assert days == sorted(days, reverse=True)
    assert all(version <= Version(__version__) for version in versions)


def test_changes_are_sorted_by_kind_each_kind_once_a_version():
    for version in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.*)$", version, re.MULTILINE)
        assert len(kinds) == len(set(kinds))
        assert set(kinds) <= KINDS
