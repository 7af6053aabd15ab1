"""A job with keys for its output and its volume, encrypted traffic and a network, to endpoints, one of a model in isolation:
what is on the disk, in memory and in S3, whom its processes can talk to, and what is left of it when the key is disabled."""

import json
import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from botocore.exceptions import ClientError
from conformance import session
from hostile import breakable
from hostile.test_one_port import family, sockets_of
from journeys.running import RunningServer, limits

from windvane.process.confinement import Part
from windvane.process.sandbox import sandbox_of
from windvane.process.volatile import make_memory_folder, memory_folder

JOB = "sealed"
SECRETS = (b"quaxly-vermilion", b"snorble-teal")
"""Cells of the table, which stand nowhere else."""

NETWORK = '[[networks]]\nsubnets = ["subnet-0a"]\nsecurity_groups = ["sg-0a"]\n'
VPC = {"Subnets": ["subnet-0a"], "SecurityGroupIds": ["sg-0a"]}


class Breakable(RunningServer):
    """Its model processes are its own, and run what a request says besides."""

    def command(self):
        return breakable.command(session.folder())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sealed") / "data"


@pytest.fixture(scope="module")
def sealed(folder):
    """The server, the key, the job when it has ended, and what was seen meanwhile; its endpoint is in service."""
    if why := make_memory_folder(folder):
        pytest.skip(why)
    config = folder.with_suffix(".toml")
    config.write_text(f"[work]\nworkers = 1\n{NETWORK}")
    server = Breakable(folder, "--config", str(config))
    try:
        key = server.client("kms").create_key()["KeyMetadata"]
        yield server, key, made(server, key)
    finally:
        server.stop()


def table():
    random = np.random.default_rng(5)
    a, noise = random.normal(size=(2, 600)).round(3)
    words = random.choice([word.decode() for word in SECRETS], 600)
    lines = [
        f"{a[i]},{words[i]},{'yes' if a[i] + (words[i][0] == 'q') + noise[i] > 0.5 else 'no'}"
        for i in range(600)
    ]
    return "\n".join(["a,word,y", *lines]).encode() + b"\n"


def security(key, **changes):
    return {
        "EnableInterContainerTrafficEncryption": True,
        "VolumeKmsKeyId": key["KeyId"],
        "VpcConfig": VPC | changes,
    }


def made(server, key):
    uri = server.upload("sealed/train.csv", table())
    bucket = server.env["WINDVANE_BUCKET"]
    server.create_job(
        JOB,
        uri,
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/sealed", "KmsKeyId": key["Arn"]},
        AutoMLJobConfig={**limits(1, 170), "SecurityConfig": security(key)},
        ModelDeployConfig={"EndpointName": JOB},
    )
    sagemaker = server.client("sagemaker")
    seen, tasks, peers, lax = set(), {}, set(), set()
    while True:
        for root in (server.folder, memory_folder(server.folder)):
            seen |= {(root, secret) for secret in SECRETS if secret in contents(root)}
        for pid, state in states_of_tasks(server).items():
            tasks.setdefault(pid, []).append(state)
        job = sagemaker.describe_auto_ml_job(AutoMLJobName=JOB)
        lax |= open_to_others(server)
        peers |= peers_of(server)  # with the connection that this client keeps
        if job["AutoMLJobStatus"] != "InProgress":
            break
        time.sleep(0.2)
    assert job["AutoMLJobStatus"] == "Completed", (job, server.log()[-3000:])
    assert not {root for root, _ in seen} - {memory_folder(server.folder)}
    return job, seen, tasks, peers, lax


def states_of_tasks(server):
    """Of each task that runs: whether calls are filtered, and the interfaces of its network."""
    found = {}
    for pid in family(server.process.pid):
        process = Path(f"/proc/{pid}")
        try:
            status = (process / "status").read_text()
            interfaces = (process / "net/dev").read_text().splitlines()[2:]
            attendant = parent_of(pid)
            fork_server = parent_of(attendant)
            line = [pid, attendant, fork_server, parent_of(fork_server)]
            is_task = all(
                b"zygote_process" in Path(f"/proc/{one}/cmdline").read_bytes() for one in line
            )
        except OSError:
            continue  # it has ended
        if is_task:
            names = {interface.partition(":")[0].strip() for interface in interfaces}
            found[pid] = ("Seccomp:\t2" in status, names)
    return found


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def open_to_others(server):
    """Files and folders of the server, those in memory included, that users of the machine may use (not those that it
    made itself for tasks and models, which have the group of what it lends them)."""
    found = set()
    for root in (server.folder, memory_folder(server.folder)):
        for path in (root, *below(root)):
            with suppress(OSError):  # it is gone
                mode = path.lstat().st_mode
                if not stat.S_ISLNK(mode) and mode & 0o007:
                    found.add(path)
    return found


