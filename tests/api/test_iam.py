"""Users, roles, policies and keys through a real client, and what they change in what somebody may do."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api.accounts import ACCOUNT, OTHER_ROOT, Accounts, allow, deny, document, keys_of, trust
from api.world import job_request, model_request, refusal

from windvane.settings import Role

DECLARED = f"arn:aws:iam::{ACCOUNT}:role/teams/reader"
FULL = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
TO_SAGEMAKER = trust({"Service": "sagemaker.amazonaws.com"})
TAGS = [{"Key": "team", "Value": "churn"}, {"Key": "stage", "Value": "test"}]


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path, [Role(DECLARED, ("data",), ("scratch",))])
    yield made
    made.close()


@pytest.fixture
def iam(accounts: Accounts) -> Any:
    return accounts.client("iam")


def asked_by_command(command: str) -> tuple[str, dict[str, str]]:
    """The method of boto3 and its parameters that a command of the AWS CLI stands for."""
    _, _, operation, *words = shlex.split(command)
    names = ["".join(part.capitalize() for part in name[2:].split("-")) for name in words[::2]]
    return operation.replace("-", "_"), dict(zip(names, words[1::2], strict=True))


def test_colleagues_may_do_what_the_documentation_gives_them_access_to(iam: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "questions.md").read_text()
    [told] = re.findall(r"### Give a colleague access\n(.*?)\n### ", page, re.DOTALL)
    commands = re.split(r"\n(?=aws )", "\n".join(re.findall(r"```sh\n(.*?)\n```", told, re.DOTALL)))
    assert len(commands) == 9
    for operation, parameters in map(asked_by_command, commands):
        getattr(iam, operation)(**parameters)

    def may(user: str, action: str, resource: str) -> bool:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/{user}",
            ActionNames=[action],
            ResourceArns=[resource.replace("ACCOUNT", ACCOUNT)],
            ContextEntries=[
                {
                    "ContextKeyName": "iam:PassedToService",
                    "ContextKeyValues": ["sagemaker.amazonaws.com"],
                    "ContextKeyType": "string",
                }
            ],
        )
        decision: str = answer["EvaluationResults"][0]["EvalDecision"]
        return decision == "allowed"

    job, churn = (
        f"arn:aws:sagemaker:us-east-1:ACCOUNT:{one}" for one in ("automl-job/a", "endpoint/churn")
    )
    role = "arn:aws:iam::ACCOUNT:role/AmazonSageMaker-Jobs"
    assert may("ann", "sagemaker:DescribeAutoMLJobV2", job)
    assert may("ann", "sagemaker:InvokeEndpoint", churn)
    assert not may("ann", "sagemaker:InvokeEndpoint", churn.replace("churn", "other"))
    assert not may("ann", "sagemaker:CreateAutoMLJobV2", job)
    assert may("bob", "sagemaker:CreateAutoMLJobV2", job)
    assert may("bob", "iam:PassRole", role)
    assert not may("bob", "iam:PassRole", role.replace("AmazonSageMaker-Jobs", "windvane"))


def test_a_user_is_made_found_changed_and_deleted(iam: Any) -> None:
    made = iam.create_user(UserName="Ann", Path="/team/", Tags=TAGS)["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/Ann"
    assert made["UserId"].startswith("AIDA")
    found = iam.get_user(UserName="Ann")["User"]
    assert (found["UserId"], found["Tags"], found["Path"]) == (made["UserId"], TAGS, "/team/")
    iam.create_user(UserName="bob")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["Ann", "bob"]
    assert [one["UserName"] for one in iam.list_users(PathPrefix="/team/")["Users"]] == ["Ann"]
    first = iam.list_users(MaxItems=1)
    assert first["IsTruncated"]
    assert iam.list_users(Marker=first["Marker"])["Users"][0]["UserName"] == "bob"
    iam.update_user(UserName="Ann", NewUserName="anna", NewPath="/")
    assert iam.get_user(UserName="anna")["User"]["UserId"] == made["UserId"]
    iam.delete_user(UserName="anna")
    with pytest.raises(
        iam.exceptions.NoSuchEntityException, match="with name anna cannot be found"
    ):
        iam.get_user(UserName="anna")


def test_names_are_taken_whatever_their_case_and_found_as_they_are_written(iam: Any) -> None:
    iam.create_user(UserName="Ann")
    assert refusal(iam.create_user, UserName="ANN") == (
        "EntityAlreadyExists",
        "User with name ANN already exists.",
    )
    assert refusal(iam.get_user, UserName="ANN")[0] == "NoSuchEntity"
    assert refusal(iam.create_role, RoleName="Windvane", AssumeRolePolicyDocument=TO_SAGEMAKER)[
        0
    ] == ("EntityAlreadyExists")


def test_tags_of_users_roles_and_policies(iam: Any) -> None:
    iam.create_user(UserName="ann")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TO_SAGEMAKER, Tags=TAGS)
    text = document(allow("s3:*"))
    arn = iam.create_policy(PolicyName="p", PolicyDocument=text, Tags=TAGS)["Policy"]["Arn"]
    iam.tag_user(UserName="ann", Tags=TAGS)
    iam.untag_user(UserName="ann", TagKeys=["stage"])
    assert iam.list_user_tags(UserName="ann")["Tags"] == TAGS[:1]
    iam.tag_role(RoleName="r", Tags=[{"Key": "Team", "Value": "other"}])
    iam.untag_role(RoleName="r", TagKeys=["stage"])
    assert iam.list_role_tags(RoleName="r")["Tags"] == [{"Key": "Team", "Value": "other"}]
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "x", "Value": ""}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["team", "stage"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "x", "Value": ""}]
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    iam.tag_role(RoleName="r", Tags=many[:49])
    code, text = refusal(iam.tag_role, RoleName="r", Tags=many[49:])
    assert (code, text) == ("LimitExceeded", "Cannot exceed quota for TagsPerEntity: 50")


def test_access_keys(accounts: Accounts, iam: Any) -> None:
    iam.create_user(UserName="ann")
    keys = iam.create_access_key(UserName="ann")["AccessKey"]
    caller = accounts.client("sts", keys).get_caller_identity()
    assert caller["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ann"
    assert caller["UserId"] == iam.get_user(UserName="ann")["User"]["UserId"]
    iam.create_access_key(UserName="ann")
    assert refusal(iam.create_access_key, UserName="ann")[0] == "LimitExceeded"
    listed = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    assert [key["Status"] for key in listed] == ["Active", "Active"]
    assert "SecretAccessKey" not in listed[0]
    this = {"UserName": "ann", "AccessKeyId": keys["AccessKeyId"]}
    iam.update_access_key(**this, Status="Inactive")
    sts = accounts.client("sts", keys)
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    iam.update_access_key(**this, Status="Active")
    assert sts.get_caller_identity()
    info = accounts.client("sts").get_access_key_info(AccessKeyId=keys["AccessKeyId"])
    assert info["Account"] == ACCOUNT
    used = iam.get_access_key_last_used(AccessKeyId=keys["AccessKeyId"])
    assert used["UserName"] == "ann"
    iam.delete_access_key(**this)
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    assert refusal(iam.delete_user, UserName="ann") == (
        "DeleteConflict",
        "Cannot delete entity, must delete access keys first.",
    )


def test_a_user_looks_after_its_own_keys(accounts: Accounts) -> None:
    keys = accounts.user("ann", allow("iam:*AccessKey*", "arn:aws:iam::*:user/${aws:username}"))
    accounts.user("bob")
    own = accounts.client("iam", keys)
    assert len(own.list_access_keys()["AccessKeyMetadata"]) == 1
    own.create_access_key()
    code, text = refusal(own.create_access_key, UserName="bob")
    assert code == "AccessDenied"
    assert text == (
        f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: iam:CreateAccessKey on resource: "
        f"arn:aws:iam::{ACCOUNT}:user/bob because no identity-based policy allows the iam:CreateAccessKey action"
    )


def test_inline_policies_of_users_and_roles(iam: Any) -> None:
    iam.create_user(UserName="u")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TO_SAGEMAKER)
    text = document(allow("s3:*"))
    for word in ("User", "Role"):
        name = {f"{word}Name": word[0].lower()}
        lower = word.lower()
        getattr(iam, f"put_{lower}_policy")(**name, PolicyName="p", PolicyDocument=text)
        found = getattr(iam, f"get_{lower}_policy")(**name, PolicyName="p")
        assert found["PolicyDocument"] == json.loads(text)
        assert getattr(iam, f"list_{lower}_policies")(**name)["PolicyNames"] == ["p"]
        delete = getattr(iam, f"delete_{lower}")
        assert refusal(delete, **name)[0] == "DeleteConflict"
        getattr(iam, f"delete_{lower}_policy")(**name, PolicyName="p")
        assert refusal(getattr(iam, f"get_{lower}_policy"), **name, PolicyName="p") == (
            "NoSuchEntity",
            f"The {lower} policy with name p cannot be found.",
        )
        delete(**name)


def test_managed_policies_are_attached_and_detached(iam: Any) -> None:
    iam.create_user(UserName="u")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TO_SAGEMAKER)
    text = document(allow("s3:*"))
    arn = iam.create_policy(PolicyName="p", PolicyDocument=text, Path="/x/")["Policy"]["Arn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/x/p"
    iam.attach_role_policy(RoleName="r", PolicyArn=FULL)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert attached == [
        {"PolicyName": "AmazonSageMakerFullAccess", "PolicyArn": FULL},
        {"PolicyName": "p", "PolicyArn": arn},
    ]
    assert len(iam.list_attached_user_policies(UserName="u")["AttachedPolicies"]) == 1
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 2
    holders = iam.list_entities_for_policy(PolicyArn=arn)
    assert [one["UserName"] for one in holders["PolicyUsers"]] == ["u"]
    assert [one["RoleName"] for one in holders["PolicyRoles"]] == ["r"]
    assert refusal(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    iam.detach_user_policy(UserName="u", PolicyArn=arn)
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.get_policy, PolicyArn=arn)[0] == "NoSuchEntity"
    assert refusal(iam.attach_role_policy, RoleName="r", PolicyArn=arn)[0] == "NoSuchEntity"


def test_versions_of_a_managed_policy(accounts: Accounts, iam: Any) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document(deny("*")))["Policy"]["Arn"]
    keys = accounts.user("ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    sagemaker = accounts.client(keys=keys)
    assert "with an explicit deny" in refusal(sagemaker.list_models)[1]
    text = document(allow("sagemaker:List*"))
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=text)["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", False)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert sagemaker.list_models()["Models"] == []
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]
    assert version["Document"] == json.loads(text)
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [one["VersionId"] for one in versions] == ["v2", "v1"]
    assert refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v2")[0] == "DeleteConflict"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
    assert made["PolicyVersion"]["VersionId"] == "v3"


def test_the_services_own_policies_are_there_and_stay_as_they_are(iam: Any) -> None:
    listed = iam.list_policies(Scope="AWS")["Policies"]
    assert {one["PolicyName"] for one in listed} == {
        "AdministratorAccess",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "AmazonSageMakerFullAccess",
        "AmazonSageMakerReadOnly",
        "IAMFullAccess",
    }
    assert iam.list_policies(Scope="Local")["Policies"] == []
    attached = iam.list_policies(OnlyAttached=True)["Policies"]
    assert [one["PolicyName"] for one in attached] == ["AdministratorAccess"]
    assert refusal(iam.delete_policy, PolicyArn=FULL)[0] == "AccessDenied"


def test_a_role_is_made_changed_and_deleted(iam: Any) -> None:
    made = iam.create_role(
        RoleName="r", Path="/x/", AssumeRolePolicyDocument=TO_SAGEMAKER, Description="of jobs",
        MaxSessionDuration=7200,
    )["Role"]  # fmt: skip
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/x/r"
    assert made["AssumeRolePolicyDocument"] == json.loads(TO_SAGEMAKER)
    iam.update_role(RoleName="r", Description="others", MaxSessionDuration=3600)
    iam.update_role_description(RoleName="r", Description="of others")
    wider = trust({"AWS": ACCOUNT})
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=wider)
    found = iam.get_role(RoleName="r")["Role"]
    assert found["Description"] == "of others"
    assert found["MaxSessionDuration"] == 3600
    assert found["AssumeRolePolicyDocument"] == json.loads(wider)
    assert iam.list_instance_profiles_for_role(RoleName="r")["InstanceProfiles"] == []
    names = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert names == {"windvane", "reader", "r"}
    iam.delete_role(RoleName="r")
    assert refusal(iam.get_role, RoleName="r")[0] == "NoSuchEntity"


@pytest.mark.parametrize("name", ["windvane", "reader"])
def test_declared_roles_are_shown_and_not_changed(iam: Any, name: str) -> None:
    assert iam.get_role(RoleName=name)["Role"]["RoleName"] == name
    change = {"RoleName": name, "PolicyName": "p", "PolicyDocument": document(allow("*"))}
    assert refusal(iam.put_role_policy, **change)[0] == "UnmodifiableEntity"
    assert refusal(iam.delete_role, RoleName=name)[0] == "UnmodifiableEntity"
    assert refusal(iam.attach_role_policy, RoleName=name, PolicyArn=FULL)[0] == "UnmodifiableEntity"


def test_the_buckets_of_a_declared_role_are_told_as_a_policy(iam: Any) -> None:
    [name] = iam.list_role_policies(RoleName="reader")["PolicyNames"]
    told = iam.get_role_policy(RoleName="reader", PolicyName=name)["PolicyDocument"]
    resources = [statement["Resource"] for statement in told["Statement"]]
    assert ["arn:aws:s3:::data", "arn:aws:s3:::data/*"] in resources
    attached = iam.list_attached_role_policies(RoleName="windvane")["AttachedPolicies"]
    assert [one["PolicyName"] for one in attached] == ["AdministratorAccess"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "MalformedPolicyDocument"),
        (document(allow("s3:*", "bucket")), "MalformedPolicyDocument"),
        (
            document(allow("s3:*", Condition={"StringEquals": {"aws:ResourceTag/a": "b"}})),
            "MalformedPolicyDocument",
        ),
        (document(allow("s3:*", "arn:aws:s3:::" + "x" * 7000)), "LimitExceeded"),
    ],
)
def test_documents_that_are_not_understood_are_refused(iam: Any, text: str, code: str) -> None:
    iam.create_user(UserName="u")
    policy = {"PolicyName": "p", "PolicyDocument": text}
    assert refusal(iam.put_user_policy, UserName="u", **policy)[0] == code
    assert refusal(iam.create_policy, **policy)[0] == code


def test_inline_policies_count_together(iam: Any) -> None:
    iam.create_user(UserName="u")
    half = document(allow("s3:*", "arn:aws:s3:::" + "x" * 1000))
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=half)
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=half)
    code, text = refusal(iam.put_user_policy, UserName="u", PolicyName="q", PolicyDocument=half)
    assert (code, text) == ("LimitExceeded", "Cannot exceed quota for PolicySize: 2048")


def test_a_job_runs_with_a_role_that_was_made(accounts: Accounts, iam: Any) -> None:
    arn = iam.create_role(RoleName="jobs", AssumeRolePolicyDocument=TO_SAGEMAKER)["Role"]["Arn"]
    request = job_request(RoleArn=arn)
    client = accounts.client()
    code, text = refusal(client.create_auto_ml_job, **request)
    assert code == "ValidationException"
    assert 'has no "s3:ListBucket" permission on bucket "data"' in text
    allowed = [
        allow(
            "s3:ListBucket", "arn:aws:s3:::data", Condition={"StringLike": {"s3:prefix": "train/*"}}
        ),
        allow("s3:GetObject", "arn:aws:s3:::data/train/*"),
        allow("s3:PutObject", "arn:aws:s3:::results/jobs/*"),
    ]
    iam.put_role_policy(RoleName="jobs", PolicyName="p", PolicyDocument=document(*allowed))
    assert client.create_auto_ml_job(**request)["AutoMLJobArn"]


def test_a_role_that_does_not_trust_sagemaker_is_no_jobs_role(accounts: Accounts, iam: Any) -> None:
    of_people = trust({"AWS": ACCOUNT})
    arn = iam.create_role(RoleName="people", AssumeRolePolicyDocument=of_people)["Role"]["Arn"]
    code, text = refusal(accounts.client().create_model, **model_request(ExecutionRoleArn=arn))
    assert code == "ValidationException"
    assert 'for the service principal "sagemaker.amazonaws.com"' in text


def test_a_user_may_do_what_its_policies_allow(accounts: Accounts) -> None:
    churn = f"arn:aws:sagemaker:*:{ACCOUNT}:automl-job/churn*"
    keys = accounts.user(
        "ann",
        allow(["sagemaker:CreateAutoMLJob", "sagemaker:Describe*"], churn),
        allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/windvane"),
    )
    client = accounts.client(keys=keys)
    assert client.create_auto_ml_job(**job_request("Churn-1"))["AutoMLJobArn"]
    assert client.describe_auto_ml_job(AutoMLJobName="churn-1")
    code, text = refusal(client.create_auto_ml_job, **job_request("sales"))
    assert code == "AccessDeniedException"
    assert text == (
        f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: sagemaker:CreateAutoMLJob on resource: "
        f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:automl-job/sales because no identity-based policy allows the "
        "sagemaker:CreateAutoMLJob action"
    )


def test_a_session_is_narrowed_by_its_policy(accounts: Accounts) -> None:
    policy = document(allow("sagemaker:List*"))
    keys = accounts.session(f"arn:aws:iam::{ACCOUNT}:role/windvane", Policy=policy)
    client = accounts.client(keys=keys)
    assert client.list_models()["Models"] == []
    code, text = refusal(client.describe_model, ModelName="m")
    assert (
        code,
        text.endswith("because no session policy allows the sagemaker:DescribeModel action"),
    ) == (
        "AccessDeniedException",
        True,
    )
    read_only = [{"arn": "arn:aws:iam::aws:policy/AmazonSageMakerReadOnly"}]
    keys = accounts.session(f"arn:aws:iam::{ACCOUNT}:role/windvane", PolicyArns=read_only)
    client = accounts.client(keys=keys)
    assert client.list_models()["Models"] == []
    assert refusal(client.delete_model, ModelName="m")[0] == "AccessDeniedException"


def test_a_session_policy_that_is_not_there_is_told(accounts: Accounts) -> None:
    asked = {
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/windvane",
        "RoleSessionName": "visit",
        "PolicyArns": [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/nope"}],
    }
    code, text = refusal(accounts.client("sts").assume_role, **asked)
    assert (code, "policy/nope does not exist" in text) == ("ValidationError", True)


def test_a_role_of_another_account_is_assumed_if_both_sides_say_so(
    accounts: Accounts, iam: Any
) -> None:
    external = {"StringEquals": {"sts:ExternalId": "known"}}
    shared = trust({"AWS": OTHER_ROOT[0]}, Condition=external)
    arn = iam.create_role(RoleName="shared", AssumeRolePolicyDocument=shared)["Role"]["Arn"]
    theirs = accounts.client("sts", keys_of(OTHER_ROOT))
    asked = {"RoleArn": arn, "RoleSessionName": "visit"}
    assert refusal(theirs.assume_role, **asked)[0] == "AccessDenied"
    answer = theirs.assume_role(**asked, ExternalId="known")
    there = accounts.client("sts", answer["Credentials"]).get_caller_identity()
    assert there["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/shared/visit"
    bob = accounts.user("bob", account=OTHER_ROOT)
    refused = accounts.client("sts", bob)
    assert refusal(refused.assume_role, **asked, ExternalId="known")[0] == "AccessDenied"


def test_a_user_that_a_role_names_needs_no_policy_of_its_own(accounts: Accounts, iam: Any) -> None:
    keys = accounts.user("ann")
    named = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"})
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=named)["Role"]["Arn"]
    assert accounts.session(arn, keys)
    iam.put_user_policy(
        UserName="ann", PolicyName="own", PolicyDocument=document(deny("sts:AssumeRole"))
    )
    sts = accounts.client("sts", keys)
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="visit")[0] == "AccessDenied"


def test_a_trust_policy_names_who_is_there(iam: Any) -> None:
    nobody = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"})
    code, text = refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=nobody)
    assert (code, text) == (
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:user/nobody"',
    )


def test_sessions_last_as_long_as_their_role_lets_them(accounts: Accounts, iam: Any) -> None:
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))["Role"][
        "Arn"
    ]
    sts = accounts.client("sts")
    asked = {"RoleArn": arn, "RoleSessionName": "visit"}
    assert "MaxSessionDuration" in refusal(sts.assume_role, **asked, DurationSeconds=3601)[1]
    iam.update_role(RoleName="r", MaxSessionDuration=7200)
    assert sts.assume_role(**asked, DurationSeconds=7200)
    chained = accounts.client("sts", accounts.session(f"arn:aws:iam::{ACCOUNT}:role/windvane"))
    assert "role chaining" in refusal(chained.assume_role, **asked, DurationSeconds=7200)[1]
    assert chained.assume_role(**asked)


def test_a_token_of_a_user_is_the_user_without_iam(accounts: Accounts) -> None:
    keys = accounts.user("ann", allow("*"))
    token = accounts.client("sts", keys).get_session_token()["Credentials"]
    assert accounts.client("sts", token).get_caller_identity()["Arn"].endswith(":user/ann")
    assert accounts.client(keys=token).list_models()["Models"] == []
    code, text = refusal(accounts.client("iam", token).create_access_key)
    assert code == "AccessDenied"
    assert "no session policy allows" in text


def test_groups_are_none(iam: Any) -> None:
    iam.create_user(UserName="ann")
    assert iam.list_groups_for_user(UserName="ann")["Groups"] == []


def test_a_simulation_says_what_would_be_decided(accounts: Accounts, iam: Any) -> None:
    at_home = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    accounts.user("ann", allow("s3:*", Condition=at_home), deny("s3:DeleteObject"))
    asked = {
        "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/ann",
        "ActionNames": ["s3:GetObject", "s3:DeleteObject", "sagemaker:CreateModel"],
        "ResourceArns": ["arn:aws:s3:::data/x"],
    }
    home = {
        "ContextKeyName": "aws:SourceIp",
        "ContextKeyType": "ip",
        "ContextKeyValues": ["10.1.1.1"],
    }

    def decisions(**changes: Any) -> list[str]:
        results = iam.simulate_principal_policy(**asked, **changes)["EvaluationResults"]
        return [one["EvalDecision"] for one in results]

    assert decisions(ContextEntries=[home]) == ["allowed", "explicitDeny", "implicitDeny"]
    assert decisions() == ["implicitDeny", "explicitDeny", "implicitDeny"]
    further = [document(allow("sagemaker:*"))]
    assert decisions(PolicyInputList=further)[2] == "allowed"
    nobody = {
        "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/nobody",
        "ActionNames": ["s3:GetObject"],
    }
    assert refusal(iam.simulate_principal_policy, **nobody)[0] == "NoSuchEntity"
    malformed = {**asked, "PolicyInputList": [" "]}
    code, text = refusal(iam.simulate_principal_policy, **malformed)
    assert (code, text[:27]) == ("ValidationError", "PolicyInputList.member.1: S")
