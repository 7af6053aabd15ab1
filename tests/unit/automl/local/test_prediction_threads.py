from threading import Barrier, Thread

import numpy as np  # noqa: F401 - brings the library whose threads are counted
from threadpoolctl import ThreadpoolController

from windvane.automl.local.prediction_threads import one_thread


def n_threads():
    blas = ThreadpoolController().select(user_api="blas")
    return {one["num_threads"] for one in blas.info()}


def test_linear_algebra_has_one_thread_inside_and_as_many_as_before_afterwards():
    before = n_threads()
    for _ in range(2):
        with one_thread():
            assert n_threads() == {1}
            with one_thread():
                assert n_threads() == {1}
            assert n_threads() == {1}
        assert n_threads() == before != set()


def test_threads_side_by_side_leave_as_many_as_before():
    before, inside, over = n_threads(), Barrier(2), Barrier(2)

    def enter():
        with one_thread():
            inside.wait(240)
            over.wait(240)

    other = Thread(target=enter)
    other.start()
    inside.wait(240)
    with one_thread():
        over.wait(240)
        other.join()
    assert n_threads() == before != set()
