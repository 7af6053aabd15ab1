"""The console for a user: it shows and does what the user may, and says AWS's own sentence where it may not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.accounts import (
    ACCOUNT,
    OTHER_ROOT,
    ROOT,
    Accounts,
    allow,
    deny,
    document,
    keys_of,
    trust,
)
from api.identities import SECRET, permit_of
from api.records import JOB_ARN, finished_candidate, job_record
from api.test_endpoints import in_service
from api.world import IMAGE, INPUT, MODEL_DATA, OUTPUT, ROLE, build_parts, variant
from unit.console.board import judged_two
from unit.console.browsing import Browser

from windvane.api.authenticator import Authenticator, Session
from windvane.api.identity import identity_operations
from windvane.api.in_process import InProcessClient
from windvane.api.served import operations
from windvane.api.sign_ins import SignIns
from windvane.artifacts.base import parse_location
from windvane.artifacts.mapped import BucketMap
from windvane.console.job.tags import ARCHIVED, PROJECT
from windvane.console.job_form.default_limits import DefaultLimits
from windvane.console.security import Hosts
from windvane.console.site import Site, SiteServices
from windvane.control.identity.overviews import IdentityOverviews
from windvane.control.object_uses import ObjectUses
from windvane.control.objects import Objects
from windvane.control.one_time_tokens import OneTimeTokens
from windvane.domain.candidate import Container, StepStatus, TransformJob
from windvane.domain.deployment import Endpoint, EndpointConfig, EndpointStatus, Model
from windvane.domain.job import JobStatus
from windvane.domain.problem import ProblemType
from windvane.domain.resource import Kind
from windvane.engine.quality.assess import assess
from windvane.engine.quality.statistics import Times
from windvane.errors import AccessDenied, DoesNotExist
from windvane.names import Scope, arn
from windvane.settings import LimitSettings
from windvane.wire.call import Call, Caller
from windvane.wire.failures import FailureCounter

REGION = "us-east-1"
DATA = f"{INPUT}a.csv"
CONSOLE = f"s3://sagemaker-{REGION}-{ACCOUNT}/console"
UPLOAD = f"{CONSOLE}/uploads/20260102T000000Z-0a1b2c3d/new.csv"
BATCH = "20260102T030405Z-0a1b2c3d"
SCHEMA = {
    "VariantName": "A",
    "Target": "y",
    "ProblemType": "Regression",
    "Algorithm": "linear",
    "Labels": [],
    "Responses": ["score"],
    "HasTypicalRow": True,
    "Columns": [
        {"Name": "a", "Type": "numeric", "Used": True, "Typical": "1", "MayBeMissing": False}
    ],
}


class Desk:
    """The console of a control plane with real permissions."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.authenticator = Authenticator(
            accounts.ring, OneTimeTokens(accounts.store, accounts.clock), SECRET, accounts.clock
        )
        parts = build_parts(
            accounts.store,
            accounts.world.artifacts,
            accounts.clock,
            LimitSettings(),
            accounts.roles,
        )
        served = {**operations(parts), **identity_operations(accounts.identity)}
        permit = permit_of(accounts.identity)
        self.invoked: list[str] = []
        models = {
            ("windvane", "DescribeEndpointSchema"): self.schema,
            ("windvane", "EvaluatePredictions"): self.invoke,
            ("sagemaker-runtime", "InvokeEndpoint"): self.invoke,
        }
        self.inside = InProcessClient(served, models, permit, refusal=permit.refusal)
        self.objects = Objects(
            accounts.world.artifacts, None, BucketMap(), accounts.roles.authorize_s3
        )
        self.site = Site(
            SiteServices(
                self.authenticator,
                self.inside,
                self.objects,
                ObjectUses(accounts.store, accounts.world.artifacts),
                Hosts([]),
                accounts.roles.passable,
                SignIns(FailureCounter(), None, lambda _: None),
                IdentityOverviews(accounts.identity.authorizer, accounts.store),
                DefaultLimits(250, 3600),
                account=ACCOUNT,
            )
        )

    async def schema(self, call: Call) -> Any:
        """What the model of any endpoint that there is takes."""
        self.endpoint_of(call)
        return SCHEMA

    async def invoke(self, call: Call) -> Any:
        self.endpoint_of(call)
        self.invoked.append(call.operation)
        answer = {"predictions": [{"score": 0.5}] * 2}
        told = {"Rows": 2, "EvaluatedRows": 2, "Metrics": [], "LeftOut": [], "Classes": []}
        return told if call.service == "windvane" else {"Body": json.dumps(answer).encode()}

    def endpoint_of(self, call: Call) -> None:
        scope = Scope(call.caller.account, call.caller.region)
        with self.accounts.store.snapshot() as tx:
            if tx.find(Endpoint, scope, call.parameters["EndpointName"]) is None:
                raise DoesNotExist("endpoint", "arn:none")

    def session(self, keys: Any) -> Session:
        session = self.authenticator.by_keys(keys["AccessKeyId"], keys["SecretAccessKey"], REGION)
        assert session is not None
        return session

    def caller(self, keys: Any) -> Caller:
        return self.session(keys).caller

    def browser(self, keys: Any) -> Browser:
        text = self.authenticator.text_of(self.session(keys))
        return Browser(self.site, cookies={"windvane-session-8470": text})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    accounts = Accounts(tmp_path)
    yield Desk(accounts)
    accounts.close()


