"""Tags and bucket owners in their tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from windvane.domain.resource import Resource
from windvane.names import Scope
from windvane.names import arn as arn_of
from windvane.store.rows import Rows
from windvane.store.schema import BUCKETS, TAGS
from windvane.store.times import to_micros


class TagRows(Rows):
    """The part of a Transaction that is about tags."""

    def tags(self, arn: str) -> dict[str, str]:
        found = select(TAGS.c.key, TAGS.c.value).where(TAGS.c.arn == arn.lower())
        return dict(self._connection.execute(found.order_by(TAGS.c.key)).all())

    def tags_of(self, arns: Iterable[str]) -> dict[str, dict[str, str]]:
        asked_for = {arn.lower(): arn for arn in arns}
        columns = TAGS.c
        found = (
            select(columns.arn, columns.key, columns.value)
            .where(columns.arn.in_(sorted(asked_for)))
            .order_by(columns.arn, columns.key)
        )
        tags: dict[str, dict[str, str]] = {}
        for arn, key, value in self._connection.execute(found):
            tags.setdefault(asked_for[arn], {})[key] = value
        return tags

    def tag_values(self, kind: type[Resource], scope: Scope, key: str) -> dict[str, int]:
        # The ARNs of a kind in a scope begin alike, and tags go with their record: only tags are looked at.
        start = arn_of(scope, str(kind.kind), "")
        end = start[:-1] + chr(ord(start[-1]) + 1)
        counted = (
            select(TAGS.c.value, func.count())
            .where(TAGS.c.key == key, TAGS.c.arn >= start, TAGS.c.arn < end)
            .group_by(TAGS.c.value)
            .order_by(TAGS.c.value)
        )
        return dict(self._connection.execute(counted).all())

    def set_tags(self, arn: str, tags: dict[str, str]) -> None:
        self.remove_tags(arn, tags)
        rows = [{"arn": arn.lower(), "key": key, "value": value} for key, value in tags.items()]
        if rows:
            self._connection.execute(insert(TAGS), rows)

    def remove_tags(self, arn: str, keys: Iterable[str]) -> None:
        gone = TAGS.c.key.in_(list(keys))
        self._connection.execute(delete(TAGS).where(TAGS.c.arn == arn.lower(), gone))


class BucketRows(Rows):
    """The part of a Transaction that is about who owns a bucket."""

    def bucket_owner(self, bucket: str) -> str | None:
        owner = select(BUCKETS.c.account).where(BUCKETS.c.bucket == bucket)
        return self._connection.execute(owner).scalar()

    def claim_bucket(self, bucket: str, account: str, now: datetime) -> str:
        owner = self.bucket_owner(bucket)
        if owner is not None:
            return owner
        row = {"bucket": bucket, "account": account, "created": to_micros(now)}
        self._connection.execute(insert(BUCKETS).values(**row))
        return account

    def release_bucket(self, bucket: str) -> None:
        self._connection.execute(delete(BUCKETS).where(BUCKETS.c.bucket == bucket))

    def buckets(self, account: str) -> list[str]:
        owned = select(BUCKETS.c.bucket).where(BUCKETS.c.account == account)
        return list(self._connection.execute(owned.order_by(BUCKETS.c.bucket)).scalars())
