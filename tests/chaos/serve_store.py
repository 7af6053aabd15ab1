"""An S3 store in a process of its own: `serve_store.py FOLDER ADDRESS` prints its endpoint and keys, and serves until SIGTERM."""

import signal
import sys
from pathlib import Path

from s3.served import ServedStore

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    store = ServedStore(Path(sys.argv[1]), sys.argv[2])
    connection = store.connection
    print(connection.endpoint, connection.access_key, connection.secret_key, flush=True)
    signal.sigwait({signal.SIGTERM})
    store.stop()
