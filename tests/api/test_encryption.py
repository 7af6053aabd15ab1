"""Keys of KMS that jobs and endpoints name, and traffic encryption, through a boto3 client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.accounts import Accounts, allow, deny, document, trust
from api.steps import split_request, training_request
from api.world import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OUTPUT,
    REGION,
    SCOPE,
    World,
    config_request,
    job_request,
    refusal,
)

from windvane.artifacts.base import Location
from windvane.artifacts.embedded import ObjectStoreArtifacts
from windvane.artifacts.mapped import BucketMap
from windvane.control.encryption import Encryption
from windvane.control.inputs import check_input
from windvane.control.kms.master import MasterKeys, master_key
from windvane.control.kms.service import new_key_service
from windvane.control.members import Member
from windvane.control.objects import Objects
from windvane.domain.candidate import ProcessingJob, TrainingJob
from windvane.domain.datasource import DataSource
from windvane.domain.deployment import Endpoint, EndpointConfig
from windvane.domain.job import AutoMLJob
from windvane.errors import AccessDenied, InvalidRequest
from windvane.from_settings import key_of_writes
from windvane.names import PageTokens
from windvane.objects.encrypted import EncryptedStore
from windvane.objects.encryption import DEFAULT_DOCUMENT
from windvane.objects.store import open_objects


@pytest.fixture
def kms(world: World) -> Any:
    return world.client(service="kms")


@pytest.fixture
def key(kms: Any) -> dict[str, Any]:
    made: dict[str, Any] = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/team", TargetKeyId=made["KeyId"])
    return made


def with_output_key(written: str, name: str = "churn") -> dict[str, Any]:
    return job_request(name, OutputDataConfig={"S3OutputPath": OUTPUT, "KmsKeyId": written})


def with_security(**members: Any) -> dict[str, Any]:
    return job_request(AutoMLJobConfig={"SecurityConfig": members})


def record(world: World, kind: type[Any], name: str) -> Any:
    with world.store.snapshot() as tx:
        return tx.find(kind, SCOPE, name)


def test_each_form_of_a_key_is_taken_and_told_as_it_was_written(
    world: World, client: Any, kms: Any, key: dict[str, Any]
) -> None:
    alias = kms.list_aliases()["Aliases"][0]["AliasArn"]
    for number, written in enumerate((key["KeyId"], key["Arn"], "alias/team", alias)):
        name = f"job-{number}"
        client.create_auto_ml_job(**with_output_key(written, name))
        described = client.describe_auto_ml_job(AutoMLJobName=name)
        assert described["OutputDataConfig"]["KmsKeyId"] == written
        assert record(world, AutoMLJob, name).output_key == key["Arn"]


def test_what_moves_an_alias_leaves_jobs_as_they_are(
    world: World, client: Any, kms: Any, key: dict[str, Any]
) -> None:
    client.create_auto_ml_job(**with_output_key("alias/team"))
    kms.update_alias(AliasName="alias/team", TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    assert record(world, AutoMLJob, "churn").output_key == key["Arn"]


@pytest.mark.parametrize("state", ["disabled", "pending", "missing", "foreign"])
def test_a_key_that_cannot_be_used_is_refused_by_name(
    world: World, client: Any, kms: Any, key: dict[str, Any], state: str
) -> None:
    written, why = key["KeyId"], f"{key['Arn']} is disabled."
    if state == "disabled":
        kms.disable_key(KeyId=written)
    elif state == "pending":
        kms.schedule_key_deletion(KeyId=written)
        why = f"{key['Arn']} is pending deletion."
    elif state == "missing":
        written = "00000000-0000-0000-0000-000000000000"
        why = f"Key '{key['Arn'].replace(key['KeyId'], written)}' does not exist"
    else:
        made = world.client(OTHER_ACCOUNT, service="kms").create_key()["KeyMetadata"]
        written, why = made["Arn"], "another account's"
    for request, place in (
        (with_output_key(written), "outputDataConfig.kmsKeyId"),
        (
            with_security(VolumeKmsKeyId=written),
            "autoMLJobConfig.securityConfig.volumeKmsKeyId",
        ),
    ):
        code, text = refusal(client.create_auto_ml_job, **request)
        assert code == "ValidationException"
        assert f"The KMS key '{written}' at '{place}' cannot be used: " in text
        assert why in text
    assert client.list_auto_ml_jobs()["AutoMLJobSummaries"] == []


def test_step_jobs_keep_their_keys(world: World, client: Any, key: dict[str, Any]) -> None:
    world.put("s3://data/dataset/analysis.json")
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    training = training_request(
        "t",
        OutputDataConfig={"S3OutputPath": "s3://results/a", "KmsKeyId": "alias/team"},
        ResourceConfig={**cluster, "VolumeKmsKeyId": key["KeyId"]},
        EnableInterContainerTrafficEncryption=True,
    )
    client.create_training_job(**training)
    described = client.describe_training_job(TrainingJobName="t")
    assert described["OutputDataConfig"]["KmsKeyId"] == "alias/team"
    assert described["ResourceConfig"]["VolumeKmsKeyId"] == key["KeyId"]
    assert described["EnableInterContainerTrafficEncryption"] is True
    kept = record(world, TrainingJob, "t")
    assert (kept.output_key, kept.volume_key) == (key["Arn"], key["Arn"])

    processing = split_request("p")
    processing["ProcessingOutputConfig"] |= {"KmsKeyId": key["Arn"]}
    processing["ProcessingResources"] = {"ClusterConfig": {**cluster, "VolumeKmsKeyId": key["Arn"]}}
    processing["NetworkConfig"] = {"EnableInterContainerTrafficEncryption": True}
    client.create_processing_job(**processing)
    described = client.describe_processing_job(ProcessingJobName="p")
    assert described["ProcessingOutputConfig"]["KmsKeyId"] == key["Arn"]
    assert described["NetworkConfig"] == {"EnableInterContainerTrafficEncryption": True}
    kept = record(world, ProcessingJob, "p")
    assert (kept.output_key, kept.volume_key) == (key["Arn"], key["Arn"])


def test_an_endpoint_keeps_the_key_of_its_configuration(
    world: World, client: Any, key: dict[str, Any]
) -> None:
    world.create_model()
    client.create_endpoint_config(**config_request(KmsKeyId="alias/team"))
    described = client.describe_endpoint_config(EndpointConfigName="c")
    assert described["KmsKeyId"] == "alias/team"
    assert record(world, EndpointConfig, "c").volume_key == key["Arn"]
    client.create_endpoint(EndpointName="e", EndpointConfigName="c")
    [deployed] = record(world, Endpoint, "e").desired
    assert deployed.volume_key == key["Arn"]


def test_traffic_encryption_is_honoured_and_told(world: World, client: Any) -> None:
    client.create_auto_ml_job(**with_security(EnableInterContainerTrafficEncryption=True))
    described = client.describe_auto_ml_job(AutoMLJobName="churn")
    assert described["AutoMLJobConfig"]["SecurityConfig"] == {
        "EnableInterContainerTrafficEncryption": True
    }


def test_traffic_encryption_is_refused_while_something_leaves_the_machine_in_the_clear(
    world: World,
) -> None:
    link = "[s3] endpoint http://s3.example.org"
    encryption = Encryption(ciphers=None, plain_links=(link,))  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match=r"http://s3\.example\.org"):
        encryption.check_traffic(Member("enable", True))
    encryption.check_traffic(Member("enable", False))
    encryption.check_traffic(Member("enable", None))


def test_a_machine_without_volumes_in_memory_says_why(world: World) -> None:
    encryption = Encryption(ciphers=None, no_volumes="Swap is plain.")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match=r"'kmsKeyId' cannot be honoured.*Swap is plain"):
        encryption.volume_key(SCOPE, Member("kmsKeyId", "alias/k"))
    assert encryption.volume_key(SCOPE, Member("kmsKeyId", None)) == ""


def test_keys_of_an_external_store_are_its_own(world: World) -> None:
    encryption = Encryption(ciphers=None, has_own_store=False)  # type: ignore[arg-type]
    grant: Any = None
    found = encryption.output_key(SCOPE, grant, Member("kmsKeyId", "their-key"))
    assert found == "their-key"


def test_a_role_that_may_not_use_the_key_cannot_write_under_it(tmp_path: Path) -> None:
    """Attack: who may not use a key has a job do it."""
    accounts = Accounts(tmp_path)
    try:
        iam, key = accounts.client("iam"), accounts.client("kms").create_key()["KeyMetadata"]
        role = iam.create_role(
            RoleName="writer",
            AssumeRolePolicyDocument=trust({"Service": "sagemaker.amazonaws.com"}),
        )["Role"]["Arn"]
        everything = [allow("s3:*"), deny("kms:Decrypt", key["Arn"])]
        for statements in (everything, [allow("*"), deny("kms:GenerateDataKey", key["Arn"])]):
            iam.put_role_policy(
                RoleName="writer", PolicyName="p", PolicyDocument=document(*statements)
            )
            output = {"S3OutputPath": "s3://scratch/out", "KmsKeyId": key["KeyId"]}
            code, text = refusal(
                accounts.client().create_auto_ml_job,
                **job_request(OutputDataConfig=output, RoleArn=role),
            )
            assert code == "ValidationException"
            assert f'permission on key "{key["Arn"]}"' in text
        iam.put_role_policy(
            RoleName="writer", PolicyName="p", PolicyDocument=document(allow(["s3:*", "kms:*"]))
        )
        accounts.client().create_auto_ml_job(**job_request(OutputDataConfig=output, RoleArn=role))
    finally:
        accounts.close()


def test_the_console_writes_nothing_under_a_key_that_its_user_may_not_use(
    encrypted: tuple[Accounts, Any, Any],
) -> None:
    """Attack: what S3 refuses without kms:GenerateDataKey went into a bucket with a default key through the console."""
    accounts, artifacts, key = encrypted
    store = artifacts._objects
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.arn}
    default = {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}
    artifacts.ensure_bucket("locked")
    store.set_document("locked", DEFAULT_DOCUMENT, json.dumps(default))
    needed = key_of_writes(store, BucketMap())
    objects = Objects(artifacts, None, BucketMap(), accounts.identity.authorizer, needed)
    writer = accounts.caller(accounts.user("writer", allow("s3:*")))
    with pytest.raises(AccessDenied, match=f"kms:GenerateDataKey on resource: {key.arn}"):
        objects.write(writer, "s3://locked/a", b"x")
    objects.write(writer, "s3://data/a", b"x")
    owner = accounts.caller(accounts.user("owner", allow(["s3:*", "kms:GenerateDataKey"])))
    objects.write(owner, "s3://locked/a", b"x")


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[tuple[Accounts, Any, Any]]:
    """Accounts whose objects lie in the encrypted store, a key, and the keys of a user who may use none."""
    accounts = Accounts(tmp_path)
    clock = accounts.clock
    service = new_key_service(
        accounts.store, MasterKeys(master_key(b"m" * 32)), PageTokens(b"k" * 32), clock
    )
    service.start()
    objects = EncryptedStore(open_objects(tmp_path / "objects"), service.data_keys)
    key = service.keys.create(SCOPE, {})
    artifacts = ObjectStoreArtifacts(objects, ACCOUNT, REGION)
    artifacts.ensure_bucket("data")
    artifacts.encrypted_under(key.arn).write(Location("data", "secret/a.csv"), b"a,y\n1,0\n")
    artifacts.encrypted_under("alias/aws/s3").write(Location("data", "managed/a.csv"), b"a,y\n")
    artifacts.write(Location("data", "open/a.csv"), b"a,y\n1,0\n")
    yield accounts, artifacts, key
    objects.close()
    accounts.close()


def test_a_role_reads_no_input_whose_key_it_may_not_use(
    encrypted: tuple[Accounts, Any, Any],
) -> None:
    """Attack: who may read objects and may not use their key has a job, a model or a preview read them."""
    accounts, artifacts, key = encrypted
    user = accounts.user("reader", allow("s3:*"))
    grant = accounts.roles.of_caller(accounts.caller(user))
    source = DataSource("s3://data/secret/")
    with pytest.raises(InvalidRequest, match=r"no \"kms:Decrypt\" permission on key"):
        check_input(artifacts, SCOPE, grant, source)
    artifacts.write(Location("data", "secret/0.csv"), b"a,y\n")
    with pytest.raises(InvalidRequest, match=key.arn):
        check_input(artifacts, SCOPE, grant, source)
    for readable in ("open/", "managed/"):
        check_input(artifacts, SCOPE, grant, DataSource(f"s3://data/{readable}"))
    allowed = accounts.user("owner", allow(["s3:*", "kms:Decrypt"]))
    grant = accounts.roles.of_caller(accounts.caller(allowed))
    check_input(artifacts, SCOPE, grant, source)


def test_the_console_reads_no_object_whose_key_its_user_may_not_use(
    encrypted: tuple[Accounts, Any, Any],
) -> None:
    """Attack: the same through the pages that show objects."""
    accounts, artifacts, _ = encrypted
    objects = Objects(artifacts, None, BucketMap(), accounts.identity.authorizer)
    reader = accounts.caller(accounts.user("reader", allow("s3:*")))
    assert objects.info(reader, "s3://data/secret/a.csv").size == 8
    with pytest.raises(AccessDenied, match="kms:Decrypt"):
        objects.read(reader, "s3://data/secret/a.csv", 100)
    with pytest.raises(AccessDenied, match="kms:Decrypt"):
        next(objects.chunks(reader, "s3://data/secret/a.csv"))
    assert objects.read(reader, "s3://data/open/a.csv", 100) == b"a,y\n1,0\n"
