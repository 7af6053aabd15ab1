"""Loads the libraries of a job's models into this process while the job still runs in its own: importing one takes
seconds, which would come on top of the job's time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event as Flag
from threading import Thread

from windvane.automl.local.events import Event, OnEvent
from windvane.engine.learners.catalogue import learner


@contextmanager
def preloading_libraries(on_event: OnEvent) -> Iterator[OnEvent]:
    """Gives what is to be told of a job's events in place of `on_event`, which is told too. One after the other,
    the algorithms of candidates that finish get their libraries loaded; at the end of the block what has not
    begun to load is left out."""
    names: SimpleQueue[str] = SimpleQueue()
    is_over = Flag()
    heard: set[str] = set()

    def load() -> None:
        for name in iter(names.get, ""):
            if is_over.is_set():
                return
            learner(name).load_library()

    def hear(event: Event) -> None:
        is_finished = event["event"] == "candidate" and event["state"] == "finished"
        if is_finished and event["algorithm"] not in heard:
            heard.add(event["algorithm"])
            names.put(event["algorithm"])
        on_event(event)

    thread = Thread(target=load, name="windvane-libraries", daemon=True)
    thread.start()
    try:
        yield hear
    finally:
        is_over.set()
        names.put("")
        thread.join()
