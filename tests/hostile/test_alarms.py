"""Alarms of somebody who may not have them, and very many alarms: each server looks at those of all accounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from api.accounts import Accounts, allow, deny
from api.alarmed import HIGH, STEPS, Alarmed
from api.world import OTHER_ACCOUNT, SCOPE, close, refusal

from windvane.domain.alarms import Alarm
from windvane.serving.readings import Snapshot


@pytest.fixture
def alarmed(tmp_path: Path) -> Iterator[Alarmed]:
    made = Alarmed(tmp_path)
    yield made
    close(made.world)


def test_alarms_need_permissions_of_their_own(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    own = "arn:aws:cloudwatch:us-east-1:*:alarm:mine-*"
    ann = accounts.client("cloudwatch", accounts.user("ann", allow("cloudwatch:*", own)))
    bob = accounts.client("cloudwatch", accounts.user("bob", allow("sagemaker:*")))
    cem = accounts.client(
        "cloudwatch", accounts.user("cem", allow("cloudwatch:*"), deny("cloudwatch:TagResource"))
    )
    mine, theirs = {**HIGH, "AlarmName": "mine-1"}, {**HIGH, "AlarmName": "theirs"}
    ann.put_metric_alarm(**mine)
    for client, given in ((ann, theirs), (bob, mine)):
        code, message = refusal(client.put_metric_alarm, **given)
        assert (code, "cloudwatch:PutMetricAlarm" in message) == ("AccessDenied", True)
    code, message = refusal(cem.put_metric_alarm, **theirs, Tags=[{"Key": "a", "Value": "b"}])
    assert (code, "cloudwatch:TagResource" in message) == ("AccessDenied", True)
    cem.put_metric_alarm(**theirs)
    code, _ = refusal(ann.delete_alarms, AlarmNames=["mine-1", "theirs"])
    assert code == "AccessDenied", "one of them is not hers"
    code, _ = refusal(ann.describe_alarms)
    assert code == "AccessDenied", "they may be anybody's"
    state = {"StateValue": "ALARM", "StateReason": "a test"}
    code, _ = refusal(ann.set_alarm_state, AlarmName="theirs", **state)
    assert code == "AccessDenied"
    ann.set_alarm_state(AlarmName="mine-1", **state)
    accounts.close()


def test_accounts_do_not_see_each_others_alarms(alarmed: Alarmed) -> None:
    alarmed.alarms.put_metric_alarm(**HIGH)
    arn = alarmed.told()["AlarmArn"]
    other = alarmed.world.client(OTHER_ACCOUNT, service="cloudwatch")
    assert other.describe_alarms()["MetricAlarms"] == []
    code, _ = refusal(other.list_tags_for_resource, ResourceARN=arn)
    assert code == "ResourceNotFoundException"
    code, _ = refusal(other.delete_alarms, AlarmNames=["high"])
    assert code == "ResourceNotFound"


def test_figures_are_asked_for_once_for_all_alarms_of_a_variant(alarmed: Alarmed) -> None:
    """Each time the event loop is asked, and every server that has instances."""
    alarmed.alarms.put_metric_alarm(**HIGH)
    with alarmed.world.store.transaction() as tx:
        high = tx.find(Alarm, SCOPE, "high")
        assert high is not None
        for n in range(200):
            tx.insert(replace(high, name=f"alarm-{n}"))
    asked: list[str] = []
    told = alarmed.snapshot

    def counted(scope: object, endpoint: str) -> Snapshot:
        asked.append(endpoint)
        return told(SCOPE, endpoint)

    alarmed.snapshot = counted  # type: ignore[assignment]
    alarmed.monitor = alarmed.another_monitor()
    alarmed.load(160)
    assert asked == ["e"]
    assert alarmed.state("alarm-199") == "ALARM"


def test_an_alarm_that_cannot_be_looked_at_keeps_no_other_back(alarmed: Alarmed) -> None:
    for name, endpoint in (("a-broken", "gone"), ("high", "e")):
        dimensions = [
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": "A"},
        ]
        alarmed.alarms.put_metric_alarm(**{**HIGH, "AlarmName": name, "Dimensions": dimensions})
    alarmed.load(160)
    assert (alarmed.state("a-broken"), alarmed.state()) == ("INSUFFICIENT_DATA", "ALARM")


def test_values_set_by_hand_that_no_metric_has_do_not_stop_an_alarm(alarmed: Alarmed) -> None:
    """A number beyond what a float holds once kept the alarm from ever being looked at again."""
    alarmed.register()
    average = {**STEPS["StepScalingPolicyConfiguration"], "MetricAggregationType": "Average"}
    policy = alarmed.policy(StepScalingPolicyConfiguration=average)
    alarmed.alarms.put_metric_alarm(**HIGH, AlarmActions=[policy])
    for values in ("1" + "0" * 400, "1.7e308, 1.7e308", "NaN"):
        alarmed.alarms.set_alarm_state(
            AlarmName="high",
            StateValue="ALARM",
            StateReason="a test",
            StateReasonData=f'{{"recentDatapoints": [{values}]}}',
        )
        alarmed.load(0)
        assert alarmed.state() == "INSUFFICIENT_DATA", "it was looked at"


@pytest.mark.parametrize("threshold", [1e308, -1e308])
def test_a_threshold_that_no_metric_comes_to_is_refused(alarmed: Alarmed, threshold: float) -> None:
    code, message = refusal(alarmed.alarms.put_metric_alarm, **{**HIGH, "Threshold": threshold})
    assert (code, "2^360" in message) == ("ValidationError", True)
