"""What the settings say as the parts of the server take it."""

from pathlib import Path

import pytest

from windvane.settings import BucketSettings, S3Settings, Settings
from windvane.settled import plain_links


@pytest.mark.parametrize(
    ("url", "is_plain"),
    [
        ("", False),
        ("postgresql:///windvane", False),
        ("postgresql://u:secret@127.0.0.1/windvane", False),
        ("postgresql://u:secret@localhost/windvane", False),
        ("postgresql://u:secret@/windvane?host=/run/postgresql", False),
        ("postgresql://u:secret@db.example.org/windvane", True),
        ("postgresql://u:secret@/windvane?host=db.example.org", True),
        ("postgresql://u:secret@db.example.org/windvane?sslmode=prefer", True),
        ("postgresql://u:secret@db.example.org/windvane?sslmode=verify-full", False),
        ("postgresql+psycopg://u:secret@10.0.0.1/windvane?sslmode=require", False),
    ],
)
def test_a_database_on_another_machine_without_tls_is_named(url, is_plain):
    links = plain_links(Settings(Path("data"), store_url=url))
    assert bool(links) is is_plain
    assert "secret" not in str(links)


@pytest.mark.parametrize(
    ("endpoint", "is_plain"),
    [
        ("https://s3.example.org", False),
        ("http://127.0.0.1:9000", False),
        ("http://[::1]:9000", False),
        ("http://localhost:9000", False),
        ("http://s3.example.org", True),
        ("http://10.0.0.1:9000", True),
    ],
)
def test_an_object_store_on_another_machine_without_tls_is_named(endpoint, is_plain):
    store = Settings(Path("data"), s3=S3Settings(endpoint, "key", "secret"))
    bucket = Settings(Path("data"), buckets=(BucketSettings("data", endpoint=endpoint),))
    for settings in (store, bucket):
        [*links] = plain_links(settings)
        assert [endpoint in link for link in links] == [True] * is_plain
