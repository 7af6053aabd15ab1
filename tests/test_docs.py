"""What the documentation shows is true: its configuration loads, its settings and links are real."""

import argparse
import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from windvane import settings
from windvane.domain.features import read_specification
from windvane.settings_file import read_settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")])


WHAT_PEOPLE_ASK = {
    # who knows neither machine learning nor AWS
    "What does this score mean?": "without a model",
    "What file do I need?": "one column with the",
    "How can a colleague use my model?": "address that takes rows",
    "Where do my data go?": "Nothing is\nsent anywhere",
    "What does ± mean?": "The standard error",
    "How do I get predictions for a file?": "gives it back with the predictions",
    # a data scientist
    "How do I keep it from using column X?": "*Ignore*",
    "Why did my job stop early?": "when its time is used",
    "How do I train again on new data?": "Retrain on new data",
    "How do I set my own threshold?": "WINDVANE_DECISION_THRESHOLD",
    "Can I download the model?": "which you download from the tab",
    "Are the scores honest?": "Every score comes from rows that the candidate was not trained on",
    # who runs a server
    "How do I rotate keys?": "windvane keys rotate",
    "How do I move the server to another machine?": "Copy the file to the new machine",
    "What if the disk is full?": "until there is space",
    "How do I upgrade, and can I go back?": "restoring the backup",
    "How do I give a colleague access?": "the colleague signs in to the console with that key",
    "How do I monitor it?": "monitor it with Prometheus",
}
"""What the answer within two clicks of the first page says."""


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def test_the_documented_configuration_loads(tmp_path):
    [example] = blocks(ROOT / "docs" / "configuration.md", "toml")
    (tmp_path / "windvane.toml").write_text(example)
    read = read_settings(tmp_path, tmp_path / "windvane.toml")
    assert read.store_url.startswith("postgresql://")
    assert read.s3.endpoint == "https://minio.example.org"
    assert read.keys[0].account == "111111111111"
    assert read.roles[0].write == ("results",)


def test_every_setting_is_documented_with_its_default():
    [example] = blocks(ROOT / "docs" / "configuration.md", "toml")
    documented = tomllib.loads(example)
    assert documented["limits"] == dataclasses.asdict(settings.LimitSettings())
    assert documented["audit"] == dataclasses.asdict(settings.AuditSettings())
    assert documented["engine"] == dataclasses.asdict(settings.EngineSettings())
    assert documented["exchange"] == dataclasses.asdict(settings.ExchangeSettings())
    assert documented["executor"] == dataclasses.asdict(settings.ExecutorSettings())
    assert documented["artifacts"] == dataclasses.asdict(settings.ArtifactSettings())
    own = {"host", "port", "account", "tls_cert", "tls_key", "address", "metrics"}
    assert set(documented["server"]) == own
    assert set().union(*documented["buckets"]) == {
        field.name for field in dataclasses.fields(settings.BucketSettings)
    }
    assert documented["serving"] == dataclasses.asdict(settings.ServingSettings())
    assert documented["scaling"] == dataclasses.asdict(settings.ScalingSettings())
    assert documented["logs"] == dataclasses.asdict(settings.LogSettings())
    trusted = {"trusted_accounts": tuple(documented["tracing"]["trusted_accounts"])}
    tracing = dataclasses.asdict(settings.TracingSettings())
    assert {**documented["tracing"], **trusted} == tracing
    mlflow = dataclasses.asdict(settings.MlflowSettings())
    assert {**documented["mlflow"], "accounts": tuple(documented["mlflow"]["accounts"])} == mlflow
    assert documented["events"] == dataclasses.asdict(settings.EventSettings())
    assert set(documented["console"]) == {
        field.name for field in dataclasses.fields(settings.ConsoleSettings)
    }
    for section, record in (
        ("s3", settings.S3Settings),
        ("accounts", settings.AccessKey),
        ("roles", settings.Role),
        ("webhooks", settings.Webhook),
    ):
        entry = documented[section] if section == "s3" else documented[section][0]
        assert set(entry) == {field.name for field in dataclasses.fields(record)}


