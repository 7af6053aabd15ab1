"""The list of models, and how those that nothing uses are deleted from it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from api.records import finished_candidate, job_record
from api.world import IMAGE, OUTPUT, variant
from unit.console.desk import HOST, Answer, Desk, opened

from windvane.api.in_process import InProcessClient
from windvane.domain.candidate import Container


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opened(tmp_path) as made:
        yield made


def names(desk: Desk) -> list[str]:
    return re.findall(r'name="model" value="([^"]+)"', desk.get("/console/models").text)


def test_models_that_no_endpoint_uses_are_deleted_with_their_configurations(desk: Desk) -> None:
    world = desk.world
    for name in ("used", "free"):
        world.create_model(name)
        world.create_config(name, ProductionVariants=[variant("A", ModelName=name)])
    world.client().create_endpoint(EndpointName="live", EndpointConfigName="used")
    assert sorted(names(desk)) == ["free", "used"]
    chosen = [("model", "used"), ("model", "free")]
    asked = desk.post("/console/models/delete", chosen)
    assert "used : used by the endpoint live" in asked.words
    assert '<a href="/console/endpoints/live">' in asked.text
    assert "the endpoint configuration free, which no endpoint uses" in asked.words
    assert desk.post_as("/console/models/delete", [*chosen, ("confirm", "yes")]).status == 403
    assert sorted(names(desk)) == ["free", "used"]
    done = desk.post("/console/models/delete", [*chosen, ("confirm", "yes")])
    assert (done.status, done.headers["location"]) == (303, "/console/models?deleted=1")
    assert names(desk) == ["used"]
    configs = world.client().list_endpoint_configs()["EndpointConfigs"]
    assert [one["EndpointConfigName"] for one in configs] == ["used"]
    assert desk.post("/console/models/delete", []).status == 400


def test_a_name_that_no_model_has_is_told_from_there_being_none(desk: Desk) -> None:
    assert "No models" in desk.get("/console/models").words
    desk.world.create_model("used")
    page = desk.get("/console/models?name=zzz")
    assert "No matching models" in page.words
    assert "used" not in page.words
    assert '<a href="/console/endpoints" aria-current="page"' in page.text


def test_a_model_stays_whose_endpoint_runs_without_its_configuration(desk: Desk) -> None:
    world = desk.world
    world.create_model("used")
    world.create_config("c", ProductionVariants=[variant("A", ModelName="used")])
    world.client().create_endpoint(EndpointName="live", EndpointConfigName="c")
    world.client().delete_endpoint_config(EndpointConfigName="c")
    done = desk.post("/console/models/delete", [("model", "used"), ("confirm", "yes")])
    assert (done.status, "used : used by the endpoint live" in done.words) == (200, True)
    assert len(world.client().list_models()["Models"]) == 1


def test_a_model_is_listed_with_the_candidate_that_it_is(desk: Desk) -> None:
    world, artefact = desk.world, f"{OUTPUT}/churn/model.tar.gz"
    candidate = finished_candidate(world.clock(), containers=(Container(IMAGE, artefact),))
    world.insert(job_record(world.clock()), candidate)
    world.put(artefact)
    world.create_model("a", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": artefact})
    world.create_model("b")
    page = desk.get("/console/models")
    link = 'href="/console/jobs/churn/candidates/churn-001" title="churn-001">XGBoost 1</a>'
    assert page.text.count(link) == 1
    downloads = "archive of a , ONNX, reports … of a no endpoint"
    assert f"Select a a XGBoost 1 of churn {downloads}" in page.words
    assert "Select b b not known archive of b no endpoint" in page.words
    assert f'href="/console/files?uri={quote(artefact, safe="")}" download>' in page.text
    files = "/console/jobs/churn/candidates/churn-001/files"
    assert f'href="{files}#downloads"' in page.text
    assert f'href="/console/files?uri={quote(artefact, safe="")}"' in desk.get(files).text


def test_the_candidates_of_a_job_are_asked_for_once_for_all_its_models(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = desk.world
    world.insert(job_record(world.clock()))
    for index in range(1, 31):
        artefact = f"{OUTPUT}/churn/{index}/model.tar.gz"
        container = Container(IMAGE, artefact)
        world.insert(finished_candidate(world.clock(), index, containers=(container,)))
        world.put(artefact)
    world.put(f"{OUTPUT}/churn/gone/model.tar.gz")
    for part in (3, 30, "gone"):
        uri = f"{OUTPUT}/churn/{part}/model.tar.gz"
        primary = {"Image": IMAGE, "ModelDataUrl": uri}
        world.create_model(f"m-{part}", PrimaryContainer=primary)
    asked: list[str] = []
    ask = InProcessClient.ask

    async def counted(
        self: InProcessClient, caller: Any, service: str, name: str, told: Any
    ) -> Any:
        asked.append(name)
        return await ask(self, caller, service, name, told)

    monkeypatch.setattr(InProcessClient, "ask", counted)
    words = desk.get("/console/models").words
    assert "m-3 XGBoost 3 of churn" in words
    assert "m-30 XGBoost 30 of churn" in words
    assert "m-gone not known" in words
    assert asked.count("ListCandidatesForAutoMLJob") == 3, "30 candidates in pages of 10"


def test_models_that_two_delete_at_once_are_deleted_for_both(desk: Desk) -> None:
    for name in ("a", "b"):
        desk.world.create_model(name)
    fields = [("csrf_token", desk.csrf), ("model", "a"), ("model", "b"), ("confirm", "yes")]
    headers = {"content-type": "application/x-www-form-urlencoded", "origin": f"http://{HOST}"}

    async def both() -> list[Answer]:
        sent = urlencode(fields).encode()
        return list(
            await asyncio.gather(
                *(desk._send("POST", "/console/models/delete", sent, headers) for _ in range(2))
            )
        )

    assert [one.status for one in asyncio.run(both())] == [303, 303]
    assert names(desk) == []
