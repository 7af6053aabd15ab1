"""Members of a training that are threads of one process: LightGBM keeps what it knows of the others for each thread."""

import threading
from concurrent.futures import ThreadPoolExecutor

from windvane.errors import MemberLost


class ThreadNetwork:
    """How the members reach each other; `lost_after` is after how many times the last one is gone."""

    def __init__(self, size, lost_after=None):
        self.size, self._lost_after = size, lost_after
        self._parts = [None] * size
        self._barrier = threading.Barrier(size)
        self.n_bytes = self.n_times = 0

    def all_to_all(self, rank, parts):
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


class ThreadMember:
    def __init__(self, network, rank):
        self._network, self.rank, self.size = network, rank, network.size

    def all_to_all(self, parts):
        return self._network.all_to_all(self.rank, parts)


def of_all(network, do):
    """What `do` returns, or raises, for each member of a network, in the order of their ranks."""
    with ThreadPoolExecutor(network.size) as pool:
        asked = [pool.submit(do, ThreadMember(network, rank)) for rank in range(network.size)]
        return [one.exception() or one.result() for one in asked]