def test_a_user_signs_in_with_its_key_until_that_is_taken_away(desk: Desk) -> None:
    keys = desk.accounts.user("ann", allow("*"))
    session = desk.session(keys)
    assert session.caller.credential.principal_arn == f"arn:aws:iam::{ACCOUNT}:user/ann"
    kept = desk.authenticator.text_of(session)
    assert desk.authenticator.again(kept) is not None
    iam = desk.accounts.client("iam")
    iam.update_access_key(UserName="ann", AccessKeyId=keys["AccessKeyId"], Status="Inactive")
    assert desk.authenticator.again(kept) is None


async def _asked(desk: Desk, keys: Any, service: str, operation: str) -> Any:
    return await desk.inside.ask(desk.caller(keys), service, operation, {})


def test_pages_ask_with_the_permissions_of_whoever_is_signed_in(desk: Desk) -> None:
    keys = desk.accounts.user("ann", allow("windvane:ListAutoMLJobOverviews"))
    assert asyncio.run(_asked(desk, keys, "windvane", "ListAutoMLJobOverviews"))
    with pytest.raises(AccessDenied, match="user/ann is not authorized to perform: sagemaker:List"):
        asyncio.run(_asked(desk, keys, "sagemaker", "ListModels"))


def test_objects_are_read_listed_and_written_with_the_permissions_of_s3(desk: Desk) -> None:
    reads = allow("s3:GetObject", "arn:aws:s3:::data/train/*")
    keys = desk.accounts.user("ann", reads, deny("s3:*", "arn:aws:s3:::data/train/secret*"))
    caller = desk.caller(keys)
    assert desk.objects.read(caller, DATA, 100)
    desk.accounts.world.put("s3://data/train/secret.csv")
    for call in (
        lambda: desk.objects.info(caller, "s3://data/train/secret.csv"),
        lambda: list(desk.objects.chunks(caller, "s3://data/other.csv")),
        lambda: desk.objects.list(caller, "s3://data/train/", 10),
        lambda: desk.objects.write(caller, "s3://data/train/new.csv", b""),
    ):
        with pytest.raises(AccessDenied, match="is not authorized to perform: s3:"):
            call()


def test_only_roles_that_may_be_passed_are_offered(desk: Desk) -> None:
    root = desk.accounts.caller({"AccessKeyId": "AKIAROOT"})
    assert desk.accounts.roles.passable(root) == (f"arn:aws:iam::{ACCOUNT}:role/windvane",)
    assert desk.accounts.roles.passable(desk.caller(desk.accounts.user("ann"))) == ()


