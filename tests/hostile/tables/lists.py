"""Page tokens that were not issued for a list, filters that do not go together, logs, and tags.

source    autopilot.md 1.5 (tokens are opaque), 1.2 and 1.4; docs/logs.md
"""

from __future__ import annotations

import base64
from typing import Any

from hostile.asking import ACCOUNT, OTHER, OTHER_ACCOUNT, PAGE_SECRET, REGION, by, logs, sagemaker
from hostile.case import Case, invalid

from windvane.names import PageTokens

_TOKENS = PageTokens(PAGE_SECRET)

_FOREIGN = "Invalid NextToken: it was not issued for this list and these filters."
_NO_TOKEN = "Invalid NextToken: it was not issued by this service."
_POSITION = ["m", 1]


def _token(name: str, filters: str = "{}", account: str = ACCOUNT, region: str = REGION) -> str:
    return _TOKENS.issue((account, region, name, filters), _POSITION)


def _listed(name: str, operation: str, token: str, text: str = _FOREIGN, **members: Any) -> Case:
    return invalid(name, sagemaker(operation, NextToken=token, **members), text)


_PAGES = (
    _listed("a token of words", "ListModels", "the next one, please", _NO_TOKEN),
    _listed("a token of another alphabet", "ListModels", "\u05d0\u05d1", _NO_TOKEN),
    _listed("a token of no bytes", "ListModels", "=", _NO_TOKEN),
    _listed("a token of zeros", "ListModels", base64.b64encode(bytes(64)).decode()),
    _listed("a token without a signature", "ListModels", base64.b64encode(b'["m",1]').decode()),
    _listed("a token of eight thousand letters", "ListModels", "A" * 8192),
    _listed("a token cut short", "ListModels", _token("ListModels")[:40]),
    _listed("the token of another list", "ListModels", _token("ListEndpoints")),
    _listed("a token for other filters", "ListModels", _token("ListModels"), NameContains="m"),
    _listed(
        "the token of another account", "ListModels", _token("ListModels", account=OTHER_ACCOUNT)
    ),
    _listed("the token of another region", "ListModels", _token("ListModels", region="eu-west-1")),
    _listed(
        "a token of jobs for candidates",
        "ListCandidatesForAutoMLJob",
        _token("ListAutoMLJobs"),
        AutoMLJobName="churn",
    ),
    _listed(
        "the candidates of another job, gone on with",
        "ListCandidatesForAutoMLJob",
        _token("ListCandidatesForAutoMLJob", '{"AutoMLJobName": "churn"}'),
        AutoMLJobName="going",
    ),
    invalid(
        "somebody else's token",
        by(sagemaker("ListModels", NextToken=_token("ListModels")), key=OTHER),
        _FOREIGN,
    ),
    *(
        _listed(f"a token that is none, of {operation}", operation, "AAAA")
        for operation in (
            "ListAutoMLJobs",
            "ListEndpoints",
            "ListEndpointConfigs",
            "ListTrainingJobs",
            "ListProcessingJobs",
            "ListTransformJobs",
        )
    ),
    _listed(
        "a further page of tags",
        "ListTags",
        "AAAA",
        "Invalid NextToken: lists of tags have a single page.",
        ResourceArn="arn:aws:sagemaker:us-east-1:111122223333:model/m",
    ),
)

_ROOT = "arn:aws:sagemaker:us-east-1:111122223333"


def _tagged(name: str, operation: str, arn: str, text: str, **members: Any) -> Case:
    return invalid(name, sagemaker(operation, ResourceArn=arn, **members), text)


_TAG = [{"Key": "a", "Value": "b"}]

