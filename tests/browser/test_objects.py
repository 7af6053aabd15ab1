"""What lies in S3 is no page of the console, whatever it says it is."""

import pytest
from botocore.config import Config

from browser.watch import MARK

PAGE = f"""<!doctype html><title>evil</title><h1>hello</h1>
<script>{MARK}("an object"); fetch("/console/").then(() => {MARK}("asked the console"))</script>
<img src=x onerror="{MARK}('an image')">""".encode()


@pytest.mark.parametrize("bucket", ["console", "elsewhere"])
def test_a_page_in_s3_runs_nothing_under_this_servers_address(page, server, bucket):
    s3 = server.client("s3", config=Config(signature_version="s3v4"))
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="evil.html", Body=PAGE, ContentType="text/html")
    link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "evil.html"})
    page.context.watch.allow("Blocked script execution")
    page.context.watch.allow("Failed to load resource")
    page.goto(link)
    assert page.get_by_role("heading", name="hello").is_visible()
    assert page.evaluate("window.origin") == "null"
