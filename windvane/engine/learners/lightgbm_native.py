"""LightGBM's predictor through its C interface: loading a model and answering rows.

The Python package is not imported: it takes seconds and a hundred megabytes, the shared library milliseconds.
A row goes through the library's prepared single-row call.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from windvane.engine.columns import FloatMatrix
from windvane.engine.learners.lightgbm_text import LightGbmText
from windvane.errors import CorruptArtifact

_FLOAT32 = 0
_ROW_MAJOR = 1
SCORES = 1
LEAVES = 2
CONTRIBUTIONS = 3
_PARAMETERS = b"num_threads=1 verbosity=-1"


class NativeBooster:
    """A LightGBM model in memory.

    model     that was checked: the library trusts what it reads
    answer    SCORES, the sums over the trees; LEAVES for the number of the leaf that a row reaches in each tree; or
              CONTRIBUTIONS for each output's Shapley values of the features with the expected score after them
    width     numbers per row, as the model says
    raises    CorruptArtifact if LightGBM cannot read the text
    """

    def __init__(self, model: LightGbmText, answer: int = SCORES) -> None:
        self._lib = _library()
        self._handle = ctypes.c_void_p()
        self._fast = ctypes.c_void_p()
        n_rounds = ctypes.c_int()
        self._call(
            "LGBM_BoosterLoadModelFromString",
            model.text,
            ctypes.byref(n_rounds),
            ctypes.byref(self._handle),
        )
        self.rounds = n_rounds.value
        self._answer = answer
        self.n_features = self._number("LGBM_BoosterGetNumFeature")
        if (self.n_features, self.rounds * model.n_outputs) != (
            model.n_features,
            len(model.n_leaves),
        ):
            raise CorruptArtifact("LightGBM reads another model than the one that was checked.")
        width = ctypes.c_int64()
        self._call(
            "LGBM_BoosterCalcNumPredict",
            self._handle,
            1,
            answer,
            0,
            -1,
            ctypes.byref(width),
        )
        self.width = width.value
        self._scores = ctypes.c_double * self.width
        self._call(
            "LGBM_BoosterPredictForMatSingleRowFastInit",
            self._handle,
            answer,
            0,
            -1,
            _FLOAT32,
            self.n_features,
            _PARAMETERS,
            ctypes.byref(self._fast),
        )

    def predict(self, X: FloatMatrix) -> NDArray[np.float64]:
        """Return (n_rows, n_features) float32 to (n_rows, width)."""
        if X.ndim != 2 or X.shape[1] != self.n_features:
            raise ValueError(f"The model takes {self.n_features} features, not {X.shape[1:]}.")
        rows = np.ascontiguousarray(X, np.float32)
        if len(rows) == 1:
            return self._predict_alone(rows)
        made = np.empty((len(rows), self.width))
        if len(rows):
            self._call(
                "LGBM_BoosterPredictForMat",
                self._handle,
                ctypes.c_void_p(rows.ctypes.data),
                _FLOAT32,
                ctypes.c_int32(len(rows)),
                ctypes.c_int32(self.n_features),
                _ROW_MAJOR,
                self._answer,
                0,
                -1,
                _PARAMETERS,
                ctypes.byref(ctypes.c_int64()),
                ctypes.c_void_p(made.ctypes.data),
            )
        return made

    def _predict_alone(self, row: FloatMatrix) -> NDArray[np.float64]:
        made = bytearray(8 * self.width)
        n_made = ctypes.byref(ctypes.c_int64())
        self._check(
            self._lib.LGBM_BoosterPredictForMatSingleRowFast(
                self._fast, row.tobytes(), n_made, self._scores.from_buffer(made)
            )
        )
        return np.frombuffer(made, np.float64)[None]

    def _number(self, function: str) -> int:
        number = ctypes.c_int()
        self._call(function, self._handle, ctypes.byref(number))
        return number.value

    def _call(self, function: str, *arguments: object) -> None:
        self._check(getattr(self._lib, function)(*arguments))

    def _check(self, result: int) -> None:
        if result != 0:
            message = self._lib.LGBM_GetLastError().decode(errors="replace")
            raise CorruptArtifact(f"LightGBM does not accept the model: {message}.")

    def __del__(self) -> None:
        if getattr(self, "_fast", None):
            self._lib.LGBM_FastConfigFree(self._fast)
        if getattr(self, "_handle", None):
            self._lib.LGBM_BoosterFree(self._handle)


@cache
def _library() -> ctypes.CDLL:
    spec = find_spec("lightgbm")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("LightGBM is not installed.")
    root = Path(spec.submodule_search_locations[0])
    names = ("lib/lib_lightgbm.so", "lib/lib_lightgbm.dylib", "bin/lib_lightgbm.dll")
    found = [root / name for name in names if (root / name).is_file()]
    if not found:
        raise ModuleNotFoundError(f"LightGBM's shared library is not in {root}.")
    library = ctypes.CDLL(str(found[0]))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    quiet = _LogCallback(_drop)
    library.LGBM_RegisterLogCallback(quiet)
    _kept.append(quiet)
    return library


_LogCallback = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
_kept: list[object] = []


def _drop(message: bytes) -> None:
    """What goes wrong comes back as an error; LightGBM's remarks would go to standard output."""