def peers_of(server):
    """Addresses, as the kernel writes them, that the server and all that it started talk TCP with."""
    held = sockets_of(family(server.process.pid))
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    lines += [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    return {line[2].partition(":")[0] for line in lines if line[9] in held} - {"00000000"}


def below(root):
    """Yield every folder and file below a folder; unlike `rglob`, it bears that folders go meanwhile."""
    for folder, folders, files in os.walk(root):
        yield from (Path(folder) / name for name in (*folders, *files))


def contents(root):
    """Of every file below a folder, one after the other."""
    found = []
    for path in below(root):
        with suppress(OSError):  # a folder, a socket, or gone meanwhile
            found.append(path.read_bytes())
    return b"\n".join(found)


def objects(server):
    s3, bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="sealed/sealed/")
    return [entry["Key"] for page in pages for entry in page["Contents"]]


def test_everything_is_told_and_the_endpoint_answers(sealed):
    server, key, (job, *_) = sealed
    assert job["OutputDataConfig"]["KmsKeyId"] == key["Arn"]
    assert job["AutoMLJobConfig"]["SecurityConfig"] == security(key)
    sagemaker = server.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=JOB)
    assert endpoint["EndpointStatus"] == "InService"
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    assert config["KmsKeyId"] == key["Arn"]
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert model["VpcConfig"] == VPC
    assert invoked(server, JOB, b"2.0,quaxly-vermilion\n").strip() == b"yes"


def invoked(server, endpoint, body):
    runtime = server.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=body)
    return answer["Body"].read()


def test_no_task_has_a_network(sealed):
    """It was honest to repeat VpcConfig: what is in a declared network reaches nothing of any other."""
    server, _, (_, _, tasks, *_) = sealed
    parts = sandbox_of(server.folder)[0].parts
    looked_at = [states[-1] for states in tasks.values() if len(states) > 2]  # not while it begins
    assert looked_at
    for is_filtered, interfaces in looked_at:
        assert is_filtered or Part.SECCOMP not in parts
        assert interfaces <= {"lo"} or Part.NETWORK not in parts


def test_nobody_else_could_use_what_the_server_kept(sealed):
    """Attack 14: what tasks read and made was of mode 0644."""
    _, _, (*_, lax) = sealed
    assert lax == set()


def test_nothing_of_the_job_crosses_a_network(sealed):
    """What EnableInterContainerTrafficEncryption asks for: all that anybody could listen to is this client's own link."""
    _, _, (*_, peers, _) = sealed
    assert peers == {"0100007F"}


@pytest.mark.parametrize("changes", [{"Subnets": ["subnet-0b"]}, {"SecurityGroupIds": ["sg-0b"]}])
def test_a_network_that_is_not_declared_is_refused(sealed, changes):
    server, key, (job, *_) = sealed
    with pytest.raises(ClientError, match="is not declared on this server"):
        server.create_job(
            "refused",
            f"s3://{server.env['WINDVANE_BUCKET']}/sealed/train.csv",
            AutoMLJobConfig={"SecurityConfig": security(key, **changes)},
        )
    with pytest.raises(ClientError, match="is not declared on this server"):
        server.client("sagemaker").create_model(
            ModelName="refused",
            Containers=job["BestCandidate"]["InferenceContainers"],
            ExecutionRoleArn=server.env["WINDVANE_ROLE_ARN"],
            VpcConfig=VPC | changes,
        )


