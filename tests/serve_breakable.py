"""`windvane serve`, watched, whose model processes can be made to run what they should not: `serve_breakable.py NOTES serve
--data-dir ...`. The program of model processes is another (hostile/broken_instance.py), and nothing else: the server confines
them as it confines its own."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from conformance.served import watch

from windvane.assembly import processes
from windvane.cli.main import main
from windvane.work.hosting.hosting import Hosting

_PROGRAM = Path(__file__).parent / "hostile" / "broken_instance.py"

if __name__ == "__main__":
    watch(Path(sys.argv.pop(1)))
    processes.Hosting = partial(Hosting, program=(sys.executable, str(_PROGRAM)))
    sys.exit(main())
