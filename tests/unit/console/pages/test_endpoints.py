"""Pages of endpoints over the real operations; requests are counted by a real router without processes."""

import asyncio
import re
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from api.records import finished_candidate, job_record
from api.world import IMAGE, OUTPUT, SCOPE, build_parts, build_world, close, config_request, variant
from unit.console.desk import opened
from unit.console.test_charts import HOSTILE

from windvane.api.served import operations
from windvane.domain.candidate import Container
from windvane.domain.deployment import Deployed, Endpoint, EndpointStatus, Serverless, Variant
from windvane.domain.job import AutoMLJob
from windvane.domain.logs import endpoint_place, line_of
from windvane.notes.codes import NoteCode
from windvane.notes.note import Note, said
from windvane.serving.router import Router
from windvane.serving.routes import Route, VariantRoute
from windvane.serving.tally import Ended, Outcome
from windvane.settings import LimitSettings

URL = "/console/endpoints/live"
MODEL = f"{OUTPUT}/churn/tuning/x/churn-001/output/model.tar.gz"
CONTAINER = Container("image", MODEL)


@pytest.fixture
def router():
    """Bound to a loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    made = Router()

    async def bind():
        made.bind()

    asyncio.run_coroutine_threadsafe(bind(), loop).result(240)
    yield made
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def world(tmp_path, console, router):
    folder = tmp_path / "world"
    folder.mkdir()
    made = build_world(folder)
    parts = build_parts(made.store, made.artifacts, made.clock, LimitSettings())
    console.operations.update(operations(replace(parts, router=router)))
    yield made
    close(made)


def an_endpoint(world, name="live", **changes):
    """In service with the variants A (weight 3, two instances) and B (serverless)."""
    variants = (
        Variant("A", "m", 2, 3.0, "ml.m5.large"),
        Variant("B", "m", 0, 1.0, "", Serverless(2048, 8, 1)),
    )
    deployed = tuple(Deployed(one, (CONTAINER,)) for one in variants)
    fields = {
        "scope": SCOPE,
        "name": name,
        "created": world.clock(),
        "modified": world.clock(),
        "config_name": "c",
        "generation": 1,
        "desired": deployed,
        "running": deployed,
        "running_config_name": "c",
        "running_generation": 1,
        "status": EndpointStatus.IN_SERVICE,
    }
    return Endpoint(**(fields | changes))


@pytest.fixture
def live(world):
    world.insert(an_endpoint(world))
    return world


def stored(world, name="live"):
    with world.store.snapshot() as tx:
        return tx.find(Endpoint, SCOPE, name)


def publish(router, name="live", *ended):
    """The endpoint is hosted, and these requests have ended."""
    routes = tuple(VariantRoute(f"{name}/{one}", one, 1.0, 1, "primary", ()) for one in ("A", "B"))
    router.publish({(SCOPE, name): Route(SCOPE, name, routes)})
    done = threading.Event()

    def note():
        for one in ended:
            router._endpoints[SCOPE, name].activity.note(one)
        done.set()

    router._loop.call_soon_threadsafe(note)
    assert done.wait(240)


def ended(outcome=Outcome.ANSWERED, status=200, name="A", seconds=0.02):
    return Ended(time.time(), name, outcome, status, seconds, 2500, 17)


def text_of(answer):
    """What is read, without tags and line breaks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_without_endpoints_the_list_leads_to_the_first_job(world, browser):
    answer = browser.get("/console/endpoints")
    assert (answer.status, "No endpoint yet" in answer.text) == (200, True)
    assert 'href="/console/new"' in answer.text


def test_a_list_whose_last_endpoint_was_deleted_says_so(tmp_path):
    """The page that was open meanwhile gets the rows alone."""
    with opened(tmp_path) as desk:
        [rows] = desk.watch("/console/endpoints-live", 1)["rows"]
    assert "No endpoint is left." in rows


def test_the_list_tells_of_state_variants_and_requests(live, router, browser):
    publish(router, "live", ended(), ended(Outcome.MODEL_ERROR, 500))
    live.insert(
        an_endpoint(live, "bad", running=(), status=EndpointStatus.FAILED, failure=said("No luck."))
    )
    told = text_of(browser.get("/console/endpoints"))
    assert "live In service A 75 % · 2 instances B 25 % · serverless" in told
    assert "1 (50 %)" in told
    assert "bad No luck. Failed" in told


