"""Pages follow what becomes of an endpoint by themselves."""

import pytest
from journeys.deploying import Deploying
from playwright.sync_api import expect

from benchmarks.packed import pack_model

READY_MS = 240_000


@pytest.fixture(scope="module")
def deploying(server, tmp_path_factory):
    parameters = {"num_iterations": 5, "learning_rate": 0.1}
    packed = pack_model(tmp_path_factory.mktemp("packed") / "model", parameters, n_rows=500)
    return Deploying(server, packed)


def test_another_model_is_seen_without_loading_the_page_again(deploying, page):
    deploying.create_config("model-before", deploying.whole())
    deploying.create_config("model-after", deploying.whole())
    deploying.create("replaced", "model-before")
    page.goto("/console/endpoints/replaced")
    models = page.get_by_role("region", name="Deployed models")
    expect(models).to_contain_text("model-before")
    page.evaluate("window.kept = true")

    deploying.sagemaker.update_endpoint(EndpointName="replaced", EndpointConfigName="model-after")
    expect(models).to_contain_text("model-after", timeout=READY_MS)
    expect(models).not_to_contain_text("model-before")
    assert page.evaluate("window.kept") is True
    deploying.wait("replaced")
    deploying.delete("replaced")


def test_the_page_of_the_server_shows_instances_as_they_come_and_go(deploying, page):
    page.goto("/console/")
    page.get_by_role("contentinfo").get_by_role("link", name="This server").click()
    page.get_by_role("heading", name="This server").wait_for()
    page.evaluate("window.kept = true")
    instance = page.get_by_role("region", name="Table of instances").get_by_role("row", name="seen")
    expect(instance).to_have_count(0)

    deploying.create_config("seen", deploying.whole())
    deploying.create("seen", "seen")
    expect(instance).to_contain_text("1 of 1", timeout=READY_MS)
    deploying.delete("seen")
    expect(instance).to_have_count(0, timeout=READY_MS)
    assert page.evaluate("window.kept") is True
