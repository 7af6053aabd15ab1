"""Attacks on what requests to S3 cost others: threads, the event loop, the sweep that all buckets share."""

from __future__ import annotations

import os
import sqlite3
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from costs import least_cpu_s
from s3.house import OURS, THEIRS, THIRD, Answer, S3House
from s3.signing import sha256, signed

from windvane.artifacts.folder import Folder
from windvane.cli.protocol import UNREAD_BYTES, _Unread
from windvane.objects import index as index_module
from windvane.objects.index import Index, _PendingWrite
from windvane.objects.records import Attributes, Versioning
from windvane.objects.store import EmbeddedObjects, open_objects
from windvane.wire.fair_semaphore import FairSemaphore
from windvane.wire.s3 import embedded
from windvane.wire.s3.call import S3Call, S3Result
from windvane.wire.s3.form import read_form
from windvane.wire.s3.mapped import MappedBucket
from windvane.wire.s3.refusals import S3Refusal
from windvane.wire.s3.xmltree import parse_document


@pytest.fixture
def house(tmp_path: Path) -> Iterator[S3House]:
    made = S3House(tmp_path)
    made.client().create_bucket(Bucket="ours")
    made.client().put_object(Bucket="ours", Key="k", Body=b"x")
    yield made
    made.close()


def ask(
    house: S3House,
    method: str,
    target: str,
    headers: Any = (),
    body: bytes = b"",
    account: str = OURS,
) -> Answer:
    given = [*headers, *([("content-length", str(len(body)))] if body else [])]
    head = signed(method, target, given, sha256(body), account=account)
    return house.ask(method, target, head, body)


def expiring(days: str) -> bytes:
    return (
        "<LifecycleConfiguration><Rule><ID>late</ID><Status>Enabled</Status><Filter/>"
        f"<Expiration><Days>{days}</Days></Expiration></Rule></LifecycleConfiguration>"
    ).encode()


@pytest.mark.parametrize("days", ["2147483647", "99999999", "2950000"])
def test_a_rule_for_a_day_that_never_comes_stops_no_sweep(house: S3House, days: str) -> None:
    """The sweep ended for good, of all accounts' buckets, with an OverflowError; in the bucket every read and write was
    answered with 500, the writes after they were done."""
    theirs = house.client(THEIRS)
    theirs.create_bucket(Bucket="theirs")
    theirs.put_object(Bucket="theirs", Key="due", Body=b"x")
    assert ask(house, "PUT", "/ours?lifecycle=", body=expiring(days)).status == 200
    rule = {"ID": "a", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 1}}
    theirs.put_bucket_lifecycle_configuration(
        Bucket="theirs", LifecycleConfiguration={"Rules": [rule]}
    )
    assert house.client().get_object(Bucket="ours", Key="k")["Body"].read() == b"x"
    house.client().put_object(Bucket="ours", Key="another", Body=b"y")
    house.store.sweep(datetime.now(UTC) + timedelta(days=3))
    assert theirs.list_objects_v2(Bucket="theirs")["KeyCount"] == 0
    assert house.client().list_objects_v2(Bucket="ours")["KeyCount"] == 2


def test_one_account_leaves_threads_to_others(house: S3House) -> None:
    """Sixteen copies of large objects, a request without a body each, held every thread of S3."""
    store, go_on, running = house.gateway._store, threading.Event(), threading.Semaphore(0)
    assert isinstance(store, embedded.EmbeddedStore)
    store._handled = FairSemaphore(3)
    handlers: dict[str, Callable[[S3Call], S3Result]] = {**store._service.handlers}
    head = handlers["HeadObject"]

    def slow(call: S3Call) -> S3Result:
        running.release()
        go_on.wait(240)
        return head(call)

    handlers["HeadObject"] = slow
    object.__setattr__(store._service, "handlers", handlers)
    house.client(THEIRS).create_bucket(Bucket="theirs")
    with ThreadPoolExecutor(12) as clients:
        asked = [clients.submit(ask, house, "HEAD", "/ours/k") for _ in range(12)]
        assert running.acquire(timeout=240)
        try:
            assert house.client(THEIRS).list_objects_v2(Bucket="theirs")["KeyCount"] == 0
        finally:
            go_on.set()
        assert {one.result().status for one in asked} == {200}


