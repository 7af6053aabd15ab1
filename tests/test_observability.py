"""The dashboard and the alerting rules ask for metrics and labels that exist."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DASHBOARD = json.loads((ROOT / "observability" / "grafana-dashboard.json").read_text())
[RULES] = yaml.safe_load((ROOT / "observability" / "alerts.yml").read_text())["groups"]
OF_PROMETHEUS = {"instance", "job", "le"}
OF_HISTOGRAMS = ("_bucket", "_count", "_sum")


def metrics():
    """Labels by metric, from the list that a journey holds to what a server answers."""
    rows = re.findall(
        r"^\| (`windvane_.*?) \|(.*?)\| ",
        (ROOT / "docs" / "configuration.md").read_text(),
        re.MULTILINE,
    )
    return {
        name: {label.strip() for label in labels.split(",") if label.strip()} | OF_PROMETHEUS
        for names, labels in rows
        for name in re.findall(r"`(\w+)`", names)
    }


EXPRESSIONS = [
    *((rule["alert"], rule["expr"]) for rule in RULES["rules"]),
    *(
        (panel["title"], target["expr"])
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    ),
]


@pytest.mark.parametrize(("of", "expression"), EXPRESSIONS)
def test_an_expression_asks_for_what_there_is(of, expression):
    known = metrics()
    for suffix in OF_HISTOGRAMS:
        known[f"windvane_request_seconds{suffix}"] = known["windvane_request_seconds"]
    found = set(re.findall(r"windvane_\w+", expression))
    assert found or of == "WindvaneDown"
    assert found <= set(known)
    labels = {
        *re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression),
        *(one.strip() for by in re.findall(r"by \(([^)]*)\)", expression) for one in by.split(",")),
    }
    for name in found:
        assert labels <= known[name], f"{name} of {of}"


def test_each_rule_says_what_to_do():
    for rule in RULES["rules"]:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "remedy"}


def test_settings_that_a_rule_names_are_settings():
    known = (ROOT / "docs" / "configuration.md").read_text()
    named = re.findall(r"\[(\w+)\] (\w+)", (ROOT / "observability" / "alerts.yml").read_text())
    assert named
    for section, entry in named:
        assert re.search(rf"^\[{section}\](?:\n(?!\[).*)*?\n{entry} =", known, re.MULTILINE), entry


def test_panels_have_places_of_their_own():
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({one["id"] for one in DASHBOARD["panels"]}) == len(places)