_TAGS = (
    _tagged(
        "tags of no ARN",
        "ListTags",
        "arn:aws:sagemaker:us-east-1:111122223333:model",
        "'arn:aws:sagemaker:us-east-1:111122223333:model' is not an ARN of the form arn:aws:SERVICE:REGION:ACCOUNT:KIND/NAME.",
    ),
    _tagged(
        "tags of a kind that has none",
        "ListTags",
        f"{_ROOT}:domain/d-1",
        "Resources of the type 'domain' cannot have tags here. Those of these types can: automl-job, processing-job, "
        "training-job, transform-job, model, endpoint-config, endpoint.",
    ),
    _tagged(
        "tags of a candidate",
        "ListTags",
        f"{_ROOT}:candidate/churn-001",
        "Resources of the type 'candidate' cannot have tags here. Those of these types can: automl-job, processing-job, "
        "training-job, transform-job, model, endpoint-config, endpoint.",
    ),
    *(
        _tagged(
            f"{operation} of {kind} that there is not",
            operation,
            f"{_ROOT}:{kind}/nope",
            f'Could not find {words} "{_ROOT}:{kind}/nope".',
            **members,
        )
        for operation, members in {
            "ListTags": {},
            "AddTags": {"Tags": _TAG},
            "DeleteTags": {"TagKeys": ["a"]},
        }.items()
        for kind, words in {
            "model": "model",
            "endpoint": "endpoint",
            "endpoint-config": "endpoint configuration",
        }.items()
    ),
    invalid(
        "tags of a job that there is not",
        sagemaker("ListTags", ResourceArn=f"{_ROOT}:automl-job/nope"),
        "Amazon SageMaker can't find an AutoML job called nope.",
    ),
    _tagged(
        "tags of another account's model",
        "AddTags",
        f"arn:aws:sagemaker:us-east-1:{OTHER_ACCOUNT}:model/theirs",
        f'Could not find model "arn:aws:sagemaker:us-east-1:{OTHER_ACCOUNT}:model/theirs".',
        Tags=_TAG,
    ),
    _tagged(
        "tags of a model elsewhere",
        "AddTags",
        "arn:aws:sagemaker:eu-west-1:111122223333:model/m",
        'Could not find model "arn:aws:sagemaker:eu-west-1:111122223333:model/m".',
        Tags=_TAG,
    ),
    _tagged(
        "tags of a path",
        "ListTags",
        f"{_ROOT}:model/../automl-job/churn",
        f'Could not find model "{_ROOT}:model/../automl-job/churn".',
    ),
    _tagged(
        "a tag more than there may be",
        "AddTags",
        f"{_ROOT}:model/tagged",
        f"A resource can have at most 50 tags; {_ROOT}:model/tagged would have 51.",
        Tags=_TAG,
    ),
    _tagged(
        "one key twice",
        "AddTags",
        f"{_ROOT}:model/m",
        "Value 'a' at 'tags.2.member.key' is given twice: tag keys must be unique per resource.",
        Tags=[*_TAG, *_TAG],
    ),
    _tagged(
        "a key of Amazon's",
        "AddTags",
        f"{_ROOT}:model/m",
        "Value 'Aws:x' at 'tags.1.member.key' starts with 'aws:', which is reserved for AWS.",
        Tags=[{"Key": "Aws:x", "Value": "b"}],
    ),
)

_GROUP = "/aws/sagemaker/AutoMLJobs"


def _logs(name: str, operation: str, text: str, **members: Any) -> Case:
    return Case(name, logs(operation, **members), 400, "InvalidParameterException", text)


def _no_log(name: str, operation: str, text: str, **members: Any) -> Case:
    return Case(name, logs(operation, **members), 400, "ResourceNotFoundException", text)


_ONE_WAY = "Exactly one of logGroupName and logGroupIdentifier must be given to name the log group."
_NO_GROUP = "The specified log group does not exist."
_BAD_TERM = "is not a word or a phrase between two quotation marks."