@pytest.mark.parametrize("what", ["handled", "decided", "begun"])
def test_two_accounts_leave_threads_to_a_third(house: S3House, what: str) -> None:
    """Each had half of the threads: eight copies of a large object of one account, and eight of another, and nobody else's
    request was looked at until they were done, which took as long as they liked."""
    store, go_on, running = house.gateway._store, threading.Event(), threading.Semaphore(0)
    assert isinstance(store, embedded.EmbeddedStore)
    store._handled = store._begun = house.gateway._decided = FairSemaphore(4)
    for account, bucket in ((THEIRS, "theirs"), (THIRD, "third")):
        house.client(account).create_bucket(Bucket=bucket)
    names = {"handled": "HeadObject", "begun": "PutObject"}
    method = "PUT" if what == "begun" else "HEAD"

    def slow(of: Callable[..., Any], call: Any, *asked: Any) -> Any:
        account = call.account if what == "decided" else call.caller.account
        if account != THIRD:
            running.release()
            if not go_on.wait(240):
                raise TimeoutError("nobody else was served")
        return of(call, *asked)

    if what == "decided":
        house.gateway._authorize = partial(slow, house.gateway._authorize)
    else:
        served = {"handled": store._service.handlers, "begun": store._service.uploads}[what]
        made = {**served, names[what]: partial(slow, served[names[what]])}
        kind = {"handled": "handlers", "begun": "uploads"}[what]
        object.__setattr__(store._service, kind, made)
    body = b"x" if what == "begun" else b""
    with ThreadPoolExecutor(16) as clients:
        asked = [
            clients.submit(ask, house, method, f"/{bucket}/k", (), body, account)
            for bucket, account in (("ours", OURS), ("theirs", THEIRS))
            for _ in range(8)
        ]
        assert running.acquire(timeout=240)
        assert running.acquire(timeout=240)
        try:
            third = [ask(house, method, "/third/k", (), body, THIRD).status for _ in range(3)]
        finally:
            go_on.set()
        assert third == ([200] * 3 if body else [404] * 3)
        assert {one.result().status for one in asked} <= {200, 404}


@pytest.mark.parametrize("is_signed", [True, False])
def test_lists_of_a_folder_leave_threads_to_others(tmp_path: Path, is_signed: bool) -> None:
    """A folder that stands for a bucket for everybody was read for whoever asked, a key or none, as often as there are
    threads of S3: a folder of many files kept all of them."""
    go_on, running = threading.Event(), threading.Semaphore(0)

    class Large(Folder):
        def objects(self, prefix: str, after: str = "") -> Any:
            running.release()
            go_on.wait(240)
            return super().objects(prefix, after)

    (tmp_path / "folder").mkdir()
    mapped = MappedBucket(Large(tmp_path / "folder"), "us-east-1", ())
    house = S3House(tmp_path, mapped={"far": mapped}.get)
    house.gateway._reader._folders._listed = FairSemaphore(3)
    theirs = house.client(THEIRS)
    theirs.create_bucket(Bucket="theirs")
    head = signed("GET", "/far") if is_signed else [("host", "windvane.test")]
    with ThreadPoolExecutor(12) as clients:
        asked = [clients.submit(house.ask, "GET", "/far", head) for _ in range(12)]
        assert running.acquire(timeout=240)
        try:
            assert theirs.list_objects_v2(Bucket="theirs")["KeyCount"] == 0
        finally:
            go_on.set()
        assert {one.result().status for one in asked} == {200}
    house.close()


@pytest.mark.parametrize("more", ["", "x\r\n" * 1000])
def test_the_heads_of_a_form_are_bounded(house: S3House, more: str) -> None:
    """A form of nobody's was read on the event loop for as long as its fields were empty: 20,000 names of a character each,
    or megabytes of lines in their heads."""
    n_read = 0

    async def blocks() -> Any:
        nonlocal n_read
        for code in range(0x4E00, 0x4E00 + 19_000):
            head = f'Content-Disposition: form-data; name="{chr(code)}"\r\n{more}'
            n_read += 1
            yield f"--b\r\n{head}\r\n\r\n".encode()

    with pytest.raises(S3Refusal) as raised:
        house.run(read_form("multipart/form-data; boundary=b", blocks()))
    assert raised.value.code == "MaxMessageLengthExceeded"
    assert n_read < 600