def test_a_page_that_may_not_be_seen_says_why(desk: Desk) -> None:
    answer = desk.browser(desk.accounts.user("ann")).get("/console/")
    assert answer.status == 403
    assert "user/ann is not authorized to perform: windvane:ListAutoMLJobOverviews" in answer.text
    seen = desk.browser(desk.accounts.user("bob", allow("windvane:List*"))).get("/console/")
    assert seen.status == 200
    refused = desk.browser(desk.accounts.user("eve", allow("windvane:List*"))).get("/console/new")
    assert refused.status in (403, 404)


def test_whoever_may_not_see_a_page_is_told_what_is_missing_and_finds_the_others(
    desk: Desk,
) -> None:
    reads = [allow(["sagemaker:List*", "sagemaker:Describe*"])]
    answer = desk.browser(desk.accounts.user("ann", *reads)).get("/console/")
    assert answer.status == 403
    for said in (
        "<strong>ann</strong> · 111122223333",
        f"<code>arn:aws:iam::{ACCOUNT}:user/ann</code>",
        "<code>windvane:ListAutoMLJobOverviews</code>",
        "<code>*</code>",
        "no identity-based policy allows",
        "aws iam put-user-policy --user-name ann",
        'href="/console/endpoints">Go to endpoints',
    ):
        assert said in answer.text
    assert 'href="/console/">Go to jobs' not in answer.text
    denied = desk.accounts.user("bob", allow("*"), deny("windvane:*"))
    text = desk.browser(denied).get("/console/").text
    assert "which overrides every Allow" in text
    assert "put-user-policy" not in text


def test_machines_are_seen_by_whom_the_account_that_runs_them_lets(desk: Desk) -> None:
    url, jobs = "/console/cluster", allow("windvane:List*")
    lets = desk.accounts.user("ann", jobs, allow("windvane:DescribeCluster"))
    lets_not = desk.accounts.user(
        "bob", jobs, allow("windvane:*"), deny("windvane:DescribeCluster")
    )
    theirs = keys_of(OTHER_ROOT)
    for keys, status in ((lets, 200), (lets_not, 403), (theirs, 403), (keys_of(ROOT), 200)):
        browser = desk.browser(keys)
        answer = browser.get(url)
        assert answer.status == status
        assert ("machine-1" in answer.text) == (status == 200)
        assert (f'href="{url}"' in browser.get("/console/").text) == (status == 200)


def test_the_managed_policy_for_sagemaker_is_enough_for_the_console(desk: Desk) -> None:
    desk.accounts.world.insert(job_record(desk.accounts.clock()))
    keys = desk.accounts.user("ann")
    iam = desk.accounts.client("iam")
    arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    browser = desk.browser(keys)
    for path in ("/console/", "/console/jobs/churn", "/console/endpoints"):
        assert browser.get(path).status == 200
    assert browser.get("/console/new").status == 403  # there is no role that it may pass
    name = "AmazonSageMaker-Jobs"
    to_sagemaker = trust({"Service": "sagemaker.amazonaws.com"})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=to_sagemaker)
    assert (
        f"role/{name}" in browser.get("/console/new").text
        or browser.get("/console/new").status == 200
    )


def test_buttons_of_what_is_denied_are_none(desk: Desk) -> None:
    desk.accounts.world.insert(job_record(desk.accounts.clock()))
    everything = allow("*")
    for name, statements, action in (
        ("ann", (allow(["windvane:*", "sagemaker:Describe*"]),), "sagemaker:StopAutoMLJob"),
        (
            "bob",
            (everything, deny("sagemaker:StopAutoMLJob", "arn:aws:sagemaker:*:*:*/churn")),
            "sagemaker:StopAutoMLJob",
        ),
    ):
        page = desk.browser(desk.accounts.user(name, *statements)).get("/console/").text
        assert f"not allowed, requires {action}" in page
        assert 'name="only" value="churn"' not in page
    page = desk.browser(desk.accounts.user("eve", everything)).get("/console/").text
    assert 'name="only" value="churn"' in page
    assert "not allowed" not in page


