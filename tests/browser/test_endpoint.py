"""The page of an endpoint follows an update by itself."""

import pytest
from journeys.deploying import Deploying
from playwright.sync_api import expect

from benchmarks.packed import pack_model

READY_MS = 240_000


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    parameters = {"num_iterations": 5, "learning_rate": 0.1}
    return pack_model(tmp_path_factory.mktemp("packed") / "model", parameters, n_rows=500)


def test_another_model_is_seen_without_loading_the_page_again(server, packed, page):
    deploying = Deploying(server, packed)
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
