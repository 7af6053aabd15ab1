"""A library of a fork server whose tasks answer with what they were told, or look for what another one was told."""

import sys

from hostile.hostile_task import in_memory


def remember(order, open_artifacts):
    told = order.task.payload
    if "told" in told:
        return {"said": told["told"] * 1000}
    return {"found": in_memory(told["digest"])}


if hasattr(sys.modules["__main__"], "perform_order"):
    sys.modules["__main__"].perform_order = remember
