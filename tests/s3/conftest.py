"""One house a module: each test has a bucket of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from s3.house import S3House

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3House]:
    made = S3House(tmp_path_factory.mktemp("s3"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def s3(house: S3House) -> Any:
    return house.client()


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"bucket-{next(_NUMBERS)}"
    s3.create_bucket(Bucket=name)
    return name
