"""A place: one instance of a variant, whichever process fills it. A process that dies is followed by another."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from windvane.domain.deployment import Deployed
from windvane.notes.codes import DataValue, NoteCode, ProcessEnd
from windvane.notes.log import in_log
from windvane.notes.note import Note, said
from windvane.process.memory import MARGIN, process_memory_mb
from windvane.process.sandbox import Limits, Sandbox
from windvane.serving.pool import WorkerSlot
from windvane.serving.process import ModelProcess
from windvane.work.download import folder_of

_LOG = logging.getLogger(__name__)

MAX_DEATHS_AT_LOAD = 3

_STEADY_S = 60.0
"""A process that served this long starts its successor with a clean record."""

_BACK_OFF_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_TAIL_BYTES = 300

PROCESS_LIMITS = Limits(max_processes=64, max_file_bytes=1 << 28, max_open_files=512)
"""Of one model process, which writes its log alone; threads are those of all processes of its endpoint, a few each."""

_slot_numbers = itertools.count(1)


@dataclass(frozen=True)
class ProcessSettings:
    """The settings that every place works with.

    program      the command of a model process
    environment  added to this process's own
    memory_mb    cap of one model process
    load_s       time within which a process must be ready
    answer_s     time that a request may take
    idle_s       time after which processes of a serverless variant go that nobody asks
    wake         makes the hosting thread look at once; safe from any thread
    sandbox      confines every process; None leaves them as they are
    """

    program: Sequence[str]
    environment: dict[str, str]
    memory_mb: int
    load_s: float
    answer_s: float
    idle_s: float
    wake: Callable[[], None]
    sandbox: Sandbox | None = None


def spec_of(deployed: Deployed, folder: Path, settings: ProcessSettings) -> str:
    """Return what a process of the variant is told (serving/instance.py), JSON.

    folder    where the artefacts stand, or will
    """
    containers = [
        {
            "environment": container.environment,
            "name": container.hostname,
            "folder": str(folder_of(container.model_data_url, folder)),
        }
        for container in deployed.containers
    ]
    spec = {"memory_mb": memory_of(deployed, settings), "containers": containers}
    if settings.sandbox is not None:
        read = tuple(folder_of(c.model_data_url, folder) for c in deployed.containers)
        confined = settings.sandbox.confinement(owner_of(folder), read, limits=PROCESS_LIMITS)
        spec["confinement"] = confined.to_dict()
    return json.dumps(spec)


def memory_of(deployed: Deployed, settings: ProcessSettings) -> int:
    """Return the cap of a process of the variant, MiB."""
    serverless = deployed.variant.serverless
    return serverless.memory_mb if serverless else settings.memory_mb


def owner_of(folder: Path) -> str:
    """Return whose user the processes have that read a generation's artefacts: the endpoint's."""
    return folder.parent.name


class Place:
    """Belongs to the hosting thread.

    slot       the process that is ready, for the router; None while there is none
    has_served whether there was ever such a process
    deaths     processes that ended one after the other without serving for long
    refusal    why it is of no use to try again: what the last process said, or that it took too long; None if nothing
    last_end   how the last process ended, with the last line of its log
    false_starts  processes that ended one after the other before they were ready
    """

    def __init__(
        self,
        deployed: Deployed,
        number: int,
        folder: Path,
        log: Path,
        tell: Callable[[Note], None] = lambda _: None,
    ) -> None:
        self.slot: WorkerSlot | None = None
        self.has_served = False
        self.deaths = 0
        self.refusal: Note | None = None
        self.last_end: Note | None = None
        self.false_starts = 0
        self.not_before = 0.0
        self.process: ModelProcess | None = None
        self._log = log
        self._tell = tell
        self._spec = folder / f"{deployed.variant.name}-{number}.json"
        self._deployed = deployed
        self._folder = folder
        self._started = 0.0
        self._is_condemned = False
        self._is_handed_out = False

    def tick(self, now: float, settings: ProcessSettings) -> None:
        """Look after the process once; times are of time.monotonic()."""
        if self.process is None:
            if now >= self.not_before:
                self._start(now, settings)
            return
        if self.slot is None:
            self._listen(self.process, settings)
        how = self._end(self.process, settings)
        if how is None and self.slot is None and now - self._started > settings.load_s:
            self.refusal = how = _ended(ProcessEnd.NOT_READY, seconds=settings.load_s)
        if how is not None:
            self._bury(self.process, now, how)

    def hand_out(self) -> WorkerSlot | None:
        """Return the slot for the router, which has the channel from now on, and closes it."""
        self._is_handed_out = self.slot is not None
        return self.slot

    @property
    def setback(self) -> Note | None:
        """Why it cannot be filled, if it never was and is not likely to be; None otherwise."""
        if self.has_served:
            return None
        return self.last_end if self.deaths >= MAX_DEATHS_AT_LOAD else self.refusal

    @property
    def why_empty(self) -> str:
        """Why it stays empty, a sentence without its full stop, if the last processes ended before they were ready; ""
        otherwise. Whoever invokes the endpoint reads it, so that it does not say what a log does."""
        last = self.last_end
        if last is None or self.slot is not None or self.false_starts < MAX_DEATHS_AT_LOAD:
            return ""
        return f"{in_log(last).rstrip('.')}, {self.false_starts} times in a row before it was ready"

    def most_mb(self, settings: ProcessSettings) -> float:
        """Return the memory in MiB that its process may hold, whatever the kernel counts of it (process/memory.py)."""
        return MARGIN * memory_of(self._deployed, settings)

    def descriptors(self) -> Iterator[int]:
        """Yield what becomes readable when there is something for `tick` to see."""
        if self.process is not None:
            yield self.process.pidfd
            if self.slot is None and not self.process.is_silent:
                yield self.process.channel.fileno()

    def vacate(self) -> ModelProcess | None:
        """Give up the process. One that serves is returned: it ends by itself once the router has closed its
        channel. One that the router does not know yet is ended here."""
        process, self.process = self.process, None
        if process is None or self._is_handed_out:
            return process
        process.channel.close()
        process.close()
        return None

    def _start(self, now: float, settings: ProcessSettings) -> None:
        self.refusal = None
        self._is_condemned = False
        try:
            self._spec.write_text(spec_of(self._deployed, self._folder, settings))
            self.process = ModelProcess(
                settings.program, self._spec, self._log, settings.environment
            )
        except OSError as error:
            self.false_starts += 1
            self._note_death(now, _ended(ProcessEnd.NOT_STARTED, error=DataValue(str(error))))
        else:
            self._tell(Note(NoteCode.PROCESS_STARTING))
        self._started = now

    def _listen(self, process: ModelProcess, settings: ProcessSettings) -> None:
        hello = process.hello()
        if hello is None:
            return
        if hello.failed:
            self.refusal = said(self._with_urls(hello.failed))
            return

        def condemn() -> None:
            self._is_condemned = self.process is process
            settings.wake()

        self.slot = WorkerSlot(next(_slot_numbers), process.channel, condemn)
        self._is_handed_out = False
        self.has_served = True
        self.false_starts = 0
        self._tell(Note(NoteCode.PROCESS_READY))
        _LOG.info("model process %d is ready (%s)", process.pid, self._spec.stem)

    def _with_urls(self, text: str) -> str:
        """Return a text with URLs in place of paths: where our folders are is not what the owner of an endpoint wants
        to know."""
        for container in self._deployed.containers:
            url = container.model_data_url
            text = text.replace(str(folder_of(url, self._folder)), url)
        return text

    def _end(self, process: ModelProcess, settings: ProcessSettings) -> Note | None:
        """Return how the process ended or why it is to be ended; None while neither."""
        code = process.exit_code()
        if code is not None:
            end = ProcessEnd.EXITED if code >= 0 else ProcessEnd.KILLED
            return _ended(end, number=abs(code))
        if process_memory_mb(process.pid) > self.most_mb(settings):
            return _ended(ProcessEnd.OVER_MEMORY)
        return _ended(ProcessEnd.SILENT) if self._is_condemned else None

    def _bury(self, process: ModelProcess, now: float, how: Note) -> None:
        self._tell(how)
        if not self._is_handed_out:
            process.channel.close()
        if self.slot is None:
            self.false_starts += 1
        elif now - self._started > _STEADY_S:
            self.deaths = 0
        process.close()
        self.process = self.slot = None
        self._is_handed_out = False
        last = self._last_line()
        facts = {**how.facts, "last_line": DataValue(last) if last else None}
        self._note_death(now, replace(how, facts=facts))

    def _note_death(self, now: float, how: Note) -> None:
        self.last_end = how
        _LOG.warning("%s: %s", self._spec.stem, in_log(how))
        self.not_before = now + _BACK_OFF_S[min(self.deaths, len(_BACK_OFF_S) - 1)]
        self.deaths += 1

    def _last_line(self) -> str:
        with self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, 2) - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
        last = [line for line in lines if line.strip()][-1:]
        return last[0].strip() if last else ""


def _ended(
    end: ProcessEnd,
    number: int | None = None,
    seconds: float | None = None,
    error: DataValue | None = None,
) -> Note:
    facts = {"end": str(end), "number": number, "seconds": seconds, "error": error}
    return Note(NoteCode.PROCESS_ENDED, facts)
