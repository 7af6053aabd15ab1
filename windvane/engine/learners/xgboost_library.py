"""XGBoost's predictor through its C interface: sums of leaves for many rows, and what each feature adds to them.

The Python package is not imported: it takes seconds.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.errors import CorruptArtifact

_MARGINS = (
    b'{"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0, '
    b'"strict_shape": true, "missing": NaN, "cache_id": 0}'
)
_CONTRIBUTIONS = (
    b'{"type": 2, "training": false, "iteration_begin": 0, "iteration_end": 0, '
    b'"strict_shape": true}'
)
_MISSING = b'{"missing": NaN, "nthread": 1}'


class XgboostHandle:
    """A model in XGBoost's own memory; several threads may ask it at once.

    raw       the model as `XgboostNodes.ubjson` writes it: the library trusts what it reads
    raises    CorruptArtifact if XGBoost cannot read it
    """

    def __init__(self, raw: bytes) -> None:
        self._lib = _library()
        self._handle = ctypes.c_void_p()
        self._call("XGBoosterCreate", None, ctypes.c_uint64(0), ctypes.byref(self._handle))
        self._call("XGBoosterLoadModelFromBuffer", self._handle, raw, ctypes.c_uint64(len(raw)))
        self._call("XGBoosterSetParam", self._handle, b"nthread", b"1")

    def margins(self, X: FloatMatrix) -> NDArray[np.float32]:
        """Return (n_rows, n_features) to (n_rows, n_outputs)."""
        rows = np.ascontiguousarray(X, np.float32)
        return self._answer(
            "XGBoosterPredictFromDense", self._handle, _place(rows), _MARGINS, None
        ).reshape(len(rows), -1)

    def contributions(self, X: FloatMatrix) -> NDArray[np.float32]:
        """Return (n_rows, n_features) to (n_rows, n_outputs, n_features + 1): Shapley values, and last the expected
        sum."""
        rows = np.ascontiguousarray(X, np.float32)
        table = ctypes.c_void_p()
        self._call("XGDMatrixCreateFromDense", _place(rows), _MISSING, ctypes.byref(table))
        try:
            return self._answer("XGBoosterPredictFromDMatrix", self._handle, table, _CONTRIBUTIONS)
        finally:
            self._call("XGDMatrixFree", table)

    def _answer(self, function: str, *arguments: object) -> NDArray[np.float32]:
        axes, n_axes = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
        # XGBoost's own memory, one for each thread that asks.
        result = ctypes.POINTER(ctypes.c_float)()
        found = (ctypes.byref(axes), ctypes.byref(n_axes), ctypes.byref(result))
        self._call(function, *arguments, *found)
        shape = tuple(axes[axis] for axis in range(n_axes.value))
        return np.ctypeslib.as_array(result, shape).copy()

    def _call(self, function: str, *arguments: object) -> None:
        if getattr(self._lib, function)(*arguments) != 0:
            message = self._lib.XGBGetLastError().decode(errors="replace")
            raise CorruptArtifact(f"XGBoost does not accept the model: {message.splitlines()[0]}")

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._lib.XGBoosterFree(self._handle)


def _place(rows: NDArray[np.float32]) -> bytes:
    """Return where a matrix lies in memory, in NumPy's array interface."""
    n_rows, n_features = rows.shape
    return (
        f'{{"data": [{rows.ctypes.data}, true], "shape": [{n_rows}, {n_features}], '
        '"typestr": "<f4", "version": 3}'
    ).encode()


@cache
def _library() -> ctypes.CDLL:
    spec = find_spec("xgboost")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("XGBoost is not installed.")
    root = Path(spec.submodule_search_locations[0], "lib")
    names = ("libxgboost.so", "libxgboost.dylib", "xgboost.dll")
    found = [root / name for name in names if (root / name).is_file()]
    if not found:
        raise ModuleNotFoundError(f"XGBoost's shared library is not in {root}.")
    library = ctypes.CDLL(str(found[0]))
    library.XGBGetLastError.restype = ctypes.c_char_p
    return library
