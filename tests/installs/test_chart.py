"""The chart passes Helm's own lint, and renders what Kubernetes' schemas allow and what is closed as it says."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from windvane import __version__
from windvane.cli import cluster, serve

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "packaging" / "chart"
PYTHON = ROOT / ".venv" / "chart" / "bin" / "python"
EVERYTHING = {
    "replicas": 3,
    "configSecret": "windvane-config",
    "masterKeySecret": "windvane-master-key",
    "tls": {"secret": "windvane-tls"},
    "ray": {"enabled": True, "tokenSecret": "windvane-token"},
    "persistence": {"storageClass": "fast"},
    "networkPolicy": {
        "from": [{"namespaceSelector": {"matchLabels": {"team": "ml"}}}],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}], "ports": [{"port": 5432}]}],
    },
}

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="Helm is in .venv/chart, which `sh scripts/setup.sh chart` makes"
)


def asked(values):
    command = [PYTHON, ROOT / "scripts" / "chart.py", "check"]
    told = json.dumps(values)
    return subprocess.run(
        command, input=told, capture_output=True, text=True, timeout=60, check=False
    )


def rendered(values):
    done = asked(values)
    assert done.returncode == 0, done.stderr
    return {(one["kind"], one["metadata"]["name"]): one for one in json.loads(done.stdout)}


def pod_of(resources):
    return resources["StatefulSet", "wv"]["spec"]["template"]["spec"]


def test_one_server_needs_no_values():
    resources = rendered({})
    assert set(resources) == {
        ("StatefulSet", "wv"),
        ("Service", "wv"),
        ("Service", "wv-servers"),
        ("NetworkPolicy", "wv"),
    }
    [server] = pod_of(resources)["containers"]
    assert "--insecure" in server["args"]
    assert server["readinessProbe"]["httpGet"]["scheme"] == "HTTP"


def test_servers_with_everything_are_closed_and_start_what_there_is():
    resources = rendered(EVERYTHING)
    pod = pod_of(resources)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers()
    serve.add_parser(commands)
    cluster.add_parser(commands)
    for container in (*pod["initContainers"], *pod["containers"]):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
    for container in pod["containers"]:
        parser.parse_args(container["args"])
        mounted = {one["name"] for one in container["volumeMounts"]}
        assert mounted == {"data", "tmp", "shm", "config", "tls", "token"}
    server = pod["containers"][0]
    assert "--insecure" not in server["args"]
    assert server["startupProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert resources["PodDisruptionBudget", "wv"]["spec"]["maxUnavailable"] == 1


def test_the_example_of_a_ray_cluster_lets_servers_in():
    example = yaml.safe_load_all((ROOT / "examples" / "kuberay" / "cluster.yaml").read_text())
    [policy] = [one["spec"] for one in example if one["kind"] == "NetworkPolicy"]
    labels = rendered(EVERYTHING)["StatefulSet", "wv"]["spec"]["template"]["metadata"]["labels"]
    let_in = [one["podSelector"]["matchLabels"] for one in policy["ingress"][0]["from"]]
    assert any(labels.items() >= wanted.items() for wanted in let_in)


def test_only_who_is_named_reaches_the_servers_and_is_reached():
    policy = rendered(EVERYTHING)["NetworkPolicy", "wv"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    [ingress] = policy["ingress"]
    servers = {"podSelector": policy["podSelector"]}
    assert ingress["from"] == [servers, *EVERYTHING["networkPolicy"]["from"]]
    assert policy["egress"][-1] == EVERYTHING["networkPolicy"]["egress"][0]


@pytest.mark.parametrize("left_out", ["configSecret", "masterKeySecret"])
def test_several_servers_without_what_they_share_are_refused(left_out):
    done = asked({**EVERYTHING, left_out: ""})
    assert done.returncode != 0
    assert left_out in done.stderr


def test_the_chart_is_of_this_version():
    told = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (told["version"], told["appVersion"]) == (__version__, __version__)