def test_projects_and_the_archive_are_for_whoever_may_tag(desk: Desk) -> None:
    desk.accounts.world.insert(job_record(desk.accounts.clock()))
    seen = allow(["windvane:*", "sagemaker:Describe*", "sagemaker:ListTags", "logs:*"])
    browser = desk.browser(desk.accounts.user("ann", seen))
    page = browser.get("/console/jobs/churn").text
    assert "not allowed, requires sagemaker:AddTags" in page
    root = desk.browser(keys_of(ROOT))
    root.get("/console/glossary")
    assert root.post("/console/jobs/churn/project", {"project": "p"}).status == 303
    assert 'href="/console/projects"' in browser.get("/console/").text, "for whoever may look alone"
    assert browser.post("/console/jobs/churn/archive", {"do": "archive"}).status == 403
    assert browser.post("/console/jobs/churn/project", {"project": "p"}).status == 403
    assert 'href="/console/jobs/churn"' in browser.get("/console/").text


def test_nothing_is_deleted_without_the_permission_to_delete_it(desk: Desk) -> None:
    root = desk.accounts.client()
    container = {"Image": IMAGE, "ModelDataUrl": MODEL_DATA}
    root.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    desk.accounts.world.insert(
        job_record(desk.accounts.clock(), "done", status=JobStatus.COMPLETED)
    )
    place = "s3://results/jobs/done/report.html"
    desk.accounts.world.put(place)
    denied = deny(["s3:DeleteObject", "sagemaker:DeleteModel"])
    browser = desk.browser(desk.accounts.user("ann", allow("*"), denied))
    assert "not allowed, requires sagemaker:DeleteModel" in browser.get("/console/models").text
    assert browser.post("/console/models/delete", {"model": "m", "confirm": "yes"}).status == 403
    assert root.list_models()["Models"]
    browser.get("/console/jobs/done/delete")
    assert browser.post("/console/jobs/done/delete", {"confirm": "done"}).status == 403
    assert desk.accounts.world.artifacts.info(parse_location(place)) is not None


def test_what_an_action_may_be_done_to_at_all_is_known_before_it_is_asked(desk: Desk) -> None:
    for name, statements, is_possible in (
        ("a", [allow("sagemaker:*", "arn:aws:sagemaker:*:*:*/churn-*")], True),
        ("b", [allow("*"), deny("sagemaker:Create*", "arn:aws:sagemaker:*:*:*/prod-*")], True),
        ("c", [allow("*"), deny("sagemaker:Create*")], False),
        ("d", [allow("s3:*")], False),
    ):
        caller = desk.caller(desk.accounts.user(name, *statements))
        refusal = desk.inside.refusal(caller, "sagemaker", "CreateAutoMLJobV2", {})
        assert (refusal is None) == is_possible
    session = desk.accounts.session(
        f"arn:aws:iam::{ACCOUNT}:role/windvane", Policy=document(allow("s3:*"))
    )
    caller = desk.accounts.caller(session)
    refusal = desk.inside.refusal(caller, "sagemaker", "CreateAutoMLJobV2", {})
    assert refusal is not None
    assert "session policy" in refusal.reason