def test_the_list_is_filtered_sorted_and_paged(world, browser):
    for place in range(30):
        world.insert(an_endpoint(world, f"e{place:02}"))
    world.insert(an_endpoint(world, "bad", status=EndpointStatus.FAILED))

    def names(query):
        page = browser.get(f"/console/endpoints?{query}").text
        return re.findall(r'href="/console/endpoints/([\w-]+)">', page), page

    first, page = names("sort=name&order=asc&name=e")
    assert first == [f"e{place:02}" for place in range(25)]
    following = re.search(r'href="/console/endpoints\?([^"]+)">Next page', page)[1]
    assert names(following.replace("&amp;", "&"))[0] == [f"e{place:02}" for place in range(25, 30)]
    assert names("status=Failed")[0] == ["bad"]
    assert "No endpoint matches these filters." in names("name=nothing")[1]


def test_the_page_tells_of_variants_and_where_they_can_be_tried(live, browser):
    answer = browser.get(URL)
    told = text_of(answer)
    assert "A 3 75 % 2" in told
    assert "B 1 25 % serverless, at most 8 concurrent, 1 provisioned, 2,048 MB each" in told
    for page in ("try", "change", "delete"):
        assert f'href="{URL}/{page}"' in answer.text


def test_what_is_asked_for_stands_beside_what_is(live, browser):
    endpoint = stored(live)
    wanted = replace(endpoint.desired[0], variant=Variant("A", "m", 5, 0.5, "ml.m5.large"))
    live.update(
        replace(
            endpoint,
            desired=(wanted, endpoint.desired[1]),
            status=EndpointStatus.UPDATING,
            is_rescaling=True,
        )
    )
    told = text_of(browser.get(URL))
    assert "Updating" in told
    assert "A 3 → becomes 0.5 75 % 2 → becomes 5" in told


def test_of_an_endpoint_that_failed_there_is_the_reason_and_the_way_out(world, browser):
    world.insert(
        an_endpoint(world, running=(), status=EndpointStatus.FAILED, failure=said("No luck."))
    )
    page = browser.get(URL).text
    assert "No luck." in page
    assert f'href="{URL}/delete"' in page
    assert f'href="{URL}/try"' not in page
    assert "Requests over time" not in page


def test_an_endpoint_on_its_way_shows_what_is_to_run(world, browser):
    world.insert(an_endpoint(world, running=(), status=EndpointStatus.CREATING))
    told = text_of(browser.get(URL))
    assert "Creating" in told
    assert "A 0 → becomes 3" in told


def test_requests_are_shown_by_what_became_of_them(live, router, browser):
    requests = [ended(), ended(Outcome.CLIENT_ERROR, 406, "B"), ended(Outcome.TURNED_AWAY, 429)]
    publish(router, "live", *requests, ended(Outcome.MODEL_ERROR, 0))
    answer = browser.get(URL)
    told = text_of(answer)
    assert "Errors 3 75 %" in told
    assert re.search(r"minute 4 \S+ 1 1 1", told)
    assert re.search(r"A Model error none \d+\.\d ms 2\.5 kB 17 B", told)
    assert "B Rejected (4xx) 406" in told
    assert answer.text.count('role="img"') == 2


def test_charts_reach_back_an_hour_if_asked_to(live, router, browser):
    publish(router, "live", ended())
    assert "Requests per 10 s" in browser.get(URL).text
    page = browser.get(f"{URL}?minutes=60").text
    assert "Requests per minute" in page
    assert f'sse-connect="{URL}/live?minutes=60"' in page
    assert "Requests per 10 s" in browser.get(f"{URL}?minutes=1e9").text


def test_models_lead_to_the_candidate_whose_artefacts_they_have(live, browser):
    live.insert(
        job_record(live.clock()),
        finished_candidate(live.clock(), containers=(CONTAINER,)),
    )
    live.put(MODEL)
    live.put(f"{OUTPUT}/elsewhere.tar.gz")
    for name, uri in (("m", MODEL), ("n", f"{OUTPUT}/elsewhere.tar.gz")):
        container = {"Image": IMAGE, "ModelDataUrl": uri}
        live.create_model(name, PrimaryContainer=container)
    variants = [variant("A"), variant("B", ModelName="n")]
    live.client().create_endpoint_config(**config_request(ProductionVariants=variants))
    answer = browser.get(URL)
    link = 'href="/console/jobs/churn/candidates/churn-001" title="churn-001">XGBoost 1<'
    assert link in answer.text
    assert link in browser.get(f"{URL}/variants/B").text
    assert "n These artefacts do not belong to any candidate of a job." in text_of(answer)


