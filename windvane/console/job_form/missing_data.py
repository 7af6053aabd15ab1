"""What the form of a job says of data that are not there."""

from __future__ import annotations

import re

_UPLOAD = re.compile(r"s3://[^/]+/console/uploads/[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}/([^/]+)")


def about_missing_data(uri: str) -> str:
    """Return that nothing is at a location, and what would be right.

    >>> about_missing_data("s3://b/console/uploads/20260110T093000Z-0a1b2c3d/bank.csv")
    'The uploaded file bank.csv was deleted. Upload it again, or choose other data.'
    >>> about_missing_data("s3://b/bank/")
    'There are no files at s3://b/bank/. Enter the location of a file or folder that exists, or upload a file.'
    """
    if upload := _UPLOAD.fullmatch(uri):
        return f"The uploaded file {upload[1]} was deleted. Upload it again, or choose other data."
    return (
        f"There are no files at {uri}. Enter the location of a file or folder that exists, or upload a "
        "file."
    )