def test_an_endpoint_is_seen_without_its_bounds_by_whoever_may_not_see_those(desk: Desk) -> None:
    """Of long policies nothing is known beforehand: the page was refused."""
    world, root = desk.accounts.world, desk.accounts.client()
    container = {"Image": IMAGE, "ModelDataUrl": MODEL_DATA}
    root.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    root.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant("A")])
    root.create_endpoint(EndpointName="e", EndpointConfigName="c")
    in_service(world)
    seen = ["sagemaker:*", "windvane:*", "logs:*"]
    for name, actions in (("ann", seen), ("bob", [*seen, f"s3:{'?' * 1100}"])):
        keys = desk.accounts.user(name, allow(actions))
        assert desk.browser(keys).get("/console/endpoints/e").status == 200
        assert desk.browser(keys).get("/console/endpoints/e/variants/A").status == 200


def test_a_candidate_keeps_its_full_name_for_whoever_may_not_look_at_it(desk: Desk) -> None:
    world, root = desk.accounts.world, desk.accounts.client()
    artefact = f"{OUTPUT}/churn/model.tar.gz"
    of_candidate = finished_candidate(world.clock(), containers=(Container(IMAGE, artefact),))
    world.insert(job_record(world.clock()), of_candidate)
    world.put(artefact)
    container = {"Image": IMAGE, "ModelDataUrl": artefact}
    root.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    root.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant("A")])
    root.create_endpoint(EndpointName="e", EndpointConfigName="c")
    in_service(world)
    no = deny("windvane:DescribeCandidate")
    for user, denied, told in (("ann", [], "XGBoost 1"), ("bob", [no], "churn-001")):
        page = desk.browser(desk.accounts.user(user, allow("*"), *denied))
        for path in ("/console/endpoints/e", "/console/models"):
            answer = page.get(path)
            assert (answer.status, f'title="churn-001">{told}<' in answer.text) == (200, True)
    unseen = deny(["sagemaker:DescribeModel", "windvane:*"])
    answer = desk.browser(desk.accounts.user("eve", allow("*"), unseen)).get("/console/models")
    assert (answer.status, "not known" in answer.text) == (200, True)


def test_a_sample_table_is_for_whoever_may_upload(desk: Desk) -> None:
    browser = desk.browser(desk.accounts.user("ann", allow("*"), deny("s3:PutObject")))
    browser.get("/console/")
    answer = browser.post("/console/samples/telco-churn")
    assert answer.status == 403
    assert "<code>s3:PutObject</code>" in answer.text
    nobody = desk.accounts.user("bob", allow("*"), deny("sagemaker:Create*"))
    assert "sample table" not in desk.browser(nobody).get("/console/").text


def test_the_default_bucket_is_made_by_whoever_may_make_it(desk: Desk) -> None:
    refused = desk.browser(desk.accounts.user("ann", allow("*"), deny("s3:CreateBucket")))
    refused.get("/console/")
    bucket = f"sagemaker-{REGION}-{ACCOUNT}"
    answer = refused.post("/console/samples/telco-churn")
    assert (answer.status, f"<code>arn:aws:s3:::{bucket}</code>" in answer.text) == (403, True)
    assert "<code>s3:CreateBucket</code>" in answer.text
    assert not desk.accounts.world.artifacts.bucket_exists(bucket)
    browser = desk.browser(desk.accounts.user("bob", allow("*")))
    browser.get("/console/")
    assert browser.post("/console/samples/telco-churn").status == 303
    assert desk.accounts.world.artifacts.bucket_exists(bucket)


def _with_groups(desk: Desk) -> None:
    """A finished candidate whose report has groups by a column that the tags of its job mark as sensitive."""
    world = desk.accounts.world
    told = finished_candidate(world.clock(), model_insights=f"{OUTPUT}/churn/insights")
    job = job_record(world.clock(), problem_type=ProblemType.BINARY, best_candidate=told.name)
    world.insert(job, told)
    marked = [{"Key": "windvane:sensitive-columns", "Value": "creed"}]
    desk.accounts.client().add_tags(ResourceArn=JOB_ARN, Tags=marked)
    segment = {"rows": 99, "error": 0.2, "positive": 40, "predicted": 30, "hits": 25}
    columns = [
        {"name": name, "type": "categorical", "segments": [{"label": f"{name} 1", **segment}]}
        for name in ("size", "creed")
    ]
    document = {
        "measure": "error rate",
        "is_share": True,
        "overall": {"rows": 99, "error": 0.2},
        "columns": columns,
    }
    quality = assess(judged_two(), Times(world.clock(), world.clock(), world.clock()))
    folder = f"{OUTPUT}/churn/insights/{told.name}"
    world.put(f"{folder}/statistics.json", json.dumps(quality.statistics).encode())
    world.put(f"{folder}/segments.json", json.dumps(document).encode())


