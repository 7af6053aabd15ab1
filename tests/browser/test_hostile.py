"""Texts that mean harm, in every place that others can fill, on every page: shown as text, and never run."""

import json
import re
from urllib.parse import quote

import pytest

from benchmarks.consoled import comparison, endpoint_pages, job_pages, until
from browser import hostile
from browser.accessible import sideways

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

JOB, FAILED = "hostile", "hostile-failed"
SCRIPT = "<script>windvaneRan('script')</script>"
NAME_OF_USER = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")

_FOREIGN = """
() => {
  const faults = [];
  for (const one of document.querySelectorAll("*")) {
    for (const {name, value} of one.attributes) {
      const isAddress = ["href", "src", "action", "formaction", "xlink:href", "srcdoc"].includes(name);
      const isOurs = /^(\\/(?!\\/)|#|\\?|$)/.test(value);
      if (name.startsWith("on") || name.startsWith("hx-on") || (isAddress && !isOurs)) {
        faults.push(`<${one.localName} ${name}="${value.slice(0, 200)}">`);
      }
    }
    const isScript = one.localName === "script" && !one.src && one.type !== "application/json";
    if (isScript || ["base", "object", "embed", "style", "math", "marquee"].includes(one.localName)) {
      faults.push(one.outerHTML.slice(0, 200));
    }
  }
  return faults;
}
"""


@pytest.fixture(scope="module")
def uri(server):
    return server.upload(f"hostile/{hostile.FILE_NAMES[0]}", hostile.table(hostile.TEXTS))


@pytest.fixture(scope="module")
def job(server, uri):
    criteria = {"MaxCandidates": 3, "MaxAutoMLJobRuntimeInSeconds": 1800}
    server.create_job(
        JOB,
        uri,
        hostile.TARGET,
        AutoMLJobConfig={"CompletionCriteria": criteria},
        Tags=hostile.TAGS,
        ModelDeployConfig={"EndpointName": JOB},
    )
    ended = server.wait_for_job(JOB, 1800)
    assert ended["AutoMLJobStatus"] == "Completed", ended
    return ended


@pytest.fixture(scope="module")
def failed_job(server, uri):
    server.create_job(FAILED, uri, f"{SCRIPT} missing")
    ended = server.wait_for_job(FAILED, 600)
    assert SCRIPT in ended["FailureReason"]
    return ended


@pytest.fixture(params=[1440, 390])
def wide(request, context_of):
    """A page of this width."""
    page = context_of(viewport={"width": request.param, "height": 900}).new_page()
    page.context.watch.allow("Failed to load resource: the server responded with a status of 4")
    page.context.watch.allow("Response Status Error Code 4")
    return page


def visit(page, path):
    page.goto(path)
    harmless(page, path)


def harmless(page, where):
    assert page.evaluate(_FOREIGN) == [], where
    assert sideways(page) <= 0, where


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def shows(page, text):
    return text in page.locator("main").inner_text()


def test_a_job_and_its_endpoint(wide, job, server):
    pages = {**job_pages(job), **comparison(server.client("sagemaker"), JOB), **endpoint_pages(JOB)}
    for path in pages.values():
        visit(wide, path)
    visit(wide, "/console/cluster")
    visit(wide, pages["data"])
    assert shows(wide, SCRIPT)
    visit(wide, pages["candidate-quality"])
    assert shows(wide, "{{7*7}}")


def test_a_shadow_of_an_endpoint(wide, job):
    visit(wide, job_pages(job)["candidate"])
    deploying = wide.locator("#deploy")
    deploying.get_by_label("as a shadow").check()
    deploying.get_by_role("button", name="Deploy").click()
    wide.get_by_role("heading", name="For clients").wait_for()
    harmless(wide, "the question before a shadow is deployed")


