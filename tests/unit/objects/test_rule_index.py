"""Which rule comes first, and the index of rules against a look at each of them."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from windvane.objects.lifecycle import LifecycleFilter, LifecycleRule, days_over
from windvane.objects.records import Attributes, Version
from windvane.objects.rows import rules_to_json
from windvane.objects.rule_index import _KEPT_BYTES, KeptIndexes, RuleIndex

_WRITTEN = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
_VERSION = Version("b", "k", "null", True, False, 1, "", _WRITTEN, Attributes(), 1, 0, 1)


def test_the_earliest_rule_counts_and_says_when():
    late = LifecycleRule("late", enabled=True, expire_days=30)
    early = LifecycleRule("early", enabled=True, expire_date=datetime(2026, 1, 20, tzinfo=UTC))
    same = replace(early, name="same")
    off = LifecycleRule("off", enabled=False, expire_days=1)
    assert RuleIndex((late, early, same, off)).expiry_of(_VERSION) == (early.expire_date, early)
    assert RuleIndex((off,)).expiry_of(_VERSION) is None
    assert RuleIndex(()).expiry_of(replace(_VERSION, key="x")) is None


def test_a_version_is_found_as_by_a_look_at_each_rule():
    chance = random.Random(1)
    for _ in range(300):
        rules = [_any_rule(chance, n) for n in range(chance.randrange(12))]
        index = RuleIndex(rules)
        for _ in range(20):
            version = _any_version(chance)
            taken = [rule for rule in rules if rule.enabled and _takes(rule.filter, version)]
            ends = [
                *(days_over(_WRITTEN, rule.expire_days) for rule in taken if rule.expire_days),
                *(rule.expire_date for rule in taken if rule.expire_date),
            ]
            found = index.expiry_of(version)
            assert (found and found[0]) == min(ends, default=None)
            n_newer, now = chance.randrange(4), _WRITTEN + timedelta(days=chance.randrange(6))
            assert index.is_noncurrent_over(version, _WRITTEN, n_newer, now) == any(
                rule.noncurrent_days
                and n_newer >= (rule.noncurrent_kept or 0)
                and days_over(_WRITTEN, rule.noncurrent_days) <= now
                for rule in taken
            )
            assert index.removes_lone_marker(version) == any(
                rule.expire_lone_markers for rule in taken
            )
            uploads = [
                rule.abort_days
                for rule in rules
                if rule.enabled and rule.abort_days and version.key.startswith(rule.filter.prefix)
            ]
            assert index.abort_days(version.key) == min(uploads, default=None)


@pytest.mark.slow
def test_indexes_that_are_kept_are_of_the_rules_that_are_stored_and_few():
    kept = KeptIndexes()
    days = [rules_to_json((LifecycleRule("r" * 255, enabled=True, expire_days=n),)) for n in (1, 2)]
    first = kept.get(1, days[0])
    assert kept.get(1, days[0]) is first
    (end, _) = kept.get(1, days[1]).expiry_of(_VERSION)
    assert end == days_over(_WRITTEN, 2)
    for bucket in range(_KEPT_BYTES // len(days[0]) + 10):
        kept.get(bucket, days[0])
    assert kept._n_bytes == sum(len(text) for text, _ in kept._kept.values()) <= _KEPT_BYTES
    assert kept.get(1, days[0]) is not first


def _any_rule(chance, n):
    tags = {name: chance.choice("xy") for name in chance.sample("ab", chance.randrange(3))}
    prefix = "".join(chance.choices("pq", k=chance.randrange(3)))
    low, high = chance.choice((None, 0, 3)), chance.choice((None, 4, 9))
    abort = None
    if not tags and low is None and high is None:
        abort = chance.choice((None, 1, 2))
    return LifecycleRule(
        f"rule {n}",
        enabled=chance.random() < 0.9,
        filter=LifecycleFilter(prefix, tags, low, high),
        expire_days=chance.choice((None, 1, 2, 3)),
        expire_date=chance.choice((None, _WRITTEN + timedelta(days=chance.randrange(5)))),
        expire_lone_markers=chance.random() < 0.3,
        noncurrent_days=chance.choice((None, 1, 2)),
        noncurrent_kept=chance.choice((None, 1, 2)),
        abort_days=abort,
    )


def _any_version(chance):
    tags = {name: chance.choice("xy") for name in chance.sample("abc", chance.randrange(4))}
    is_marker = chance.random() < 0.2
    return replace(
        _VERSION,
        key="".join(chance.choices("pqr", k=chance.randrange(1, 4))),
        size=0 if is_marker else chance.choice((0, 1, 3, 4, 8, 9)),
        is_delete_marker=is_marker,
        attributes=Attributes(tags={} if is_marker else tags),
    )


def _takes(asked, version):
    if not version.key.startswith(asked.prefix):
        return False
    low, high = asked.size_greater_than, asked.size_less_than
    if version.is_delete_marker:
        return not asked.tags and low is None and high is None
    if any(version.attributes.tags.get(name) != value for name, value in asked.tags.items()):
        return False
    return (low is None or version.size > low) and (high is None or version.size < high)
