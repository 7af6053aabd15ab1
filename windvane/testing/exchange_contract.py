"""What any exchange between tasks owes, as tests. A subclass provides two fixtures:

exchange_of    a folder -> the exchange of a task that works there; all are of one job
task_folder    a name -> a folder for a task. They may all be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from windvane.automl import names
from windvane.automl.exchange import Exchange
from windvane.errors import CorruptArtifact

ExchangeOf = Callable[[Path], Exchange]
TaskFolder = Callable[[str], Path]


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Write files by their paths below a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def read(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder by their paths."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


class ExchangeContract:
    """Tests of an exchange."""

    def test_what_is_published_is_fetched(
        self, exchange_of: ExchangeOf, task_folder: TaskFolder
    ) -> None:
        made = {
            "dataset/analysis.json": b"{}",
            "dataset/y.npy": bytes(range(256)) * 9000,
            "dataset/columns/0.npy": b"",
            "features/dpp0/fold0/recipe.json": b"{}",
            "features/dpp0/fold0/matrix.npy": b"matrix",
        }
        published = (*names.TABLE, *names.fold_fits("dpp0", [0]))
        write(task_folder("one"), made)
        exchange_of(task_folder("one")).publish(published)
        exchange_of(task_folder("other")).fetch(published)
        assert read(task_folder("other")) == made

    def test_each_name_is_fetched_by_itself(
        self, exchange_of: ExchangeOf, task_folder: TaskFolder
    ) -> None:
        files = {"candidates/3/outcome.json": b"{}", "candidates/3/oof.npy": b"predictions"}
        write(task_folder("one"), {**files, "candidates/3/model/trees.txt": b"trees"})
        exchange_of(task_folder("one")).publish(names.candidate(3))
        other = exchange_of(task_folder("other"))
        for name, file in zip(names.scored(3), files, strict=True):
            other.fetch([name])
            assert (task_folder("other") / file).read_bytes() == files[file]

    def test_what_nobody_published_is_missing(
        self, exchange_of: ExchangeOf, task_folder: TaskFolder
    ) -> None:
        with pytest.raises(CorruptArtifact, match="'candidates/7/outcome' is not there"):
            exchange_of(task_folder("one")).fetch([names.outcome(7)])

    def test_what_is_not_made_is_passed_over(
        self, exchange_of: ExchangeOf, task_folder: TaskFolder
    ) -> None:
        write(task_folder("one"), {"candidates/9/outcome.json": b"{}"})
        exchange_of(task_folder("one")).publish(names.candidate(9))
        other = exchange_of(task_folder("other"))
        other.fetch([names.outcome(9)])
        with pytest.raises(CorruptArtifact, match="'candidates/9/predictions' is not there"):
            other.fetch(names.candidate(9))

    def test_names_that_begin_alike_are_told_apart(
        self, exchange_of: ExchangeOf, task_folder: TaskFolder
    ) -> None:
        write(task_folder("one"), {"candidates/12/outcome.json": b"{}"})
        exchange_of(task_folder("one")).publish([names.outcome(12)])
        with pytest.raises(CorruptArtifact, match="'candidates/1/outcome' is not there"):
            exchange_of(task_folder("other")).fetch([names.outcome(1)])

    def test_what_is_published_again_takes_the_place_of_what_was_there(
        self, exchange_of: ExchangeOf, task_folder: TaskFolder
    ) -> None:
        for number, content in enumerate((b"first", b"second")):
            folder = task_folder(str(number))
            write(folder, {"best/model/trees.txt": content})
            exchange_of(folder).publish([names.PACKAGES])
        exchange_of(task_folder("other")).fetch([names.PACKAGES])
        assert read(task_folder("other")) == {"best/model/trees.txt": b"second"}

    def test_what_a_task_has_made_itself_stays(
        self, exchange_of: ExchangeOf, task_folder: TaskFolder
    ) -> None:
        own = {"candidates/1/outcome.json": b"its own"}
        write(task_folder("one"), {"candidates/1/outcome.json": b"another's"})
        exchange_of(task_folder("one")).publish([names.outcome(1)])
        write(task_folder("other"), own)
        exchange_of(task_folder("other")).fetch([names.outcome(1)])
        assert read(task_folder("other")) == own

    @pytest.mark.parametrize(
        "name", ["", "../dataset", "candidates/1", "recipes/../x", "dataset/y.npy"]
    )
    def test_what_is_no_name_is_refused(
        self, exchange_of: ExchangeOf, task_folder: TaskFolder, name: str
    ) -> None:
        with pytest.raises(ValueError, match="is no name of what actions exchange"):
            exchange_of(task_folder("one")).fetch([name])