def test_groups_are_seen_by_whoever_may_see_the_job_and_its_report(desk: Desk) -> None:
    _with_groups(desk)
    page = "/console/jobs/churn/candidates/churn-001/quality?group=creed"
    seen = desk.browser(desk.accounts.user("ann", allow("*"))).get(page)
    assert seen.status == 200
    assert "creed 1" in seen.text
    for name, denied in (
        ("bob", deny("sagemaker:DescribeAutoMLJobV2")),
        ("cid", deny("windvane:DescribeCandidate")),
        ("dan", deny("s3:GetObject", "arn:aws:s3:::*/churn/insights/*")),
    ):
        answer = desk.browser(desk.accounts.user(name, allow("*"), denied)).get(page)
        assert answer.status == 403, name
        assert not re.search("creed 1|size 1|Group metrics", answer.text), name
    other = desk.browser(desk.accounts.user("eve", allow("*"), account=OTHER_ROOT)).get(page)
    assert other.status == 404
    assert not re.search("creed 1|size 1|Group metrics", other.text)


def test_marks_of_columns_are_for_whoever_may_see_the_tags(desk: Desk) -> None:
    _with_groups(desk)
    page = "/console/jobs/churn/candidates/churn-001/quality"
    marked = 'value="creed" selected>creed</option><option value="size">'
    ann, bob = (
        desk.browser(desk.accounts.user(name, allow("*"), *denied)).get(page)
        for name, denied in (("ann", []), ("bob", [deny("sagemaker:ListTags")]))
    )
    assert (ann.status, bob.status) == (200, 200)
    assert marked in ann.text
    assert 'id="group" name="group"><option value="">Choose a column</option>' in bob.text