def test_a_model_in_isolation_answers_and_finds_nothing_even_if_it_runs_code(sealed):
    server, key, (job, *_) = sealed
    parts = sandbox_of(server.folder)[0].parts
    if not parts & {Part.LANDLOCK, Part.MOUNTS} or Part.SECCOMP not in parts:
        pytest.skip("this machine has too little of a sandbox")
    asked = {"EnableNetworkIsolation": True, "VpcConfig": VPC}
    process = deployed(server, key, job, "isolated", asked)
    model = server.client("sagemaker").describe_model(ModelName="isolated")
    assert {member: model[member] for member in asked} == asked
    assert invoked(server, "isolated", b"2.0,quaxly-vermilion\n").strip() == b"yes"
    memory = memory_folder(server.folder)
    own = breakable.folders_of(process)
    assert all(folder.is_relative_to(memory) for folder in own), "its configuration has a key"
    name = server.folder.with_suffix(".socket")
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(name))
        local.listen()
        port = int(server.url.rpartition(":")[2])
        kept = [server.folder, memory]
        told = breakable.told_of(server.process.pid, kept, port, name, process)
        found = json.loads(invoked(server, "isolated", json.dumps(told).encode()))
    assert found.pop("own file")
    assert [path for path in told["secret"] if Path(path).is_relative_to(memory)]
    assert {"connect to the server", "connect to a socket", "listen"} <= set(found)
    assert {attempt: got for attempt, got in found.items() if got} == {}


def deployed(server, key, job, name, asked):
    """The process of an endpoint of the job's best candidate, of a configuration with the key."""
    sagemaker = server.client("sagemaker")
    before = breakable.model_processes(server.process.pid)
    sagemaker.create_model(
        ModelName=name,
        Containers=job["BestCandidate"]["InferenceContainers"],
        ExecutionRoleArn=server.env["WINDVANE_ROLE_ARN"],
        **asked,
    )
    variant = {"VariantName": "A", "ModelName": name, "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        KmsKeyId=key["Arn"],
        ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}],
    )
    assert sagemaker.describe_endpoint_config(EndpointConfigName=name)["KmsKeyId"] == key["Arn"]
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 1200})
    [process] = breakable.model_processes(server.process.pid) - before
    return process


def test_no_cell_of_the_table_is_on_the_disk_while_the_volume_has_them(sealed):
    server, _, (_, seen, *_) = sealed
    assert {root for root, _ in seen} == {memory_folder(server.folder)}
    on_disk = contents(server.folder)
    assert not [secret for secret in SECRETS if secret in on_disk]


def test_every_object_of_the_job_is_encrypted_under_its_key(sealed):
    server, key, _ = sealed
    s3, bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]
    keys = objects(server)
    assert len(keys) > 10
    for name in keys:
        head = s3.head_object(Bucket=bucket, Key=name)
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key["Arn"])
    upload = s3.head_object(Bucket=bucket, Key="sealed/train.csv")
    assert upload["ServerSideEncryption"] == "AES256"


def test_without_its_key_nothing_can_be_read_or_begun_and_each_says_why(sealed):
    server, key, _ = sealed
    s3, bucket = server.client("s3"), server.env["WINDVANE_BUCKET"]
    sagemaker, kms = server.client("sagemaker"), server.client("kms")
    artefacts = objects(server)
    kms.disable_key(KeyId=key["KeyId"])
    try:
        for artefact in artefacts:
            with pytest.raises(ClientError) as refused:
                s3.get_object(Bucket=bucket, Key=artefact)
            assert refused.value.response["Error"]["Code"] == "KMS.DisabledException"
            assert key["Arn"] in refused.value.response["Error"]["Message"]
        with pytest.raises(ClientError, match="is disabled"):
            server.create_job(
                "refused",
                f"s3://{bucket}/sealed/train.csv",
                OutputDataConfig={"S3OutputPath": f"s3://{bucket}/x", "KmsKeyId": key["KeyId"]},
            )
        sagemaker.create_endpoint(
            EndpointName="locked",
            EndpointConfigName=sagemaker.describe_endpoint(EndpointName=JOB)["EndpointConfigName"],
        )
        while (made := sagemaker.describe_endpoint(EndpointName="locked"))[
            "EndpointStatus"
        ] == "Creating":
            time.sleep(0.2)
        assert made["EndpointStatus"] == "Failed"
        assert f"{key['Arn']} is disabled" in made["FailureReason"]
    finally:
        kms.enable_key(KeyId=key["KeyId"])
    for artefact in artefacts:
        s3.get_object(Bucket=bucket, Key=artefact)["Body"].read()


def test_what_was_in_memory_goes(sealed):
    server, _, _ = sealed
    for name in (JOB, "locked", "isolated"):
        server.client("sagemaker").delete_endpoint(EndpointName=name)
    give_up = time.monotonic() + 240
    while any(path.is_file() for path in below(memory_folder(server.folder))):
        assert time.monotonic() < give_up
        time.sleep(0.2)