def test_a_candidate_that_went_meanwhile_keeps_its_full_name(live, console, browser):
    live.insert(
        job_record(live.clock()),
        finished_candidate(live.clock(), containers=(CONTAINER,)),
    )
    live.put(MODEL)
    live.create_model("m", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": MODEL})
    live.client().create_endpoint_config(**config_request(ProductionVariants=[variant("A")]))
    describe = console.operations["windvane", "DescribeCandidate"]

    def of_a_job_that_was_deleted(call):
        with live.store.transaction() as tx:
            tx.delete(tx.find(AutoMLJob, SCOPE, "churn"))
        return describe(call)

    console.operations["windvane", "DescribeCandidate"] = of_a_job_that_was_deleted
    answer = browser.get(URL)
    assert (answer.status, 'title="churn-001">churn-001<' in answer.text) == (200, True)


def test_what_was_deleted_is_said_to_be(live, browser):
    assert "c (deleted; the endpoint keeps running)" in text_of(browser.get(URL))


def test_the_log_and_what_it_says_of_changes(live, browser):
    place = endpoint_place(stored(live), 1, "A", 0)
    became = {
        status: Note(NoteCode.ENDPOINT_IS, {"endpoint": "live", "status": status})
        for status in ("Failed", "InService")
    }
    weights = {"before": {"weight": 1.0}, "after": {"weight": 3.0}}
    lines = [
        line_of(Note(NoteCode.PROCESS_STARTING)),
        line_of(Note(NoteCode.ENDPOINT_UPDATING, {"config": "d"})),
        line_of(Note(NoteCode.VARIANT_RESCALED, {"variant": "A", **weights})),
        line_of(became["InService"]),
    ]
    with live.store.transaction() as tx:
        tx.log(place, [line_of(became["Failed"])], live.clock.now.replace(year=2020))
        tx.log(place, lines, live.clock.advance())
        tx.log(endpoint_place(stored(live), 1, "B", 0), lines[-1:], live.clock.now)
    page = browser.get(URL).text
    history = text_of(
        SimpleNamespace(text=re.search(r'class="history">(.*?)</ol>', page, re.DOTALL)[1])
    )
    assert history.count("The endpoint live is InService.") == 1
    assert "Variant A: weight 1 becomes 3." in history
    assert "Updating to the endpoint configuration d." in history
    assert "Created." in history
    assert "model process" not in history
    assert "Starting a model process." in page
    assert "is Failed" not in page


@pytest.mark.parametrize("hostile", HOSTILE)
def test_reasons_stay_text(live, browser, hostile):
    live.insert_anew(
        replace(
            stored(live),
            status=EndpointStatus.FAILED,
            failure=said(hostile.encode("utf-8", "replace").decode()),
        )
    )
    for path in ("/console/endpoints", URL):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert '"onload="' not in page


@pytest.mark.parametrize("path", ["", "/change", "/delete", "/live"])
def test_an_endpoint_that_there_is_not(world, browser, path):
    answer = browser.get(f"/console/endpoints/nope{path}")
    if path == "/live":
        assert "event: end" in answer.text
    else:
        assert answer.status == 404
        assert "There is no endpoint called nope in this account and region." in answer.text


def test_a_page_that_is_watched_ends_with_its_endpoint(live, console, browser):
    figures = console.operations["windvane", "DescribeEndpointFigures"]

    def last_look(call):
        answer = figures(call)
        with live.store.transaction() as tx:
            tx.delete(stored(live))
        return answer

    console.operations["windvane", "DescribeEndpointFigures"] = last_look
    stream = browser.get(f"{URL}/live").text
    assert "event: variants" in stream
    places = [stream.index(one) for one in ("In service", "Deleted", "This endpoint was deleted")]
    assert places == sorted(places)
    assert stream.endswith("event: end\ndata: gone\n\n")


def test_a_variant_that_is_scaled_automatically_says_between_what(live, browser):
    assert "scaled automatically" not in browser.get(URL).text
    live.client(service="application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/live/variant/A",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=4,
    )
    text = browser.get(URL).text
    assert text.count("scaled automatically from 1 to 4") == 1


def test_weights_and_capacities_are_changed(live, browser):
    browser.get(f"{URL}/change")
    fields = {
        "weight-0": "0.5",
        "instances-0": "3",
        "weight-1": "2",
        "concurrency-1": "9",
        "provisioned-1": "2",
    }
    answer = browser.post(f"{URL}/change", fields)
    assert (answer.status, answer.headers["location"]) == (303, URL)
    endpoint = stored(live)
    assert endpoint.status is EndpointStatus.UPDATING
    a, b = (one.variant for one in endpoint.desired)
    assert (a.weight, a.instance_count) == (0.5, 3)
    assert (b.weight, b.serverless) == (2.0, Serverless(2048, 9, 2))


FORM = {
    "weight-0": "3",
    "instances-0": "2",
    "weight-1": "1",
    "concurrency-1": "8",
    "provisioned-1": "1",
}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"weight-0": "much"}, "This must be a number, such as 0.5."),
        ({"weight-0": "nan"}, "This must be a number, such as 0.5."),
        ({"instances-0": "1.5"}, "This must be a whole number."),
        ({"instances-0": ""}, "This must be a whole number."),
        (
            {"weight-0": "0", "weight-1": "0"},
            "At least one variant must have a DesiredWeight above 0.",
        ),
        ({"instances-0": "1000"}, "account-level service limit"),
        ({"provisioned-1": "9"}, "must be at most its MaxConcurrency, 8."),
        ({"provisioned-1": "0"}, "provisionedConcurrency"),
    ],
)
def test_what_cannot_be_changed_is_told_and_kept_in_the_form(live, browser, changes, sentence):
    before = stored(live)
    browser.get(f"{URL}/change")
    answer = browser.post(f"{URL}/change", FORM | changes)
    assert answer.status == 400
    assert sentence in text_of(answer)
    for name, value in (FORM | changes).items():
        assert re.search(rf'name="{name}"[^>]* value="{re.escape(value)}"', answer.text)
    assert stored(live) == before


