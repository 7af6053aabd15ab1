"""A library of a fork server whose tasks answer with what they were told, look for what another one was told, or say what
they are told to say."""

import sys
import time

from hostile.hostile_task import in_memory

from windvane.work.workers import performing


def remember(order, folder, open_artifacts, say, members):
    told = order.task.payload
    for words in told.get("says", ()):
        say(words)
        time.sleep(told["rests_s"])
    if "says" in told:
        return {}
    if "told" in told:
        return {"said": told["told"] * 1000}
    return {"found": in_memory(told["digest"])}


if hasattr(sys.modules["__main__"], "ForkServer"):
    performing.perform_order = remember
