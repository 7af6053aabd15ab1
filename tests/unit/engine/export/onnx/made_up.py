"""A made-up table of what ONNX files take: numbers of which some are missing, and such that single precision would blur;
categories few and many; dates before and after 1970. And a graph run by ONNX Runtime."""

import numpy as np
import onnxruntime
from unit.engine.explain.made_up import LABELS

from windvane.engine.columns import ColumnSpec, ColumnType

N_ROWS = 300
COLOURS = ("red", "green", "blue", 'é "quo\nted"', "grey")
SPECS = (
    ColumnSpec("row id", ColumnType.IDENTIFIER, "all different"),
    ColumnSpec("a <b> & 'c'", ColumnType.NUMERIC, "numbers"),
    ColumnSpec("label", ColumnType.NUMERIC, "numbers"),
    ColumnSpec("colour", ColumnType.CATEGORICAL, "few words", {"missing": ["N/A"]}),
    ColumnSpec("city", ColumnType.CATEGORICAL, "many words"),
    ColumnSpec("day", ColumnType.DATETIME, "dates", {"formats": ["%Y-%m-%d"]}),
    ColumnSpec("serial", ColumnType.NUMERIC, "large numbers"),
)


def table(problem_type, seed=0):
    """Return specs, columns and target."""
    generator = np.random.default_rng(seed)
    a, b, noise = generator.normal(size=(3, N_ROWS))
    colour = generator.choice(np.array([*COLOURS, None], object), N_ROWS)
    city = np.array([f"city {i}" for i in generator.zipf(1.4, N_ROWS).clip(0, 60)], object)
    serial = 1e9 + generator.integers(0, 1000, N_ROWS)
    day = generator.integers(-9_000, 19_000, N_ROWS) * 86_400.0
    signal = a * b + (day > 1e8) + 2 * (colour == "blue") + (serial - 1e9) / 300 + noise / 5
    day[generator.random(N_ROWS) < 0.1] = np.nan
    a[generator.random(N_ROWS) < 0.1] = np.nan
    cells = {"a <b> & 'c'": a, "label": b, "colour": colour, "city": city, "serial": serial}
    cells["day"] = day
    n_classes = len(LABELS[problem_type])
    if not n_classes:
        return SPECS, cells, np.exp(signal)
    cuts = np.quantile(signal, np.arange(1, n_classes) / n_classes)
    return SPECS, cells, np.searchsorted(cuts, signal).astype(float)


def run(graph, value, kind, cells):
    """Return what ONNX Runtime makes of a value of a graph."""
    graph.give("made", value, kind, ["n_rows", "n"])
    model = graph.model({}, "made up")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    feeds = {}
    for one in session.get_inputs():
        values = cells[one.name]
        if values.dtype == object:
            values = np.array(["" if cell is None else cell for cell in values], object)
        feeds[one.name] = values[:, None]
    return session.run(None, feeds)[0]