def test_an_endpoint_that_is_changing_cannot_be_changed(live, browser):
    live.update(replace(stored(live), status=EndpointStatus.UPDATING))
    assert "It can be changed once it is InService." in browser.get(f"{URL}/change").text
    answer = browser.post(f"{URL}/change", FORM)
    assert (answer.status, "Cannot update in-progress endpoint" in answer.text) == (400, True)


def with_config(world):
    world.create_model()
    world.create_config()


def with_two_variants(world):
    """The configuration of the endpoint, as it was created."""
    world.create_model()
    world.create_config(
        ProductionVariants=[
            variant("A", InitialInstanceCount=2, InitialVariantWeight=3.0),
            variant("B"),
        ]
    )


@pytest.mark.parametrize(("do", "left"), [("keep", "B"), ("remove", "A")])
def test_one_of_several_variants_is_removed_or_kept_alone(live, browser, do, left):
    with_two_variants(live)
    page = browser.get(f"{URL}/variants/B")
    assert "Variants compared over the last five minutes B A" in text_of(page)
    assert f'href="{URL}/variants/B"' in browser.get(URL).text
    answer = browser.post(f"{URL}/variants/B", {"do": do})
    assert (answer.status, answer.headers["location"]) == (303, URL)
    [one] = stored(live).desired
    assert one.variant.name == left
    assert one.variant.weight == {"A": 3.0, "B": 1.0}[left]


def shadowed(world):
    """The endpoint with A answering and B as its shadow."""
    world.create_model()
    world.create_config(ProductionVariants=[variant("A")], ShadowProductionVariants=[variant("B")])
    endpoint = stored(world)
    with world.store.transaction() as tx:
        tx.update(replace(endpoint, desired_shadow="B", running_shadow="B"))


@pytest.mark.parametrize(("do", "left"), [("keep", "B"), ("remove", "A")])
def test_a_shadow_is_promoted_or_removed(live, browser, do, left):
    shadowed(live)
    assert "B is promoted if it is kept" in text_of(browser.get(f"{URL}/variants/B"))
    assert browser.post(f"{URL}/variants/B", {"do": do}).status == 303
    endpoint = stored(live)
    assert [one.variant.name for one in endpoint.desired] == [left]
    assert (endpoint.desired_shadow, endpoint.running_shadow) == ("", "B")


