import subprocess
import sys

import pytest

_THREADS_ALLOCATE = """
import ctypes, sys, threading

libc = ctypes.CDLL(None)
if not hasattr(libc, "malloc_info"):
    print("another C library")
    raise SystemExit
{first}
libc.malloc.restype, libc.fopen.restype = ctypes.c_void_p, ctypes.c_void_p
together = threading.Barrier(4)

def allocate():
    together.wait()
    libc.malloc(ctypes.c_size_t(1000))
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def heaps_of_threads(first):
    program = [sys.executable, "-c", _THREADS_ALLOCATE.format(first=first)]
    said = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    if "another C library" in said:
        pytest.skip("it has one heap anyway")
    return said.count("<heap ")


def test_threads_share_a_heap_where_they_would_have_one_each():
    shared = "from windvane.process.heap import share_heap; share_heap()"
    assert heaps_of_threads("") > 1
    assert heaps_of_threads(shared) == 1
