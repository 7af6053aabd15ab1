"""`make conformance`: the data and the page from what tests wrote down.

    python -m conformance.write NOTES [--only-these]

--only-these keeps what the data say of tests that did not run.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance import covered
from conformance.members import served
from conformance.notes import ran_in, read_facts
from conformance.page import PAGE, page

from windvane import __version__


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notes", type=Path)
    parser.add_argument("--only-these", action="store_true")
    arguments = parser.parse_args()
    known = set(served())
    before, since = covered.read(), covered.read_since()
    shown = covered.merged(
        before if arguments.only_these else {},
        covered.shown_by(
            f for f in read_facts(arguments.notes) if (f.service, f.operation) in known
        ),
        ran_in(arguments.notes),
    )
    since = covered.with_new(since, before, shown, __version__)
    covered.write(shown)
    covered.write_since(since)
    PAGE.write_text(page(shown, since))
    print(f"{PAGE} and {covered.FILE} are written.")


if __name__ == "__main__":
    main()
