"""What goes wrong: each a function of the place and of the server that it happens to, which returns once it is over."""

import os
import signal
import time
from pathlib import Path

from chaos.places import wait_until

HANGS_S = 12
"""Longer than the others take to see that a server is gone."""

STALLS_S = 5


def a_server_is_killed(_, server):
    server.kill()
    wait_until(lambda: not server.children(), 30)
    server.start()


def a_server_is_restarted(_, server):
    server.stop(within_s=60)
    server.start()


def a_server_hangs(_, server):
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(HANGS_S)
    server.process.send_signal(signal.SIGCONT)


def a_host_is_cut_off(_, server):
    with server.host.cut_off():
        time.sleep(HANGS_S)


def a_worker_is_killed(_, server):
    _kill_one_of(server, "windvane.work.workers.worker")


def the_zygote_is_killed(_, server):
    _kill_one_of(server, "windvane.executor.zygote_process")


def a_model_process_is_killed(_, server):
    _kill_one_of(server, "windvane.serving.instance")


def the_database_crashes(place, _):
    with place.postgres.stopped(signal.SIGQUIT):
        time.sleep(1)


def the_database_is_restarted(place, _):
    with place.postgres.stopped(signal.SIGINT):
        time.sleep(1)


def the_object_store_stalls(place, _):
    with place.store.stalled():
        time.sleep(STALLS_S)


FAULTS = (
    a_server_is_killed,
    a_host_is_cut_off,
    a_worker_is_killed,
    the_database_crashes,
    a_model_process_is_killed,
    the_object_store_stalls,
    the_zygote_is_killed,
    a_server_hangs,
    the_database_is_restarted,
    a_server_is_restarted,
)


def _kill_one_of(server, module):
    found = [pid for pid in sorted(server.children()) if module.encode() in _command(pid)]
    if found:
        os.kill(found[0], signal.SIGKILL)


def _command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