def test_forms_are_begun_in_turns(house: S3House) -> None:
    """Uploads by a form, whose permissions are looked at once more, held every thread."""
    store = house.gateway._store
    assert isinstance(store, embedded.EmbeddedStore)
    turns: list[str] = []
    of = store._begun.of
    store._begun.of = lambda account: turns.append(account) or of(account)  # type: ignore[method-assign, func-returns-value]
    form = house.client().generate_presigned_post("ours", "posted")
    fields = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in [*form["fields"].items(), ("file", "x")]
    )
    body = f"{fields}--b--\r\n".encode()
    head = [
        ("host", "windvane.test"),
        ("content-type", "multipart/form-data; boundary=b"),
        ("content-length", str(len(body))),
    ]
    assert house.ask("POST", "/ours", head, body).status == 204
    assert turns == [OURS]


def test_a_long_answer_is_not_written_on_the_event_loop(
    house: S3House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of ten thousand buckets took 0.3 s of the loop that serves everybody, for one GET."""
    loops: list[threading.Thread] = []
    write = embedded.write_answer

    def written(*arguments: Any) -> Any:
        loops.append(threading.current_thread())
        return write(*arguments)

    monkeypatch.setattr(embedded, "write_answer", written)
    house.client().list_objects_v2(Bucket="ours")
    house.client().list_buckets()
    assert len(loops) == 2
    assert house._thread not in loops


def changes_of(store: EmbeddedObjects) -> list[int]:
    """How many rows each transaction changes from now on."""
    transact, n_rows = store._index._transact, [0]

    def watched(batch: Any) -> None:
        before = store._index._writer.total_changes
        transact(batch)
        n_rows.append(store._index._writer.total_changes - before)

    store._index._transact = watched  # type: ignore[method-assign]
    return n_rows


def test_a_bucket_with_many_uploads_is_deleted_in_many_transactions(tmp_path: Path) -> None:
    """All of its uploads were aborted in one, in which nobody else could write."""
    with closing(open_objects(tmp_path / "store")) as store:
        store.create_bucket("ours", OURS, "us-east-1")
        for _ in range(450):
            store.create_upload("ours", "k", Attributes())
        longest = changes_of(store)
        store.delete_bucket("ours")
        assert len(longest) > 3
        assert max(longest) < 450 * 3
        assert store.owner("ours") is None
        assert list(store.orphans()) == []


def test_uploads_of_many_parts_are_aborted_a_few_at_a_time(tmp_path: Path) -> None:
    """Two hundred uploads went in one transaction, of up to ten thousand parts each: nobody else wrote for 14 seconds."""
    with closing(open_objects(tmp_path / "store")) as store:
        store.create_bucket("ours", OURS, "us-east-1")
        for _ in range(30):
            store.create_upload("ours", "k", Attributes())

        def add_parts(db: sqlite3.Connection) -> None:
            db.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
                "INSERT INTO parts (content, number, file, size, stored_size, crc, etag, modified, checksum, parameters) "
                "SELECT content, i, 'f' || i, 0, 0, 0, '', 0, 'null', '{}' FROM uploads, n"
            )

        store._index.write(add_parts)
        longest = changes_of(store)
        store.delete_bucket("ours")
        assert len(longest) > 3
        assert max(longest) < 12_000


def test_completed_uploads_are_forgotten_a_few_at_a_time(tmp_path: Path) -> None:
    """Those of an hour went in one transaction; and all of every account were looked through when a bucket was deleted."""
    with closing(open_objects(tmp_path / "store")) as store:
        store.create_bucket("ours", OURS, "us-east-1")

        def complete_many(db: sqlite3.Connection) -> None:
            db.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) "
                "INSERT INTO completions SELECT 'u' || i, 1, x'6b', i, '', i FROM n"
            )

        store._index.write(complete_many)
        longest = changes_of(store)
        store.delete_bucket("ours")
        assert max(longest) < 10
        store.sweep(datetime.now(UTC))
        assert max(longest) <= 5_000
        with store._index.read() as db:
            assert db.execute("SELECT count(*) FROM completions").fetchone() == (0,)


def test_pieces_of_a_body_are_bounded_as_its_bytes_are() -> None:
    """512 KB of a body in chunks of two bytes were 14 MB of pieces, for each connection."""
    unread = _Unread(UNREAD_BYTES)
    n_pieces = 0
    while not unread.is_enough:
        unread.add(b"ab")
        n_pieces += 1
    assert n_pieces < 10_000
    assert bytes(unread) == b"ab" * n_pieces


@pytest.mark.parametrize("delimiter", ["v", "%2F", "0"])
def test_a_folder_is_read_once_for_a_list(
    tmp_path: Path, delimiter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was read anew behind each common prefix: a list with an odd delimiter, which anybody may ask for of a bucket
    that is open to all, took minutes of a thread."""
    folder = tmp_path / "folder"
    for number in range(40):
        (folder / f"d{number}" / "inner").mkdir(parents=True)
        for name in (f"{number}.csv", f"d{number}/x0.csv", f"d{number}/inner/y"):
            (folder / name).touch()
    reads: list[int] = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: reads.append(path) or scan(path))
    mapped = MappedBucket(Folder(folder), "us-east-1", ())
    house = S3House(tmp_path, mapped={"far": mapped}.get)
    reads.clear()
    try:
        assert house.ask("GET", f"/far?list-type=2&delimiter={delimiter}").status == 200
    finally:
        house.close()
    assert len(reads) <= 81