def test_the_documented_feature_specification_is_one():
    [example] = blocks(ROOT / "docs" / "data.md", "json")
    read = read_specification(example.encode(), {"y": "the target"})
    assert read.features.names == ("age", "job", "zip")
    assert read.features.types == {"zip": "categorical"}
    assert read.group_column == "customer"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert all((page.parent / target).exists() for target in targets), targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    """As they stand, or below `windvane/`."""
    named = re.findall(r"`((?:\w+/)+\w+\.py)`", page.read_text())
    gone = [
        one for one in named if not any((at / one).exists() for at in (ROOT, ROOT / "windvane"))
    ]
    assert gone == []


def modules(folder):
    """Return the packages, and modules with their ending, that stand in a folder."""
    names = {path.name for path in folder.iterdir() if path.suffix in ("", ".py")}
    return names - {"__init__.py", "__pycache__"}


@pytest.mark.parametrize(("page", "folder"), [("architecture.md", ""), ("engine.md", "engine")])
def test_every_package_and_module_stands_in_the_table(page, folder):
    table = (ROOT / "docs" / page).read_text().split("|---|---|", 1)[1].split("\n\n", 1)[0]
    there = modules(ROOT / "windvane" / folder)
    named = set(
        re.findall(r"`(\w+(?:\.py)?)`", "".join(re.findall(r"^\|(.+?)\|", table, re.MULTILINE)))
    )
    beside = {"wording.py"} if not folder else set()  # in the row of `notes`
    assert named | beside == there


def test_every_file_of_a_job_is_documented_and_no_other():
    from windvane.domain.problem import Mode
    from windvane.work.layout import LAYOUT

    modes = {
        tuple(Mode): "all",
        (Mode.ENSEMBLING,): "ENSEMBLING",
        (Mode.AUTO, Mode.TUNING): "all but ENSEMBLING",
    }
    page = (ROOT / "docs" / "artefacts.md").read_text()
    documented = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| (.+) \|$", page, re.MULTILINE)
    listed = [(one.path, ", ".join(one.stages), modes[one.modes], one.holds) for one in LAYOUT]
    assert documented == listed


def test_every_file_of_a_forecasting_job_is_documented_and_no_other():
    from windvane.work.layout import FORECAST_LAYOUT

    _, page = (
        (ROOT / "docs" / "artefacts.md").read_text().split("## The files of a forecasting job")
    )
    table = page.split("\n## ")[0]
    documented = re.findall(r"^\| `([^`]+)` \| ([^|]+) \| (.+) \|$", table, re.MULTILINE)
    assert documented == [(one.path, ", ".join(one.stages), one.holds) for one in FORECAST_LAYOUT]


def test_every_operation_of_sts_iam_and_kms_is_documented_and_no_other():
    from windvane.api.identity import identity_operations
    from windvane.api.served import operations

    page = (ROOT / "docs" / "operations.md").read_text()
    rows = {**identity_operations(None), **operations(None)}
    for service in ("sts", "iam", "kms"):
        [row] = re.findall(rf"^\| {service}\b.*$", page, re.MULTILINE)
        served = {name for of, name in rows if of == service}
        assert set(re.findall(r"`([A-Z]\w+)`", row)) == served


def test_every_operation_of_our_own_is_documented_and_no_other():
    from windvane.api.permission_table import PERMISSIONS

    page = (ROOT / "docs" / "operations.md").read_text()
    [row] = re.findall(r"^\| windvane\b.*$", page, re.MULTILINE)
    own = {name for service, name in PERMISSIONS if service == "windvane"}
    assert set(re.findall(r"`([A-Z]\w+)`", row)) == own


def test_every_operation_that_is_served_is_documented_and_no_other():
    from windvane.api.served import operations

    page = (ROOT / "docs" / "operations.md").read_text()
    [scaling] = re.findall(r"^\| application-autoscaling\b.*$", page, re.MULTILINE)
    [alarms] = re.findall(r"^\| cloudwatch\b.*$", page, re.MULTILINE)
    others = "sts|iam|kms|application-autoscaling|cloudwatch|windvane"
    page = re.sub(rf"^\| ({others})\b.*$", "", page, flags=re.MULTILINE)
    documented = set(
        re.findall(r"`((?:Create|Describe|List|Stop|Update|Delete|Add)[A-Z]\w+)`", page)
    )
    by_service = {"sagemaker": set(), "logs": set()}
    for service, operation in operations(None):
        by_service.setdefault(service, set()).add(operation)
    logs = set(re.findall(r"`(\w+Log\w+)`", page))
    assert logs == by_service["logs"]
    assert documented - logs == by_service["sagemaker"]
    assert set(re.findall(r"`(\w+)`", scaling)) == by_service["application-autoscaling"]
    assert set(re.findall(r"`(\w+)`", alarms)) == by_service["cloudwatch"]


