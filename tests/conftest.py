"""Every answer of the service in every test is held against its service model: see conformance/watching.py."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

pytest.register_assert_rewrite("windvane.testing")

import fast  # noqa: E402
from conformance import session  # noqa: E402 - asserts of what is imported before the line above stay mute
from conformance.notes import Desk  # noqa: E402
from ordering import SharingFilesTogether, is_left_out, is_slow, must_be_quick, place  # noqa: E402

from windvane.engine.training.one_thread import one_thread  # noqa: E402

_DESK = pytest.StashKey[Desk]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--conformance-notes",
        metavar="FOLDER",
        help="keep what was asked and answered there (make conformance reads it)",
    )
    parser.addoption(
        "--fast",
        action="store_true",
        help="leave out the files that start servers, train models or take several seconds, and attacks",
    )


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until all is collected, of which nothing is garbage
    kept = config.getoption("--conformance-notes")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    if not kept:
        temporary = tempfile.TemporaryDirectory(prefix="windvane-notes-")
        config.add_cleanup(temporary.cleanup)
        kept = temporary.name
    config.stash[_DESK] = session.open_in(Path(kept).absolute() / worker)


@pytest.fixture(autouse=True)
def _umask_is_given_back() -> Generator[None]:
    """Commands that a test calls in this process set it for good, as they do in a process of their own."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Generator[None]:
    """As in the processes of a service or a job: threads of several processes of tests would wait for each other."""
    with one_thread():
        yield


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What `--fast` leaves out is not even imported."""
    return True if config.getoption("--fast") and is_left_out(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=place)
    if config.getoption("--fast"):
        config.hook.pytest_deselected(items=[item for item in items if is_slow(item)])
        items[:] = [item for item in items if not is_slow(item)]


def pytest_collection_finish() -> None:
    """Leave what was imported and collected to itself from now on: a collection of garbage in a fork of this process
    would have all its memory copied. Few collections are enough: many took a seventh of the tests' processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharingFilesTogether | None:
    return SharingFilesTogether(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    item.config.stash[_DESK].begin(item.nodeid.partition("[")[0])
    with fast.nothing_slow() if must_be_quick(item) else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    result = yield
    _check(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    result = yield
    _check(item)
    return result


def _check(item: pytest.Item) -> None:
    faults = item.config.stash[_DESK].new_faults()
    if faults:
        pytest.fail(
            "Answers that do not fit the service model:\n" + "\n".join(faults), pytrace=False
        )
