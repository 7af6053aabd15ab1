"""Lint the chart, render it, hold what comes of it against the schemas of Kubernetes, or pack it.

.venv/chart/bin/python scripts/chart.py check < VALUES.json    what was rendered, as one JSON document
.venv/chart/bin/python scripts/chart.py pack FOLDER            the archive's path

Helm is the library of its own code that the package helm-python-sdk has, in an environment of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate
import yaml

CHART = Path(__file__).resolve().parents[1] / "packaging" / "chart"


def main() -> int:
    if sys.argv[1] == "pack":
        print(helm_python.package(CHART, destination=sys.argv[2]))
        return 0
    print(json.dumps(checked(json.load(sys.stdin))))
    return 0


def checked(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the chart renders with these values.

    raises    helm_python.HelmError, kubernetes_validate.ValidationError, ValueError for what lint finds
    """
    found = helm_python.lint(CHART, values, strict=True)
    if found["errors"]:
        raise ValueError("; ".join(found["errors"]))
    with helm_python.Chart.load(CHART) as chart:
        rendered = chart.render(values, name="wv", namespace="ml")
    resources = [one for text in rendered.values() for one in yaml.safe_load_all(text) if one]
    for one in resources:
        kubernetes_validate.validate(one, kubernetes_validate.latest_version(), strict=True)
    return resources


if __name__ == "__main__":
    sys.exit(main())