def test_chunks_are_no_smaller_than_those_of_s3(house: S3House) -> None:
    """Each chunk of one byte cost as much as one of a megabyte: 1 MB of them a second of the interpreter."""
    body = b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n"
    headers = [
        ("x-amz-decoded-content-length", "1000"),
        ("content-length", str(len(body))),
    ]
    given = signed("PUT", "/ours/c", headers, "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    answer = house.ask("PUT", "/ours/c", given, body)
    assert (answer.status, b"<Code>InvalidChunkSizeError</Code>" in answer.body) == (403, True)


def test_lines_of_an_xml_document_cost_nothing_each() -> None:
    """4 MB of line breaks were four million calls: 1 s of the interpreter."""
    root = parse_document(b"<Tagging>" + b"\n" * (1 << 20) + b"</Tagging>")
    assert len(root.text) == 1 << 20
    assert len(root.pieces) < 4096


def test_a_long_namespace_is_no_part_of_each_name() -> None:
    """Its URI was copied for each attribute and each element that was of it: 500 KB took 5 GB, twice as much 20, and the
    server was ended; 4 MB of elements took a core for 100 s."""
    uri, names = "u" * 100_000, " ".join(f'a:b{number}=""' for number in range(500))
    many = "<a:P/>" * 20_000
    body = f'<a:Delete xmlns:a="{uri}" xmlns="{uri}" {names}>{many}</a:Delete>'.encode()
    short = body.replace(uri.encode(), b"u")
    tracemalloc.start()
    try:
        root = parse_document(body)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (root.name, len(root.attributes), root.children[0].name) == ("Delete", 500, "P")
    assert peak < 32 << 20
    cost, least = (least_cpu_s(partial(parse_document, one)) for one in (body, short))
    assert cost < 4 * least


def test_a_page_of_a_list_ends_with_what_memory_it_takes(tmp_path: Path) -> None:
    """A header of 60 KB is 360 KB of an object's attributes: a page of a thousand took 400 MB, and one account reads six at once."""
    with closing(open_objects(tmp_path)) as store:
        store.create_bucket("ours", OURS, "us-east-1")
        store.set_versioning("ours", Versioning.ENABLED)
        heavy = Attributes(headers={"cache-control": "\xe9" * 60_000})
        for number in range(60):
            with store.stage() as staged:
                store.put("ours", f"{number:02}", staged, "0" * 32, heavy)
            store.create_upload("ours", f"{number:02}", heavy)
        n_listed, after, n_pages = 0, "", 0
        while (page := store.list_objects("ours", after=after)).next is not None:
            n_listed, after, n_pages = n_listed + len(page.objects), page.next, n_pages + 1
            assert len(page.objects) < 30
        assert (n_listed + len(page.objects), n_pages) == (60, 2)
        assert len(store.list_versions("ours").versions) < 30
        assert len(store.list_uploads("ours").uploads) < 30


@pytest.mark.parametrize(
    "target",
    [
        "/ours/mp?part-number-marker=9223372036854775808&uploadId={}",
        "/ours/mp?part-number-marker=9999999999999999999&uploadId={}",
    ],
)
def test_a_number_that_no_store_can_hold_is_refused(house: S3House, target: str) -> None:
    """It was answered with 500."""
    upload = house.client().create_multipart_upload(Bucket="ours", Key="mp")["UploadId"]
    assert ask(house, "GET", target.format(upload)).status == 400


def test_an_operation_that_waits_behind_many_is_done_before_it_is_answered(tmp_path: Path) -> None:
    """Whoever came behind 256 others got an error, and what it asked for was done all the same, later: with a data
    file that had been dropped."""
    index = Index(tmp_path / "index.sqlite")
    done: list[object] = []
    index._waiting.extend(_PendingWrite(done.append) for _ in range(600))
    assert index.write(lambda _: len(done)) == 600
    index.close()


def test_what_is_done_is_answered_whoever_writes_next(tmp_path: Path) -> None:
    """Eight requests that completed an upload of 10,000 parts again and again took the lock of the index from each other: a
    put of somebody else, which was long done, waited a minute for it."""
    index = Index(tmp_path / "index.sqlite")
    with ThreadPoolExecutor(1) as one, index._writing:
        answer = one.submit(index.write, lambda _: "done")
        while not index._waiting:
            pass
        index._write_waiting()
        assert answer.result(240) == "done"
    index.close()


def test_what_takes_long_shares_no_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to 256 operations that took long were one transaction, and no process else could write meanwhile."""
    monkeypatch.setattr(index_module, "_LONG_S", -1.0)
    index = Index(tmp_path / "index.sqlite")
    transact, n_done = index._transact, list[int]()

    def watched(batch: Any) -> None:
        transact(batch)
        n_done.append(len(batch))

    index._transact = watched  # type: ignore[method-assign]
    index._waiting.extend(_PendingWrite(lambda _: None) for _ in range(5))
    assert index.write(lambda _: "the sixth") == "the sixth"
    assert n_done == [1] * 6
    index.close()


def test_permissions_of_one_account_leave_threads_to_others(house: S3House) -> None:
    """Long policies of one account were looked through in all threads of S3 at once, for a request without a body each."""
    go_on, running = threading.Event(), threading.Semaphore(0)
    allow = house.gateway._authorize

    def slow(caller: Any, *asked: Any) -> None:
        if caller.account == OURS:
            running.release()
            go_on.wait(240)
        allow(caller, *asked)

    house.client(THEIRS).create_bucket(Bucket="theirs")
    house.gateway._authorize = slow  # type: ignore[assignment]
    house.gateway._decided = FairSemaphore(3)
    with ThreadPoolExecutor(24) as clients:
        asked = [clients.submit(ask, house, "HEAD", "/ours/k") for _ in range(24)]
        assert running.acquire(timeout=240)
        try:
            assert house.client(THEIRS).list_objects_v2(Bucket="theirs")["KeyCount"] == 0
        finally:
            go_on.set()
        assert {one.result().status for one in asked} == {200}


def test_keys_that_take_long_to_decide_about_are_left(
    house: S3House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 keys of 1 KB against a Deny with many wildcards took a request minutes."""
    seconds = count(0, 6)
    monkeypatch.setattr("windvane.api.s3.deletions.time.monotonic", lambda: next(seconds))
    keys = [{"Key": name} for name in ("k", "l", "m")]
    answer = house.client().delete_objects(Bucket="ours", Delete={"Objects": keys})
    assert [one["Key"] for one in answer["Deleted"]] == ["k"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [
        ("l", "SlowDown"),
        ("m", "SlowDown"),
    ]
