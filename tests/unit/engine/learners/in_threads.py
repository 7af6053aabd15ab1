"""Members of a training that are threads of one process: LightGBM keeps what it knows of the others for each thread."""

import threading
from concurrent.futures import ThreadPoolExecutor

from windvane.errors import MemberLost


class Table:
    """Where members swap; `lost_after` is after how many times the last one is gone."""

    def __init__(self, size, lost_after=None):
        self.size, self._lost_after = size, lost_after
        self._parts = [None] * size
        self._barrier = threading.Barrier(size)
        self.n_bytes = self.n_times = 0

    def swap(self, rank, parts):
        if rank == self.size - 1 and self.n_times == self._lost_after:
            self._barrier.abort()
        try:
            self._parts[rank] = list(parts)
            self._barrier.wait(240)
            found = [of_one[rank] for of_one in self._parts]
            if self._barrier.wait(240) == 0:
                self.n_times += 1
                self.n_bytes += sum(len(part) for of_one in self._parts for part in of_one)
            self._barrier.wait(240)
        except threading.BrokenBarrierError as error:
            raise MemberLost("One of them is gone.") from error
        return found


class Seat:
    def __init__(self, table, rank):
        self._table, self.rank, self.size = table, rank, table.size

    def swap(self, parts):
        return self._table.swap(self.rank, parts)


def of_all(table, do):
    """What `do` returns, or raises, for each member of a table, in the order of their ranks."""
    with ThreadPoolExecutor(table.size) as pool:
        asked = [pool.submit(do, Seat(table, rank)) for rank in range(table.size)]
        return [one.exception() or one.result() for one in asked]