def test_the_answers_of_a_shadow_are_compared_on_the_page(live, router, browser):
    hostile = "<script>alert(1)</script>"
    shadowed(live)
    routes = tuple(VariantRoute(f"live/{one}", one, 1.0, 1, "primary", ()) for one in ("A", "B"))
    router.publish({(SCOPE, "live"): Route(SCOPE, "live", routes, shadow="B")})
    done = threading.Event()

    def compare():
        compared = router._endpoints[SCOPE, "live"].compared
        compared.copied, compared.failed, compared.left_out = 4, 1, 7
        compared.add(["yes", "no", hostile], ["yes", "yes", "no"])
        done.set()

    router._loop.call_soon_threadsafe(compare)
    assert done.wait(60)
    answer = browser.get(URL)
    told = text_of(answer)
    assert "Shadow B Promote or remove" in told
    assert "Same answer 33.3 % Rows compared 3 Requests copied 4 Not answered 1" in told
    assert "7 requests were not copied" in told
    assert "no yes 1" in told
    assert hostile not in answer.text
    assert re.search(r"B shadow .* 33.3 % copied", told)


def test_a_configuration_with_fewer_variants_has_the_tags_of_the_one_before(live, browser):
    with_two_variants(live)
    client, tags = live.client(), [{"Key": "cost", "Value": "7"}]
    [before] = client.list_endpoint_configs()["EndpointConfigs"]
    client.add_tags(ResourceArn=before["EndpointConfigArn"], Tags=tags)
    browser.get(URL)
    assert browser.post(f"{URL}/variants/B", {"do": "keep"}).status == 303
    [now] = {
        one["EndpointConfigArn"] for one in client.list_endpoint_configs()["EndpointConfigs"]
    } - {before["EndpointConfigArn"]}
    assert client.list_tags(ResourceArn=now)["Tags"] == tags


def test_what_cannot_be_done_with_a_variant_is_told(live, browser):
    with_two_variants(live)
    before = stored(live)
    browser.get(URL)
    assert browser.post(f"{URL}/variants/B", {"do": "other"}).status == 400
    assert browser.get(f"{URL}/variants/C").status == 404
    live.update(replace(before, status=EndpointStatus.UPDATING))
    assert browser.post(f"{URL}/variants/B", {"do": "keep"}).status == 400
    assert stored(live).desired == before.desired
    browser.csrf = "forged"
    assert browser.post(f"{URL}/variants/B", {"do": "keep"}).status == 403


def test_nothing_is_deleted_unless_its_name_is_typed(live, browser):
    browser.get(f"{URL}/delete")
    for typed in ("", "Live", "other"):
        answer = browser.post(f"{URL}/delete", {"confirm": typed})
        assert (answer.status, "Nothing was deleted" in answer.text) == (400, True)
    assert stored(live).status is EndpointStatus.IN_SERVICE


def test_an_endpoint_is_deleted_alone(live, browser):
    with_config(live)
    browser.get(f"{URL}/delete")
    answer = browser.post(f"{URL}/delete", {"confirm": "live"})
    assert (answer.status, answer.headers["location"]) == (303, "/console/endpoints?deleted=live")
    assert stored(live).status is EndpointStatus.DELETING
    assert live.client().describe_endpoint_config(EndpointConfigName="c")
    assert live.client().describe_model(ModelName="m")
    assert "Endpoint live is being deleted" in browser.get(answer.headers["location"]).text


def test_an_endpoint_is_deleted_with_what_it_was_made_from(live, browser):
    with_config(live)
    browser.get(f"{URL}/delete")
    fields = {"confirm": "live", "with_config": "yes", "with_models": "yes"}
    assert browser.post(f"{URL}/delete", fields).status == 303
    assert live.client().list_endpoint_configs()["EndpointConfigs"] == []
    assert live.client().list_models()["Models"] == []


def test_what_another_endpoint_uses_is_kept_when_an_endpoint_is_deleted(live, browser):
    with_config(live)
    live.insert(an_endpoint(live, "other"))
    page = text_of(browser.get(f"{URL}/delete"))
    assert (
        "because other endpoints use them: the model m (other); the configuration c (other)" in page
    )
    fields = {"confirm": "live", "with_config": "yes", "with_models": "yes"}
    assert browser.post(f"{URL}/delete", fields).status == 303
    assert live.client().list_models()["Models"]
    assert live.client().list_endpoint_configs()["EndpointConfigs"]


def test_strangers_see_nothing(live, console):
    for path in ("/console/endpoints", URL, f"{URL}/change", f"{URL}/live"):
        assert console.browser().get(path).status == 303
