"""What a call costs of the processor, told so that a busy machine does not change the answer."""

import gc
import time
from collections.abc import Callable


def cpu_s(call: Callable[[], object]) -> float:
    """Return the processor time that a call takes of this thread, in seconds; what is collected meanwhile is all that
    other tests have left, and is not counted."""
    gc.collect()
    gc.disable()
    try:
        began = time.thread_time()
        call()
        return time.thread_time() - began
    finally:
        gc.enable()


def least_cpu_s(call: Callable[[], object], times: int = 3) -> float:
    """Return the least of several: what others do to a shared processor makes some calls dearer, seldom all."""
    return min(cpu_s(call) for _ in range(times))
