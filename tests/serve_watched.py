"""`windvane serve` with every answer watched: `serve_watched.py NOTES serve --data-dir ...`.

It is started by its path, and lies beside the packages of the tests, so that nothing but the program differs from the
command: environment, signals, children and exit codes are the server's own.
"""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.served import watch

from windvane.cli.main import main

if __name__ == "__main__":
    watch(Path(sys.argv.pop(1)))
    sys.exit(main())
