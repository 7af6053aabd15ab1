"""The data exploration report: what there is to see in a table before anything is learned from it.

A dataset folder is all that is needed, so the report can be had as soon as the data are analysed. Columns are looked at
one after another and in blocks of rows; what is not linear in rows is taken from a sample, and says so.
"""

from __future__ import annotations

from pathlib import Path

from windvane.engine.exploration.duplicates import find_duplicate_rows
from windvane.engine.exploration.sections import columns, overview, rows
from windvane.engine.exploration.sections.definitions import definitions
from windvane.engine.exploration.sections.missing import missing
from windvane.engine.exploration.sections.pictures import pictures
from windvane.engine.exploration.sections.relations import relations
from windvane.engine.exploration.sections.target import target
from windvane.engine.exploration.stored import StoredTable
from windvane.engine.reports.document import Report

_MOST_REPEATED = 10


def explore(dataset: Path) -> Report:
    """Return the report on a dataset folder.

    raises    CorruptArtifact
    """
    table = StoredTable.open(dataset)
    repeats = find_duplicate_rows(table, _MOST_REPEATED)
    return Report(
        "Data exploration",
        f"An overview of the training data for predicting '{table.analysis.target}': columns, "
        "missing values, relations and data checks.",
        overview.facts(table, repeats),
        (
            overview.summary(table, repeats),
            overview.insights(table),
            target(table),
            columns.sample(table),
            rows.duplicates(table, repeats),
            relations(table),
            rows.anomalous(table),
            missing(table),
            columns.cardinality(table),
            columns.descriptions(table),
            pictures(table),
            definitions(),
        ),
    )
