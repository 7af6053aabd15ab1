"""Keys of KMS in regions that nobody has heard of."""

from __future__ import annotations

from pathlib import Path

import pytest
from api.world import OTHER_ACCOUNT, build_world, close, refusal

from windvane.control.kms import keys, lookup


def test_keys_are_counted_over_regions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account had 10,000 in each, and there is a region of any name: all of them are read each minute, and while the
    server starts."""
    monkeypatch.setattr(keys, "MOST_KEYS", 2)
    world = build_world(tmp_path)
    for region in ("us-east-1", "us-east-2"):
        world.client(region=region, service="kms").create_key()
    third = world.client(region="us-east-3", service="kms")
    assert refusal(third.create_key)[0] == "LimitExceededException"
    assert third.list_keys()["Keys"] == []
    world.client(OTHER_ACCOUNT, service="kms").create_key()
    close(world)


def test_keys_that_the_service_makes_are_counted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked for `alias/aws/s3` in one region after another had a key made in each, without end."""
    monkeypatch.setattr(lookup, "MOST_KEYS", 2)
    world = build_world(tmp_path)
    for region in ("us-east-1", "us-east-2"):
        world.client(region=region, service="kms").describe_key(KeyId="alias/aws/s3")
    third = world.client(region="us-east-3", service="kms")
    assert refusal(third.describe_key, KeyId="alias/aws/s3")[0] == "NotFoundException"
    assert third.list_keys()["Keys"] == []
    world.client(service="kms", region="us-east-1").describe_key(KeyId="alias/aws/s3")
    close(world)
