"""Our own operation that looks at a table before a job is started on it, over the real edge.

What it tells of all sorts of tables is in unit/engine/preview.
"""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from api.world import ACCOUNT, OTHER_ACCOUNT, READER, REGION, World, _call
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials
from unit.engine.preview.test_table import HOSTILE, TABLE, Held

from windvane.artifacts.base import parse_location
from windvane.control.preview_process import Bounds, look
from windvane.engine.preview.records import PreviewRequest
from windvane.errors import InvalidRequest

URI = "s3://data/table/rows.csv"


def preview(world: World, uri: str = URI, account: str = ACCOUNT, **members: Any) -> dict[str, Any]:
    status, answer = _sent(world, account, {"S3Uri": uri, **members})
    assert status == 200, answer
    return answer


def refused(world: World, uri: str = URI, account: str = ACCOUNT, **members: Any) -> str:
    status, answer = _sent(world, account, {"S3Uri": uri, **members})
    assert (status, answer["__type"]) == (400, "ValidationException")
    return str(answer["message"])


def _sent(world: World, account: str, members: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    url = "http://windvane.test/windvane/tables/preview"
    request = AWSRequest("POST", url, data=json.dumps(members).encode())
    request.headers["Content-Type"] = "application/json"
    SigV4Auth(Credentials(account, "secret"), "sagemaker", REGION).add_auth(request)
    prepared = AWSPreparedRequest("POST", url, request.headers, request.data, stream_output=False)
    status, _, body = asyncio.run(_call(world.edge, prepared))
    return status, json.loads(body)


@pytest.fixture
def table(world: World) -> World:
    world.put(URI, TABLE)
    return world


def test_a_table_and_its_target_are_told(table: World) -> None:
    answer = preview(
        table,
        TargetAttributeName="y",
        CompressionType="None",
        RoleArn=READER,
        RowCount=2,
        FeatureAttributeNames=["x", "late", "same"],
        FeatureDataTypes={"x": "categorical", "late": "numeric"},
    )
    assert answer["Format"] == {
        "ContentType": "text/csv;header=present",
        "CompressionType": "None",
        "Encoding": "utf-8",
        "Delimiter": ",",
        "Quote": '"',
        "FirstRowLooksLikeData": False,
    }
    assert answer["Source"] == {
        "PreviewedS3Uri": URI,
        "PreviewedBytes": len(TABLE),
        "BytesRead": len(TABLE),
        "ObjectCount": 1,
        "TotalBytes": len(TABLE),
        "HasMoreObjects": False,
    }
    assert (answer["RowsRead"], answer["RowsTotal"]) == (600, 600)
    assert not answer["IsSampled"]
    assert not answer["RowsTotalIsEstimated"]
    assert [row[0] for row in answer["Rows"]] == ["id-000000", "id-000001"]
    columns = {column["Name"]: column for column in answer["Columns"]}
    assert [column["Type"] for column in columns.values()] == [
        "unused",
        "categorical",
        "unused",
        "constant",
        "categorical",
        "categorical",
    ]
    assert columns["same"] == {
        "Name": "same",
        "Type": "constant",
        "Reason": "the same value 'k' in all 600 rows",
        "IsFeature": False,
        "MissingCount": 0,
        "MissingShare": 0,
        "DistinctCount": 1,
        "Examples": ["k"],
    }
    assert "can be read as numbers" in columns["late"]["TypeFault"]
    target = answer["Target"]
    assert (target["ProblemType"], target["DefaultObjective"]) == ("BinaryClassification", "F1")
    assert target["Objectives"][:2] == ["F1", "AUC"]
    assert [bar["Label"] for bar in target["Distribution"]] == ["no", "yes"]
    assert (target["ClassCount"], target["ValidCount"], target["InvalidCount"]) == (2, 600, 0)
    assert "two distinct values" in target["Reason"]
    leak = next(one for one in answer["Findings"] if "late" in one["ColumnNames"])
    assert leak["Severity"] == "high"
    assert all(leak[member] for member in ("Code", "Evidence", "Consequence", "Action"))


def test_a_histogram_and_a_fault_of_a_target_are_told(table: World) -> None:
    first, *_, last = preview(table, TargetAttributeName="x", ProblemType="Regression")["Target"][
        "Distribution"
    ]
    assert first["From"] < first["To"] < last["To"]
    assert first["Count"] > 0
    target = preview(table, TargetAttributeName="key")["Target"]
    assert "The problem type cannot be inferred" in target["Fault"]
    assert "Objectives" not in target


def test_numbers_that_may_be_codes_are_told(world: World) -> None:
    rows = [f"{i % 4},{i},{i % 3 == 0}" for i in range(200)]
    world.put(URI, "\n".join(["education,x,y", *rows, ""]).encode())
    columns = {one["Name"]: one for one in preview(world, TargetAttributeName="y")["Columns"]}
    assert columns["education"]["PossibleType"] == "categorical"
    assert "PossibleType" not in columns["x"]


def test_parquet_under_a_hostile_name_is_told(world: World) -> None:
    written = io.BytesIO()
    pq.write_table(pa.table({HOSTILE: [1.5, None] * 300, "y": ["p", "q"] * 300}), written)
    world.put(URI, written.getvalue())
    answer = preview(world, S3DataType="S3Prefix")
    assert answer["Format"] == {
        "ContentType": "x-application/vnd.amazon+parquet",
        "CompressionType": "None",
        "FirstRowLooksLikeData": False,
    }
    assert answer["Columns"][0]["Name"] == HOSTILE
    assert answer["Columns"][0]["MissingShare"] == 0.5
    assert "Target" not in answer
    assert answer["Findings"] == []


def test_of_several_objects_the_first_with_data_is_previewed(table: World) -> None:
    table.put("s3://data/table/a-marker", b"")
    answer = preview(table, "s3://data/table/")
    assert answer["Source"]["PreviewedS3Uri"] == URI
    assert answer["Source"]["ObjectCount"] == 2
    manifest = [{"prefix": "s3://data/table/"}, "rows.csv"]
    table.put("s3://data/m", json.dumps(manifest).encode())
    by_manifest = preview(table, "s3://data/m", S3DataType="ManifestFile")
    assert by_manifest["Source"]["PreviewedS3Uri"] == URI


def test_what_is_not_there_or_no_table_is_refused(table: World) -> None:
    assert "No S3 objects found" in refused(table, "s3://data/nowhere/")
    assert "Did you mean 'late'?" in refused(table, TargetAttributeName="lat")
    assert "satisfy regular expression" in refused(table, "https://data/nowhere")
    table.put(URI, b"a,b\n1,2\n1,2,3\n")
    assert "line 3: the row has 3 fields instead of 2" in refused(table)


def test_permissions_are_those_of_a_job(table: World) -> None:
    with table.store.transaction() as tx:
        tx.claim_bucket("data", ACCOUNT, table.clock())
    assert "belongs to another account" in refused(table, account=OTHER_ACCOUNT)
    table.put("s3://secret/a.csv", TABLE)
    assert "Access denied" in refused(table, "s3://secret/a.csv", RoleArn=READER)
    table.put("s3://data/m", json.dumps([{"prefix": "s3://secret/"}, "a.csv"]).encode())
    by_manifest = {"S3DataType": "ManifestFile", "RoleArn": READER}
    assert "Access denied" in refused(table, "s3://data/m", **by_manifest)
    assert "cannot be assumed" in refused(table, RoleArn=f"{READER}-none")


@pytest.mark.parametrize(
    ("bounds", "told"),
    [(Bounds(time_s=0.01), "took more than 0.01 seconds"), (Bounds(memory_mb=1), "too large")],
)
def test_a_preview_has_limits_of_time_and_memory(tmp_path: Path, bounds: Bounds, told: str) -> None:
    held = Held(TABLE)
    with pytest.raises(InvalidRequest, match=told):
        look(PreviewRequest(held.name, held.size), tmp_path, held, bounds, None)


def test_an_object_that_vanishes_meanwhile_is_told_of(table: World) -> None:
    opened, location = table.artifacts.open, parse_location(URI)

    def vanishing(*given: Any) -> Any:
        table.artifacts.delete(location)
        return opened(*given)

    table.artifacts.open = vanishing  # type: ignore[method-assign]
    assert "was deleted" in refused(table)


@pytest.mark.parametrize(("member", "column"), [("TimeColumn", "when"), ("GroupColumn", "x")])
def test_a_column_that_splits_the_rows_is_no_feature(
    table: World, member: str, column: str
) -> None:
    answer = preview(table, TargetAttributeName="y", **{member: column})
    told = {one["Name"]: one for one in answer["Columns"]}
    assert told[column]["IsFeature"] is False
    assert "Fault" not in answer["Target"]


def test_two_columns_that_split_the_rows_are_a_fault_of_the_job(table: World) -> None:
    answer = preview(table, TargetAttributeName="y", TimeColumn="when", GroupColumn="x")
    assert "give one of them" in answer["Target"]["Fault"]