def test_the_documented_configuration_of_a_cluster_loads(tmp_path):
    example, data_parallel = blocks(ROOT / "docs" / "cluster.md", "toml")
    assert example.count("[executor]\n") == 1
    (tmp_path / "windvane.toml").write_text(example.replace("[executor]\n", data_parallel))
    read = read_settings(tmp_path, tmp_path / "windvane.toml")
    assert read.executor.is_ray
    assert read.executor.data_parallel_rows > 0
    assert read.exchange.is_store


def test_the_example_for_kubernetes_starts_what_there_is_and_offers_what_is_asked_for():
    from windvane.cli import cluster
    from windvane.executor.slot import RESOURCES, SOCKET

    file = ROOT / "examples" / "kuberay" / "cluster.yaml"
    told, policy = (one["spec"] for one in yaml.safe_load_all(file.read_text()))
    assert policy["policyTypes"] == ["Ingress"]
    assert told["authOptions"] == {"mode": "token"}
    assert told["headGroupSpec"]["rayStartParams"]["include-dashboard"] == "false"
    [workers] = told["workerGroupSpecs"]
    assert RESOURCES in workers["rayStartParams"]["resources"]
    ray, tasks = workers["template"]["spec"]["containers"]
    parser = argparse.ArgumentParser()
    cluster.add_parser(parser.add_subparsers())
    asked = parser.parse_args([*tasks["command"][1:], *tasks["args"]])
    assert asked.run is cluster.run_node
    assert ray["env"] == [{"name": SOCKET, "value": str(asked.socket)}]


def section(page, at):
    """The text of a page below one of its headings, as far as the next heading of the same rank; "" if it has none."""
    lines = page.read_text().split("\n")
    headings = {
        here: re.sub(r"[^\w\- ]", "", line.lstrip("#").lower()).strip().replace(" ", "-")
        for here, line in enumerate(lines)
        if re.match(r"#+ ", line)
    }
    begin = next((here for here, slug in headings.items() if slug == at), len(lines))
    rank = lines[begin].index(" ") if begin < len(lines) else 0
    ends = (one for one in headings if one > begin and lines[one].index(" ") <= rank)
    return "\n".join(lines[begin : next(ends, len(lines))])


def answers_linked_in(text):
    for name, at in re.findall(r"\]\(([\w-]+\.md)?(?:#([\w-]+))?\)", text):
        page = ROOT / "docs" / (name or "questions.md")
        if page.exists() and (name or at):
            yield section(page, at) if at else page.read_text()


def test_what_people_ask_is_answered_within_two_clicks_of_the_first_page():
    first = list(answers_linked_in((ROOT / "docs" / "index.md").read_text()))
    assert len(first) > 20
    assert all(first)
    # Whoever has to look through a long page has not found the answer.
    found = [one for one in first if len(one) < 4000]
    found += [two for one in found for two in answers_linked_in(one) if len(two) < 4000]
    lacking = [
        question
        for question, says in WHAT_PEOPLE_ASK.items()
        if not any(says in one for one in found)
    ]
    assert not lacking


def test_an_installation_has_the_files_that_pages_copy_from_it():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    brought = build["targets"]["wheel"]["shared-data"]
    there = {
        f"{target}/{file.relative_to(ROOT / source)}".removesuffix("/.")
        for source, target in brought.items()
        for file in [ROOT / source, *(ROOT / source).rglob("*")]
        if file.is_file()
    }
    named = {
        one
        for page in PAGES
        for one in re.findall(r"/opt/windvane/(share/[\w./-]+\.\w+)", page.read_text())
    }
    assert len(named) >= 3
    assert named <= there
    in_source = build["targets"]["sdist"]["include"]
    assert all(source.startswith(tuple(in_source)) for source in brought)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_within_lists_are_indented_as_a_whole(page):
    """Else the site shows an empty block, with its commands as prose."""
    found = re.findall(r"^( +)```\w+\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL)
    lines = [(indent, line) for indent, block in found for line in block.splitlines() if line]
    assert [line for indent, line in lines if not line.startswith(indent)] == []
