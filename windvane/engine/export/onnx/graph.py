"""An ONNX graph under construction: inputs, constants and nodes, each value known by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from windvane.engine.learners.answers import LARGEST

OPSET, ML_OPSET, IR_VERSION = 20, 5, 9
"""Of ONNX's operators, of those of ai.onnx.ml, whose TreeEnsemble came with 5, and of the file format that goes with them."""

ML = "ai.onnx.ml"
_NO_ATTRIBUTES: Mapping[str, Any] = MappingProxyType({})

Name = str
"""Of a value in the graph."""


class Graph:
    """Collects the parts of a graph.

    columns    names of the columns that rows may hold; no other value takes the name of one
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self._taken = set(columns)
        self._inputs: dict[str, int] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    @property
    def inputs(self) -> Sequence[Name]:
        return tuple(self._inputs)

    def numbers(self, column: str) -> Name:
        """Return the input (n_rows, 1) of a column of numbers, float64; missing as NaN."""
        self._inputs[column] = TensorProto.DOUBLE
        return column

    def texts(self, column: str) -> Name:
        """Return the input (n_rows, 1) of a column of texts; missing as ""."""
        self._inputs[column] = TensorProto.STRING
        return column

    def constant(self, values: Any, dtype: Any = np.float64) -> Name:
        name = self._new("constant")
        self._constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def op(
        self,
        kind: str,
        inputs: Sequence[Name],
        attributes: Mapping[str, Any] = _NO_ATTRIBUTES,
        domain: str = "",
    ) -> Name:
        """Return the value that an operator makes of others."""
        made = self._new(kind)
        node = helper.make_node(kind, list(inputs), [made], name=made, domain=domain, **attributes)
        self._nodes.append(node)
        return made

    def two(
        self, kind: str, inputs: Sequence[Name], attributes: Mapping[str, Any]
    ) -> tuple[Name, Name]:
        """Return both values that an operator makes of others."""
        first, second = self._new(kind), self._new(kind)
        made = [first, second]
        self._nodes.append(helper.make_node(kind, list(inputs), made, name=first, **attributes))
        return first, second

    def cast(self, value: Name, kind: int) -> Name:
        """Return the value in another type of TensorProto."""
        return self.op("Cast", [value], {"to": kind})

    def doubles(self, value: Name) -> Name:
        return self.cast(value, TensorProto.DOUBLE)

    def floats(self, value: Name) -> Name:
        return self.cast(value, TensorProto.FLOAT)

    def whole(self, value: Name) -> Name:
        return self.cast(value, TensorProto.INT64)

    def within(self, value: Name, low: Any, high: Any, dtype: Any = np.float64) -> Name:
        """Return numbers clipped as NumPy does; NaN stays NaN.

        low, high    numbers, or arrays that are broadcast
        """
        raised = self.op("Max", [value, self.constant(low, dtype)])
        return self.op("Min", [raised, self.constant(high, dtype)])

    def logistic(self, log_odds: Name) -> Name:
        """Return the same as `logistic` in learners/answers.py, of any shape."""
        negative = self.op("Min", [self.op("Neg", [log_odds]), self.constant(LARGEST)])
        odds = self.op("Add", [self.op("Exp", [negative]), self.constant(1.0)])
        return self.op("Div", [self.constant(1.0), odds])

    def both_classes(self, positive: Name) -> Name:
        """Return (n_rows, 2) of the probability of the second class, (n_rows, 1)."""
        return self.side_by_side([self.op("Sub", [self.constant(1.0), positive]), positive])

    def side_by_side(self, values: Sequence[Name]) -> Name:
        """Return (n_rows, ...) values as one."""
        return values[0] if len(values) == 1 else self.op("Concat", values, {"axis": 1})

    def columns(self, value: Name, places: Sequence[int] | NDArray[Any]) -> Name:
        """Return some columns of (n_rows, n)."""
        return self.op("Gather", [value, self.constant(places, np.int64)], {"axis": 1})

    def sum_of_columns(self, value: Name) -> Name:
        """Return (n_rows, 1) of (n_rows, n)."""
        return self.op("ReduceSum", [value, self.constant([1], np.int64)])

    def for_each_row(self, row: NDArray[np.float64]) -> Name:
        """Return (n_rows, n) of one row (1, n)."""
        n_rows = self.op("Shape", [self._any_input()], {"start": 0, "end": 1})
        shape = self.op("Concat", [n_rows, self.constant([1], np.int64)], {"axis": 0})
        return self.op("Expand", [self.constant(row), shape])

    def give(self, name: str, value: Name, kind: int, shape: Sequence[int | str]) -> Name:
        """Make a value an output.

        returns    its name, with underscores after it where a column is called the same
        """
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        self._nodes.append(helper.make_node("Identity", [value], [name], name=self._new("give")))
        self._outputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def model(self, properties: Mapping[str, str], description: str) -> onnx.ModelProto:
        """Return the whole as a model, checked by ONNX.

        raises    onnx.checker.ValidationError if it is none, which is our fault
        """
        inputs = [
            helper.make_tensor_value_info(name, kind, ["n_rows", 1])
            for name, kind in self._inputs.items()
        ]
        graph = helper.make_graph(
            self._nodes, "model", inputs, self._outputs, self._constants, doc_string=description
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="windvane"
        )
        helper.set_model_props(model, dict(properties))
        onnx.checker.check_model(model)
        return model

    def _any_input(self) -> Name:
        return next(iter(self._inputs))

    def _new(self, kind: str) -> Name:
        number = len(self._taken)
        while (name := f"{kind}_{number}") in self._taken:
            number += 1
        self._taken.add(name)
        return name
