"""One LightGBM model, trained by several processes that each have a share of the rows: they add up their histograms.

LightGBM brings sockets for this, which encrypt nothing and trust whoever connects. It also takes two functions in their place,
and these hand over to `Members`: so it needs no network.

source    LGBM_NetworkInitWithFunctions in LightGBM's C interface; Meng et al. 2016, "A Communication-Efficient Parallel Algorithm
          for Decision Tree" (its baseline: histograms are summed, each member then looks for splits in some of the features)
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Never, TypeVar

import lightgbm
import numpy as np

from windvane.engine.learners.base import Rows
from windvane.engine.learners.lightgbm_blocks import dataset_of
from windvane.engine.learners.members import BINNING_ROWS, Members, share
from windvane.errors import MemberLost

T = TypeVar("T")

_Sizes = ctypes.POINTER(ctypes.c_int32)
_Reducer = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int32)
_ReduceScatter = ctypes.CFUNCTYPE(
    None,
    ctypes.c_void_p,
    ctypes.c_int32,
    ctypes.c_int,
    _Sizes,
    _Sizes,
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_int32,
    ctypes.POINTER(ctypes.c_void_p),
)
_Gather = ctypes.CFUNCTYPE(
    None,
    ctypes.c_void_p,
    ctypes.c_int32,
    _Sizes,
    _Sizes,
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_int32,
)


def parameters_of(members: Members) -> dict[str, Any]:
    """Return the parameters that have LightGBM train with others."""
    return {"tree_learner": "data", "num_machines": members.size}


def share_of(
    rows: Rows, codes: Sequence[int], parameters: Mapping[str, Any], members: Members
) -> lightgbm.Dataset:
    """Return a member's share of the rows as LightGBM trains on them. The borders of bins are the same for all members, as each
    finds them in the same sample of all rows.

    codes    positions of the features that are codes of categories
    """
    n_rows = len(rows.y)
    drawn = np.random.default_rng(int(parameters["seed"])).permutation(n_rows)[:BINNING_ROWS]
    sample = rows.part(np.sort(drawn))
    borders = dataset_of(sample, codes, parameters).construct()
    own = rows.part(share(members, n_rows))
    return dataset_of(own, codes, parameters).set_reference(borders)


def train_together(members: Members, train: Callable[[], T]) -> T:
    """Return what a training returns in which LightGBM asks the other members.

    raises    MemberLost if one of them is gone; LightGBM cannot be told, and its thread then stays where it is
    """
    trained: Future[T] = Future()

    def run() -> None:
        try:
            with _Network(members, trained.set_exception):
                result = train()
        except BaseException as error:  # noqa: BLE001 - of another thread: raised in that of the caller
            trained.set_exception(error)
        else:
            trained.set_result(result)

    threading.Thread(target=run, name="together", daemon=True).start()
    return trained.result()


class _Network:
    """The functions by which LightGBM reaches the other members, for the thread that enters it.

    lost    told when a member is gone
    """

    def __init__(self, members: Members, lost: Callable[[BaseException], object]) -> None:
        self._members, self._lost = members, lost
        self._functions = _ReduceScatter(self._reduce_scatter), _Gather(self._gather)

    def __enter__(self) -> None:
        functions = (ctypes.cast(one, ctypes.c_void_p) for one in self._functions)
        _library().LGBM_NetworkInitWithFunctions(self._members.size, self._members.rank, *functions)

    def __exit__(self, *_: object) -> None:
        _library().LGBM_NetworkFree()

    def _reduce_scatter(
        self,
        given: int,
        _size: int,
        of_type: int,
        starts: Any,
        sizes: Any,
        _n_blocks: int,
        into: int,
        _room: int,
        reducer: Any,
    ) -> None:
        """Add up one block of what all members give: the one of this member's rank."""
        rank = self._members.rank
        blocks = [
            b"" if other == rank else ctypes.string_at(given + starts[other], sizes[other])
            for other in range(self._members.size)
        ]
        theirs, own_size = self._swap(blocks), sizes[rank]
        add = _Reducer(reducer[0])
        ctypes.memmove(into, given + starts[rank], own_size)
        for other, block in enumerate(theirs):
            if other != rank:
                self._check(block, own_size)
                add(ctypes.cast(ctypes.c_char_p(block), ctypes.c_void_p), into, of_type, own_size)

    def _gather(
        self,
        given: int,
        _size: int,
        starts: Any,
        sizes: Any,
        _n_blocks: int,
        into: int,
        _room: int,
    ) -> None:
        """Bring together the blocks of all members."""
        own = ctypes.string_at(given, sizes[self._members.rank])
        for other, block in enumerate(self._swap([own] * self._members.size)):
            self._check(block, sizes[other])
            ctypes.memmove(into + starts[other], block, sizes[other])

    def _swap(self, parts: list[bytes]) -> list[bytes]:
        try:
            return self._members.all_to_all(parts)
        except BaseException as error:  # noqa: BLE001 - whatever it is, LightGBM must not go on
            self._halt(error)

    def _check(self, block: bytes, size: int) -> None:
        """Take no other number of bytes than LightGBM has room for."""
        if len(block) != size:
            self._halt(MemberLost(f"A member has sent {len(block)} bytes in place of {size}."))

    def _halt(self, error: BaseException) -> Never:
        """Stay here for good: no exception can go through LightGBM, which would compute on with what it has not got."""
        self._lost(error)
        while True:
            threading.Event().wait()


def _library() -> Any:
    return lightgbm.basic._LIB  # noqa: SLF001 - of the C interface it wraps all but the functions in place of sockets