def test_conditions_ask_for_the_address_of_the_browser(desk: Desk) -> None:
    elsewhere = {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    keys = desk.accounts.user("ann", allow("windvane:List*"), deny("*", Condition=elsewhere))
    assert desk.browser(keys).get("/console/").status == 200


DEPLOY = "/console/jobs/done/candidates/churn-001/deploy"
REPLACE = {"how": "replace", "place": "e/A", "confirmed": "yes"}
DONE_MODEL = "s3://results/jobs/done/model.tar.gz"
PREDICT = {"batch": BATCH, "first": "a\n", "file": "rows.csv"}
PASTED = {"ask": "rows", "csv": "a,y\n1,2\n3,4\n"}
CHANGES: tuple[tuple[str, dict[str, str], tuple[str, ...]], ...] = (
    ("/console/endpoints/e/try", PASTED, ("sagemaker:InvokeEndpoint",)),
    ("/console/endpoints/e/try/download", PASTED, ("sagemaker:InvokeEndpoint",)),
    (
        "/console/endpoints/e/try/what-if",
        {"start": '["1"]', "cell-0": "2"},
        ("sagemaker:InvokeEndpoint", "windvane:DescribeEndpointSchema"),
    ),
    (
        "/console/endpoints/e/predictions",
        PREDICT,
        ("s3:PutObject", "s3:ListBucket", "sagemaker:CreateTransformJob"),
    ),
    (
        DEPLOY,
        {"how": "new", "endpoint": "f"},
        ("sagemaker:CreateModel", "sagemaker:CreateEndpoint", "iam:PassRole"),
    ),
    (
        DEPLOY,
        REPLACE,
        ("sagemaker:CreateModel", "sagemaker:UpdateEndpoint", "sagemaker:ListTags", "iam:PassRole"),
    ),
    (
        "/console/endpoints/e/change",
        {f"{kind}-{place}": "2" for kind in ("weight", "instances") for place in (0, 1)},
        ("sagemaker:UpdateEndpointWeightsAndCapacities",),
    ),
    (
        "/console/endpoints/e/variants/A",
        {"do": "remove"},
        ("sagemaker:CreateEndpointConfig", "sagemaker:UpdateEndpoint", "sagemaker:ListTags"),
    ),
    (
        "/console/models/delete",
        {"model": "free", "confirm": "yes"},
        ("sagemaker:DeleteModel", "sagemaker:ListEndpoints"),
    ),
    ("/console/jobs/done/delete", {"confirm": "done"}, ("s3:DeleteObject", "s3:ListBucket")),
    ("/console/uploads/delete", {"uri": UPLOAD, "confirm": "yes"}, ("s3:DeleteObject",)),
    ("/console/jobs/done/archive", {"do": "archive"}, ("sagemaker:AddTags",)),
    ("/console/jobs/done/archive", {"do": "restore"}, ("sagemaker:DeleteTags",)),
    ("/console/jobs/done/project", {"project": "p"}, ("sagemaker:AddTags",)),
    ("/console/jobs/done/project", {}, ("sagemaker:DeleteTags",)),
    ("/console/endpoints/e/delete", {"confirm": "e"}, ("sagemaker:DeleteEndpoint",)),
)
"""Path and fields of a form that changes or asks something, and the actions without any of which nothing happens."""


def furnished(desk: Desk) -> None:
    """An endpoint with two variants, a model that nothing uses, a job that is over, an upload, and parts of a batch."""
    world, root, now = desk.accounts.world, desk.accounts.client(), desk.accounts.clock()
    container = {"Image": IMAGE, "ModelDataUrl": MODEL_DATA}
    for name in ("m", "free"):
        root.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variants = [variant("A"), variant("B")]
    root.create_endpoint_config(EndpointConfigName="c", ProductionVariants=variants)
    root.create_endpoint(EndpointName="e", EndpointConfigName="c")
    in_service(world)
    job = job_record(now, "done", status=JobStatus.COMPLETED)
    world.insert(job, finished_candidate(now, parent=job.arn))
    root.add_tags(
        ResourceArn=job.arn, Tags=[{"Key": key, "Value": "before"} for key in (PROJECT, ARCHIVED)]
    )
    for uri in (
        "s3://results/jobs/done/report.html",
        UPLOAD,
        f"{CONSOLE}/predictions/{BATCH}/input/00000.csv",
    ):
        world.put(uri)


def state(desk: Desk) -> list[Any]:
    """What there is, as far as a form may change it."""
    with desk.accounts.store.snapshot() as tx:
        scope = Scope(ACCOUNT, REGION)
        records = [
            *tx.every(Endpoint, tuple(EndpointStatus)),
            *tx.every(EndpointConfig, ("",)),
            *tx.every(Model, ("",)),
            *tx.every(TransformJob, tuple(StepStatus)),
        ]
        tags = tx.tags(arn(scope, Kind.AUTO_ML_JOB, "done"))
    buckets = ("s3://results/", CONSOLE)
    objects = [
        str(one.location)
        for uri in buckets
        for one in desk.accounts.world.artifacts.list(parse_location(uri))
        if not one.location.key.endswith("/predictions.json")  # written before its job is asked for
    ]
    return [records, tags, objects, list(desk.invoked)]


@pytest.mark.slow
def test_each_change_needs_its_permissions_and_without_one_nothing_happens(desk: Desk) -> None:
    furnished(desk)
    before = state(desk)
    browser, iam = desk.browser(desk.accounts.user("ann")), desk.accounts.client("iam")
    for path, fields, needed in CHANGES:
        for action in needed:
            policy = document(allow("*"), deny(action))
            iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=policy)
            browser.get("/console/glossary")
            answer = browser.post(path, fields)
            told = (f"not authorized to perform: {action}", f"<code>{action}</code>")
            assert any(one in answer.text for one in told), (path, action)
            assert state(desk) == before, (path, action)


