"""What a job would make of a table, told from its first rows before anything is started.

Columns are typed, the target settled and findings made by the code that analyses the data of a job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from windvane.domain.features import FeatureSpecification, FeatureType
from windvane.domain.forecasting import ForecastMetric
from windvane.domain.problem import METRICS_OF, ProblemSpec, ProblemType, check_split
from windvane.engine.columns import ColumnSpec, ColumnType
from windvane.engine.data.analyse import build_dataset
from windvane.engine.data.analysis import Finding, ReadOptions, SourceFile
from windvane.engine.data.dataset import Dataset
from windvane.engine.data.dialect import check_column
from windvane.engine.data.duckfiles import opened
from windvane.engine.data.encoded import encode
from windvane.engine.data.integer_codes import MOST_CODES, may_be_codes
from windvane.engine.data.read import RawTable
from windvane.engine.data.target import resolve_target
from windvane.engine.data.typed import keep_unused, type_column
from windvane.engine.data.units import GROUP, TIME
from windvane.engine.preview import distribution
from windvane.engine.preview.beginning import Beginning, read_beginning
from windvane.engine.preview.records import (
    FORECAST,
    PreviewRequest,
    SeenColumn,
    SeenSeries,
    SeenTable,
    SeenTarget,
)
from windvane.engine.preview.series import AskedSeries, find_series
from windvane.engine.preview.source import Source
from windvane.errors import DataFault, InvalidRequest
from windvane.wording import counted

LONGEST_CELL = 120
_N_EXAMPLES = 5
_FEWEST_ROWS = 20
"""Below which nothing is said of a table but its types and its target."""

_LOOK_FOR_EXAMPLES = 500
_MEMORY_MB = 512


def preview(source: Source, asked: PreviewRequest, scratch: Path) -> SeenTable:
    """Return what is seen of the beginning of a table.

    scratch   an existing folder
    raises    DataFault for what cannot be read as a table, or has no such target
    """
    beginning = read_beginning(source, scratch, asked.compression)
    options = ReadOptions(scratch, beginning.format, memory_mb=_MEMORY_MB)
    raw = _read(SourceFile(beginning.path, asked.name), options)
    if asked.target:
        check_column("target", asked.target, list(raw.columns))
    for name in (*asked.types, *(asked.features or ())):
        check_column("feature", name, list(raw.columns))
    for name in (asked.timestamp, asked.item, *asked.group_columns):
        if name:
            check_column("series", name, list(raw.columns))
    for role, name in ((GROUP, asked.group_column), (TIME, asked.time_column)):
        if name:
            check_column(role, name, list(raw.columns))
    faults = _faults_of_types(raw, asked)
    columns, target, findings = _judge(raw, beginning, options, asked, faults)
    columns = tuple(_with_question(raw, column, asked) for column in columns)
    total = _total(source, beginning, raw.n_rows)
    is_csv = beginning.format == "csv"
    return SeenTable(
        format=beginning.format,
        compression=beginning.compression,
        encoding=("utf-8-sig" if beginning.has_bom else "utf-8") if is_csv else "",
        delimiter=beginning.dialect.delimiter if is_csv else "",
        quote=beginning.dialect.quote if is_csv else "",
        looks_headless=is_csv and _looks_headless(raw, list(raw.columns)),
        n_bytes_read=beginning.n_bytes_read,
        n_rows=raw.n_rows,
        n_rows_total=total,
        is_estimated=is_csv and beginning.is_cut,
        is_sampled=beginning.is_cut,
        columns=columns,
        rows=_first_rows(raw, asked.n_shown),
        target=target,
        series=_series(raw, columns, asked),
        findings=tuple(asdict(finding) for finding in findings),
    )


def _series(
    raw: RawTable, columns: tuple[SeenColumn, ...], asked: PreviewRequest
) -> SeenSeries | None:
    chosen = AskedSeries(asked.target, asked.timestamp, asked.item, asked.group_columns)
    return find_series(raw.columns, columns, chosen)


def _read(file: SourceFile, options: ReadOptions) -> RawTable:
    with opened([file], options) as rows:
        batches = list(rows.batches())
        names = rows.names
    if not batches or sum(batch.num_rows for batch in batches) == 0:
        raise DataFault(f"{file.name} has a header but no rows.")
    table = pa.Table.from_batches(batches)
    return RawTable(dict(zip(names, table.columns, strict=True)), table.num_rows, table.num_rows)


def _total(source: Source, beginning: Beginning, n_rows: int) -> int:
    if beginning.n_rows_total is not None:
        return beginning.n_rows_total
    if not beginning.is_cut:
        return n_rows
    return max(n_rows, round(n_rows * source.size / max(beginning.n_bytes_read, 1)))


def _faults_of_types(raw: RawTable, asked: PreviewRequest) -> dict[str, str]:
    """Return why columns cannot have the types that they were given."""
    faults = {}
    for name, kind in asked.types.items():
        try:
            type_column(encode(name, raw.columns[name]), FeatureType(kind))
        except DataFault as fault:
            faults[name] = str(fault)
    return faults


def _judge(
    raw: RawTable,
    beginning: Beginning,
    options: ReadOptions,
    asked: PreviewRequest,
    faults: Mapping[str, str],
) -> tuple[tuple[SeenColumn, ...], SeenTarget | None, tuple[Finding, ...]]:
    types = {n: FeatureType(k) for n, k in asked.types.items() if n not in faults}
    features = FeatureSpecification(asked.features, types)
    if not asked.target:
        return _columns_alone(raw, features, faults), None, ()
    if asked.problem_type == FORECAST:
        return _columns_alone(raw, features, faults), _forecast_target(raw, asked.target), ()
    problem = ProblemSpec(
        asked.target,
        ProblemType(asked.problem_type) if asked.problem_type else None,
        features=features,
        group_column=asked.group_column or None,
        time_column=asked.time_column or None,
    )
    least = options.min_rows
    try:
        check_split(problem)
        dataset = _analysed(raw, beginning, options, problem)
    except (DataFault, InvalidRequest) as fault:
        told = (
            f"{fault} This was checked on the first {raw.n_rows:,} rows."
            if beginning.is_cut and isinstance(fault, DataFault)
            else fault
        )
        return _columns_alone(raw, features, faults), _faulty(raw, asked.target, str(told)), ()
    columns = _columns_of(raw, dataset, features, faults, asked.target)
    few = _too_few(len(dataset.y), least) if not beginning.is_cut else ()
    return columns, _target_of(raw, dataset), (*few, *dataset.analysis.findings)


def _analysed(
    raw: RawTable, beginning: Beginning, options: ReadOptions, problem: ProblemSpec
) -> Dataset:
    """Analyse the first rows as a job would analyse all of them.

    raises    DataFault as a job on these rows would, but for having few of them
    """
    if beginning.is_cut:
        raw = _without_single_labels(raw, problem)
    elif raw.n_rows < _FEWEST_ROWS:
        resolve_target(
            encode(problem.target, raw.columns[problem.target]), problem, options.min_rows
        )
    own = RawTable(dict(raw.columns), raw.n_rows, raw.n_rows_read)
    return build_dataset(own, problem, replace(options, min_rows=_FEWEST_ROWS))


def _without_single_labels(raw: RawTable, problem: ProblemSpec) -> RawTable:
    """Return the table without the rows whose class occurs once: in the rest of the file there may be more of it."""
    if problem.problem_type is ProblemType.REGRESSION:
        return raw
    column = encode(problem.target, raw.columns[problem.target])
    counts = np.append(column.counts(), 0)
    is_single = counts[column.codes] == 1
    if not 0 < is_single.sum() <= 0.01 * raw.n_rows:
        return raw
    kept = raw.keep(~is_single)
    return replace(kept, n_rows_read=kept.n_rows)


def _too_few(n_rows: int, least: int) -> tuple[Finding, ...]:
    if n_rows >= least:
        return ()
    return (
        Finding(
            "too-few-rows",
            "high",
            (),
            f"The data have {n_rows} rows with a valid value in the target column.",
            f"Add rows: a job needs at least {least}.",
            "A job on these data will fail.",
        ),
    )


def _columns_alone(
    raw: RawTable, features: FeatureSpecification, faults: Mapping[str, str]
) -> tuple[SeenColumn, ...]:
    return tuple(_column(raw, name, features, faults) for name in raw.columns)


def _column(
    raw: RawTable, name: str, features: FeatureSpecification, faults: Mapping[str, str]
) -> SeenColumn:
    column = encode(name, raw.columns[name])
    is_used = features.uses(name)
    typed = type_column(column, features.types.get(name)) if is_used else keep_unused(column)
    return _seen(raw, typed.spec, typed.statistics, raw.n_rows, faults)


def _columns_of(
    raw: RawTable,
    dataset: Dataset,
    features: FeatureSpecification,
    faults: Mapping[str, str],
    target: str,
) -> tuple[SeenColumn, ...]:
    """Return the columns as the analysis has them; the target, which is none of them, as it looks by itself."""
    analysis = dataset.analysis
    specs = {spec.name: spec for spec in analysis.columns}
    as_any = replace(features, names=None)
    return tuple(
        _column(raw, name, as_any, faults)
        if name == target
        else _seen(raw, specs[name], analysis.statistics[name], analysis.n_rows, faults)
        for name in raw.columns
    )


def _seen(
    raw: RawTable,
    spec: ColumnSpec,
    statistics: Mapping[str, Any],
    n_rows: int,
    faults: Mapping[str, str],
) -> SeenColumn:
    cells = raw.columns[spec.name].slice(0, _LOOK_FOR_EXAMPLES).unique().to_pylist()
    examples = [_cut(cell) for cell in cells if cell is not None and str(cell).strip()]
    return SeenColumn(
        spec.name,
        spec.type.value,
        spec.reason,
        spec.type.is_feature,
        n_rows,
        int(statistics["missing"]),
        int(statistics["distinct"]),
        tuple(examples[:_N_EXAMPLES]),
        faults.get(spec.name, ""),
    )


def _with_question(raw: RawTable, column: SeenColumn, asked: PreviewRequest) -> SeenColumn:
    """Return the column with the type that it may have as well, if it was inferred to be of numbers."""
    if column.type != ColumnType.NUMERIC or column.name in (asked.target, *asked.types):
        return column
    if column.n_distinct > MOST_CODES:
        return column
    encoded = encode(column.name, raw.columns[column.name])
    is_asked = may_be_codes(encoded.texts.to_pylist(), int(encoded.counts().sum()))
    return replace(column, may_be=ColumnType.CATEGORICAL.value) if is_asked else column


def _target_of(raw: RawTable, dataset: Dataset) -> SeenTarget:
    analysis = dataset.analysis
    is_classes = analysis.problem_type.is_classification
    return SeenTarget(
        analysis.target,
        problem_type=analysis.problem_type.value,
        reason=analysis.problem_reason,
        objectives=tuple(metric.value for metric in METRICS_OF[analysis.problem_type]),
        bars=distribution.classes(analysis.labels, analysis.class_counts)
        if is_classes
        else distribution.histogram(np.asarray(dataset.y)),
        n_classes=analysis.n_classes,
        n_valid=len(dataset.y),
        n_invalid=raw.n_rows - len(dataset.y),
    )


def _forecast_target(raw: RawTable, name: str) -> SeenTarget:
    """Return a target that is to be forecast: it must be a column of numbers; those that are missing are bridged."""
    column = encode(name, raw.columns[name])
    try:
        values = np.asarray(type_column(column, FeatureType.NUMERIC).values, np.float64)
    except DataFault as fault:
        return _faulty(raw, name, str(fault))
    known = values[np.isfinite(values)]
    if not len(known):
        return _faulty(raw, name, f"The column '{name}' has no number to learn from.")
    return SeenTarget(
        name,
        problem_type=FORECAST,
        reason=f"{counted(len(known), 'row')} with a number",
        objectives=tuple(ForecastMetric),
        bars=distribution.histogram(known),
        n_valid=len(known),
        n_invalid=raw.n_rows - len(known),
    )


def _faulty(raw: RawTable, name: str, fault: str) -> SeenTarget:
    column = encode(name, raw.columns[name])
    n_valid = int(column.counts().sum())
    return SeenTarget(
        name,
        fault,
        bars=distribution.texts(column),
        n_valid=n_valid,
        n_invalid=raw.n_rows - n_valid,
    )


def _first_rows(raw: RawTable, n_rows: int) -> tuple[tuple[str, ...], ...]:
    columns = [cells.slice(0, n_rows).to_pylist() for cells in raw.columns.values()]
    return tuple(tuple(map(_cut, row)) for row in zip(*columns, strict=True))


def _cut(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def _looks_headless(raw: RawTable, names: Sequence[str]) -> bool:
    """Return whether names of columns are numbers, where the columns are of numbers: the first row is one like others."""
    numbers = [name for name in names if _is_number(name)]
    return len(numbers) >= max(1, len(names) // 3) and all(
        _is_of_numbers(raw.columns[name]) for name in numbers
    )


def _is_of_numbers(cells: pa.ChunkedArray) -> bool:
    filled = [cell for cell in cells.slice(0, 100).to_pylist() if cell is not None]
    return bool(filled) and all(_is_number(cell) for cell in filled)


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