def test_a_user_and_a_role(wide, server):
    iam, name = server.client("iam"), f"hostile-{wide.viewport_size['width']}"
    of_users = [text for text in hostile.TEXTS[:12] if "$" not in text]
    of_roles = [text for text in hostile.TEXTS[:-1] if "$" not in text]
    told = "".join(text for text in hostile.TEXTS[:34] if text.isascii())[:1000]
    iam.create_user(UserName=name)
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=document({"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}),
        Description=told,
    )
    for put, texts in ((iam.put_user_policy, of_users), (iam.put_role_policy, of_roles)):
        policy = document(
            {
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:userid": texts}},
            }
        )
        kind = "UserName" if put == iam.put_user_policy else "RoleName"
        put(**{kind: name}, PolicyName="p" * 128, PolicyDocument=policy)
    for kind in ("users", "roles"):
        visit(wide, f"/console/{kind}")
        visit(wide, f"/console/{kind}/{name}")
        wide.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        harmless(wide, f"all of the policies of {kind}")
        assert shows(wide, SCRIPT)
    visit(wide, "/console/roles")
    assert shows(wide, "<script>")


def test_what_somebody_types_about_access(wide):
    for text in (one for one in hostile.TEXTS[:-1] if not NAME_OF_USER.fullmatch(one)):
        visit(wide, "/console/users")
        wide.get_by_label("Name", exact=True).fill(text)
        wide.get_by_role("button", name="Create user").click()
        wide.locator("#user-name-error").wait_for()
        harmless(wide, text)
        typed = quote(text)
        visit(wide, f"/console/users?name={typed}&deleted={typed}")
        filters = f"attribute=Username&value={typed}&since={typed}&until={typed}&token={typed}"
        visit(wide, f"/console/audit?{filters}")
    for text in (*hostile.TEXTS[:8], hostile.LONG):
        for kind in ("users", "roles"):
            visit(wide, f"/console/{kind}?marker={quote(text)}")
            visit(wide, f"/console/{kind}/{quote(text, safe='')}")


def test_the_audit_log_of_attempts(wide, server):
    """What was typed stands in the events that tell of it."""
    iam = server.client("iam")
    for text in hostile.TEXTS[:8]:
        with pytest.raises(iam.exceptions.ClientError):
            iam.create_role(RoleName="r", AssumeRolePolicyDocument=text, Description="d")

    def told():
        visit(wide, "/console/audit?attribute=EventName&value=CreateRole")
        return wide.locator("main").inner_text()

    until(told, lambda text: "MalformedPolicyDocument" in text, 240)
    wide.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    harmless(wide, "the whole events")


def test_a_failure(wide, failed_job):
    for path in job_pages(failed_job).values():
        visit(wide, path)
    visit(wide, f"/console/jobs/{FAILED}")
    assert shows(wide, SCRIPT)


def test_trying_a_row(wide, job):
    visit(wide, f"/console/endpoints/{JOB}/try")
    assert shows(wide, SCRIPT)
    wide.get_by_role("button", name="Predict", exact=True).first.click()
    wide.locator("#reasons figure").first.wait_for()
    harmless(wide, "the answer")
    header, *rows = hostile.table(hostile.TEXTS, 20).decode().splitlines(keepends=True)
    for csv in (header + "".join(rows), SCRIPT, "{{7*7}}," * len(hostile.TEXTS)):
        wide.get_by_label("One row per line").fill(csv)
        before = wide.locator("#result").inner_html()
        wide.get_by_role("button", name="Predict rows").click()
        wide.wait_for_function(
            "before => document.querySelector('#result').innerHTML !== before", arg=before
        )
        harmless(wide, csv[:200])


@pytest.mark.parametrize("name", hostile.FILE_NAMES)
def test_files(wide, tmp_path, name):
    wide.goto("/console/new")
    content = {"name": name, "mimeType": "text/csv", "buffer": hostile.table(hostile.TEXTS)}
    wide.locator("[data-upload] input[type=file]").set_input_files(content)
    wide.wait_for_url("**/console/new?uri=*")
    wide.locator("table.cells").wait_for()
    harmless(wide, name)
    assert shows(wide, SCRIPT)
    wide.get_by_label("Column to predict").select_option(index=1 + len(hostile.TEXTS))
    wide.get_by_role("heading", name="Data checks").wait_for()
    harmless(wide, name)
    visit(wide, "/console/new")


def test_what_somebody_types_comes_back_as_text(wide, job):
    for text in hostile.TEXTS[:-1]:
        typed = quote(text)
        visit(wide, f"/console/?name={typed}&status={typed}&sort={typed}")
        visit(wide, f"/console/endpoints?name={typed}&deleted={typed}")
        visit(wide, f"/console/jobs/{JOB}/leaderboard?text={typed}&algorithm={typed}&sort={typed}")
    for text in (*hostile.TEXTS[:8], hostile.LONG):
        typed = quote(text)
        for path in ("jobs/{}", "jobs/{}/leaderboard", "endpoints/{}/try", "nothing/{}"):
            visit(wide, "/console/" + path.format(quote(text, safe="")))
        visit(wide, f"/console/new?uri={typed}&data_type={typed}")
        visit(wide, f"/console/new?uri=s3://no-such-bucket/{typed}")
        visit(wide, f"/console/jobs/{JOB}/compare?one={typed}&two={typed}")


def test_strangers_who_type(context_of):
    page = context_of(signed_in=False).new_page()
    page.context.watch.allow("Failed to load resource: the server responded with a status of 4")
    for text in hostile.TEXTS[:-1]:
        visit(page, f"/console/sign-in?then={quote(text)}")
        page.get_by_label("Access key").fill(text)
        page.get_by_label("Secret key").fill(text)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
        harmless(page, text)


def test_five_thousand_names_of_columns(server, page):
    for i, names in enumerate(hostile.batches(5_000, 250)):
        uri = server.upload(f"hostile/batch-{i}.csv", hostile.table(names, 520))
        visit(page, f"/console/new?uri={quote(uri)}")
        page.locator("table.cells").wait_for()
        name = f"hostile-batch-{i}"
        server.create_job(name, uri, hostile.TARGET, GenerateCandidateDefinitionsOnly=True)
        assert server.wait_for_job(name, 900)["AutoMLJobStatus"] == "Completed"
        visit(page, f"/console/jobs/{name}/data")
        visit(page, f"/console/jobs/{name}")