def test_nothing_of_an_account_is_changed_or_asked_by_another(desk: Desk) -> None:
    furnished(desk)
    before, browser = state(desk), desk.browser(keys_of(OTHER_ROOT))
    browser.get("/console/glossary")
    for path, fields, _ in CHANGES:
        assert browser.post(path, fields).status >= 400 or path == "/console/models/delete", path
        assert state(desk) == before, path
    for path in (
        "/console/endpoints/e/predictions/job/download",
        "/console/jobs/done/candidates/churn-001/files",
        "/console/jobs/done/candidates/churn-001/quality",
        "/console/endpoints/e/try/intervals",
        "/console/endpoints/e/forecast",
    ):
        answer = browser.get(path)
        assert answer.status in (400, 404) or answer.text == "null", path


def test_whoever_has_the_permissions_makes_each_change(desk: Desk) -> None:
    furnished(desk)
    browser = desk.browser(keys_of(ROOT))
    browser.get("/console/glossary")
    for path, fields, _ in CHANGES:
        in_service(desk.accounts.world)
        before = state(desk)
        assert browser.post(path, fields).status in (200, 303), path
        assert state(desk) != before, path


def test_a_refusal_is_told_and_not_that_of_deleting_what_was_created_for_it(desk: Desk) -> None:
    furnished(desk)
    denied = deny(["sagemaker:UpdateEndpoint", "sagemaker:DeleteEndpointConfig"])
    browser = desk.browser(desk.accounts.user("ann", allow("*"), denied))
    browser.get("/console/glossary")
    answer = browser.post(DEPLOY, REPLACE)
    assert "not authorized to perform: sagemaker:UpdateEndpoint" in answer.text
    models = desk.accounts.client().list_models()["Models"]
    assert sorted(one["ModelName"] for one in models) == ["free", "m"]


def test_what_uses_files_is_named_to_whoever_may_list_it_alone(desk: Desk) -> None:
    furnished(desk)
    root, container = desk.accounts.client(), {"Image": IMAGE, "ModelDataUrl": DONE_MODEL}
    desk.accounts.world.put(DONE_MODEL)
    root.create_model(ModelName="secret", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    seen = desk.browser(keys_of(ROOT)).get("/console/jobs/done/delete").text
    assert "the model secret was created from it" in seen
    keys = desk.accounts.user("ann", allow("*"), deny("sagemaker:ListModels"))
    unseen = desk.browser(keys).get("/console/jobs/done/delete").text
    assert "something that you are not allowed to see uses it" in unseen
    assert "secret" not in unseen


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("windvane", "EvaluatePredictions", {"EndpointName": "e", "Body": b"a,y\n1,2\n"}),
        ("windvane", "DescribeEndpointSchema", {"EndpointName": "e"}),
        ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"1\n"}),
        ("sagemaker", "UpdateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"}),
        ("sagemaker", "DeleteModel", {"ModelName": "free"}),
    ],
)
def test_a_session_does_no_more_than_its_policy_says(
    desk: Desk, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    furnished(desk)
    before, role = state(desk), f"arn:aws:iam::{ACCOUNT}:role/windvane"
    for statements, allowed in (
        ((allow("s3:*"),), False),
        ((allow("*"), deny("*", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:*")), False),
        ((allow("*"),), True),
    ):
        session = desk.accounts.session(role, Policy=document(*statements))
        asked = desk.inside.ask(desk.accounts.caller(session), service, operation, parameters)
        if allowed:
            asyncio.run(asked)
        else:
            with pytest.raises(AccessDenied):
                asyncio.run(asked)
            assert state(desk) == before
