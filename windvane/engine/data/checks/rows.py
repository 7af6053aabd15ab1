"""Findings about rows as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from windvane.engine.columns import ColumnType
from windvane.engine.data.analysis import Finding
from windvane.engine.data.checks.facts import TableFacts
from windvane.engine.splits import SplitKind
from windvane.wording import listed, percent


def sampled(facts: TableFacts) -> Iterator[Finding]:
    if facts.n_rows_kept < facts.n_rows_read:
        yield Finding(
            "sampled-data",
            "medium",
            (),
            f"{facts.n_rows_kept:,} of {facts.n_rows_read:,} rows were sampled at random (rare "
            "classes were kept completely): the table does not fit into the memory of the job.",
            "Give the server more memory to use all rows.",
            "All results are based on the sampled rows. More rows may give better models.",
        )


def weightless(facts: TableFacts) -> Iterator[Finding]:
    if facts.n_weightless:
        yield Finding(
            "weightless-rows",
            "low",
            (),
            f"{facts.n_weightless:,} of {facts.n_rows_kept:,} rows "
            f"({percent(facts.n_weightless, facts.n_rows_kept)}) have the sample weight 0.",
            "They are excluded.",
            "They are used neither for training nor for scoring.",
        )


def unweighted(facts: TableFacts) -> Iterator[Finding]:
    if facts.n_unweighted:
        yield Finding(
            "invalid-weights",
            "medium" if facts.n_unweighted > 0.1 * facts.n_rows_kept else "low",
            (facts.weight,),
            f"{facts.n_unweighted:,} of {facts.n_rows_kept:,} rows "
            f"({percent(facts.n_unweighted, facts.n_rows_kept)}) have an invalid sample weight (e.g. "
            f"{listed(list(facts.unweighted))}): it must be a finite number of 0 or more.",
            "They are excluded.",
            "They are used neither for training nor for scoring.",
        )


def duplicates(facts: TableFacts) -> Iterator[Finding]:
    n_copies = facts.copies.n_copies
    if n_copies:
        are_copies = "is a copy" if n_copies == 1 else "are copies"
        yield Finding(
            "duplicate-rows",
            "medium" if n_copies > 0.1 * facts.n_rows else "low",
            (),
            f"{n_copies:,} of {facts.n_rows:,} rows ({percent(n_copies, facts.n_rows)}) {are_copies} of an earlier row.",
            _kept(facts),
            "Each copy counts in training and scoring.",
        )


def renamed_duplicates(facts: TableFacts) -> Iterator[Finding]:
    """Yield rows that only columns which are not learnt from tell apart."""
    n_renamed = facts.learned_copies.n_copies - facts.copies.n_copies
    if n_renamed > 0.001 * facts.n_rows:
        apart = facts.of_type(ColumnType.IDENTIFIER, ColumnType.UNUSED)
        named = listed([f"'{column.name}'" for column in apart])
        yield Finding(
            "renamed-duplicates",
            "medium" if n_renamed > 0.1 * facts.n_rows else "low",
            tuple(column.name for column in apart),
            f"{n_renamed:,} of {facts.n_rows:,} rows ({percent(n_renamed, facts.n_rows)}) are "
            f"copies of an earlier row except for {named}.",
            _kept(facts),
            "To a model they are identical. If one entity was recorded under several "
            "identifiers, it counts several times.",
        )


def _kept(facts: TableFacts) -> str:
    if facts.has_validation_set or facts.split_kind is not SplitKind.ROWS:
        return "They are kept."
    return "They are kept. Copies of a row stay in the same fold, unless more than 20 % of all rows have copies."