_LOGS = (
    _no_log("a group that there is not", "DescribeLogStreams", _NO_GROUP, logGroupName="nope"),
    _no_log(
        "lines of a group that there is not",
        "FilterLogEvents",
        _NO_GROUP,
        logGroupName="/aws/sagemaker/Endpoints/nope",
    ),
    _no_log(
        "a stream that there is not",
        "GetLogEvents",
        "The specified log stream does not exist.",
        logGroupName=_GROUP,
        logStreamName="nope",
    ),
    _no_log(
        "a group of a path",
        "GetLogEvents",
        _NO_GROUP,
        logGroupName="/aws/../../etc",
        logStreamName="passwd",
    ),
    _logs("no group named", "DescribeLogStreams", _ONE_WAY),
    _logs(
        "a group named twice",
        "FilterLogEvents",
        _ONE_WAY,
        logGroupName=_GROUP,
        logGroupIdentifier=_GROUP,
    ),
    _logs(
        "a group of another account",
        "DescribeLogStreams",
        f"The log group arn:aws:logs:us-east-1:{OTHER_ACCOUNT}:log-group:{_GROUP} belongs to another account or region than "
        "the request.",
        logGroupIdentifier=f"arn:aws:logs:us-east-1:{OTHER_ACCOUNT}:log-group:{_GROUP}",
    ),
    _logs(
        "groups of linked accounts",
        "DescribeLogGroups",
        "Log groups of other accounts are not listed here: there are no linked accounts.",
        includeLinkedAccounts=True,
    ),
    _logs(
        "groups by prefix and by part",
        "DescribeLogGroups",
        "Only one of logGroupNamePrefix and logGroupNamePattern can be given.",
        logGroupNamePrefix="/aws",
        logGroupNamePattern="aws",
    ),
    _logs(
        "streams by prefix and by time",
        "DescribeLogStreams",
        "Cannot order by LastEventTime with a logStreamNamePrefix.",
        logGroupName=_GROUP,
        logStreamNamePrefix="c",
        orderBy="LastEventTime",
    ),
    _logs(
        "streams by name and by prefix",
        "FilterLogEvents",
        "Only one of logStreamNames and logStreamNamePrefix can be given.",
        logGroupName=_GROUP,
        logStreamNames=["churn"],
        logStreamNamePrefix="c",
    ),
    *(
        _logs(
            f"the token {token}",
            "GetLogEvents",
            "The specified nextToken is invalid.",
            logGroupName=_GROUP,
            logStreamName="churn",
            nextToken=token,
        )
        for token in ("x", "f/1", "f/-1/2", "f/1/1234567890123456789", "g/1/2", "f/1/2\n")
    ),
    _logs("a token that is none, of groups", "DescribeLogGroups", _FOREIGN, nextToken="AAAA"),
    _logs(
        "a token that is none, of streams",
        "DescribeLogStreams",
        _FOREIGN,
        logGroupName=_GROUP,
        nextToken="AAAA",
    ),
    _logs(
        "a token that is none, of a search",
        "FilterLogEvents",
        _FOREIGN,
        logGroupName=_GROUP,
        nextToken="AAAA",
    ),
    *(
        _logs(
            f"the pattern {pattern}",
            "FilterLogEvents",
            "Invalid filter pattern: patterns for JSON, for fields between spaces and regular expressions are not served "
            'here; use terms, "quoted phrases", ?either ?or, and -without.',
            logGroupName=_GROUP,
            filterPattern=pattern,
        )
        for pattern in ('{ $.a = "b" }', "[ip, user]", "%(a+)+$%")
    ),
    _logs(
        "a phrase without an end",
        "FilterLogEvents",
        f"Invalid filter pattern: the term that begins at character 7 {_BAD_TERM}",
        logGroupName=_GROUP,
        filterPattern='error "out of',
    ),
    _logs(
        "a question beside a term",
        "FilterLogEvents",
        "Invalid filter pattern: terms that begin with ? cannot stand beside others. Ask for either of some terms, or for all of some.",
        logGroupName=_GROUP,
        filterPattern="?a b",
    ),
)

CASES = (*_PAGES, *_TAGS, *_LOGS)
