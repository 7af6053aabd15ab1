"""Our own operations: reports, events and figures of endpoints.

source    docs/reports.md, docs/events.md and docs/endpoints.md; constraints: windvane/wire/data
"""

from __future__ import annotations

from hostile.asking import ACCOUNT, OTHER, Ask, by, own
from hostile.case import Case
from hostile.grammar import broken, detected, least, longest, missing, shortest, value

_NAME = "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}"
_CANDIDATE = "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}"
_ENDPOINT = "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
_POSITION = "Member must satisfy regular expression pattern: latest|[0-9]+"
_SEQUENCE = "Member must satisfy regular expression pattern: [0-9]+"
_REPORTS = "/windvane/jobs/churn/candidates/{}/reports"
_BOARD = "/windvane/jobs/{}/leaderboard"
_PROGRESS = "/windvane/jobs/{}/progress"
_PREVIEW = "/windvane/tables/preview"
_URI = r"Member must satisfy regular expression pattern: s3://([^/]+)(/[\s\S]*)?"
_ORDERS = "Member must satisfy enum value set: [Name, CreationTime, Status]"
_ONE = "/windvane/jobs/churn/candidates/{}"


def _invalid(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "ValidationException", text)


def _absent(name: str, ask: Ask, text: str) -> Case:
    return Case(name, ask, 400, "ResourceNotFound", text)


def _events(query: str, **headers: str) -> Ask:
    return own("GET", "/windvane/events", query, **headers)


def _nowhere(method: str, path: str) -> Case:
    return Case(
        f"{method} {path}",
        by(own(method, path), service="sagemaker"),
        400,
        "UnknownOperationException",
        f"{method} {path} names no operation: there is no X-Amz-Target header and the path is none of the runtime's, nor of "
        "our own.",
    )


CASES = (
    _absent(
        "reports of a job that there is not",
        own("POST", "/windvane/jobs/nope/candidates/c/reports"),
        "Amazon SageMaker can't find an AutoML job called nope.",
    ),
    _absent(
        "reports on a candidate that there is not",
        own("POST", _REPORTS.format("nope")),
        "The AutoML job churn has no candidate called nope. ListCandidatesForAutoMLJob names those that it has.",
    ),
    _absent(
        "reports that nobody asked for",
        own("GET", _REPORTS.format("churn-001")),
        "There are no reports on the candidate churn-001 of the AutoML job churn, and none were asked for: POST to the same "
        "path has them made.",
    ),
    _invalid(
        "reports on a candidate that is not done",
        own("POST", _REPORTS.format("churn-003")),
        "The candidate churn-003 is in status InProgress. Reports are made on candidates that are in status Completed.",
    ),
    _invalid(
        "reports on data that are gone",
        own("POST", _REPORTS.format("churn-001")),
        "The data of the AutoML job churn, as typed and split, are not in S3: the processing job db-1, which writes them, is "
        "missing. It must be Completed, with an output called dataset.",
    ),
    _absent(
        "another account's reports",
        by(own("GET", _REPORTS.format("churn-001")), key=OTHER),
        "Amazon SageMaker can't find an AutoML job called churn.",
    ),
    _invalid(
        "reports on a path",
        own("POST", _REPORTS.format("..%2F..")),
        broken("../..", "candidateName", _CANDIDATE),
    ),
    _invalid(
        "reports of markup",
        own("POST", "/windvane/jobs/%3Cb%3E/candidates/c/reports"),
        broken("<b>", "autoMLJobName", _NAME),
    ),
    Case(
        "reports with a body",
        own("POST", _REPORTS.format("churn-001"), body=b'{"AutoMLJobName": "other"}'),
        400,
        "SerializationException",
        "StartCandidateReports takes no parameters in the body.",
    ),
    Case(
        "reports on bytes",
        own("POST", _REPORTS.format("%ff")),
        400,
        "SerializationException",
        "The part CandidateName of the path is not UTF-8.",
    ),
    _absent(
        "a leaderboard that there is not",
        own("GET", _BOARD.format("nope")),
        "Amazon SageMaker can't find an AutoML job called nope.",
    ),
    _absent(
        "another account's leaderboard",
        by(own("GET", _BOARD.format("churn")), key=OTHER),
        "Amazon SageMaker can't find an AutoML job called churn.",
    ),
    _invalid(
        "a leaderboard of markup",
        own("GET", _BOARD.format("%3Cb%3E")),
        broken("<b>", "autoMLJobName", _NAME),
    ),
    _absent(
        "a candidate that there is not",
        own("GET", _ONE.format("nope")),
        "The AutoML job churn has no candidate called nope. ListCandidatesForAutoMLJob names those that it has.",
    ),
    _absent(
        "another account's candidate",
        by(own("GET", _ONE.format("churn-001")), key=OTHER),
        "Amazon SageMaker can't find an AutoML job called churn.",
    ),
    _invalid(
        "a candidate on a path",
        own("GET", _ONE.format("..%2F..")),
        broken("../..", "candidateName", _CANDIDATE),
    ),
    _absent(
        "progress of a job that there is not",
        own("GET", _PROGRESS.format("nope")),
        "Amazon SageMaker can't find an AutoML job called nope.",
    ),
    _absent(
        "another account's progress",
        by(own("GET", _PROGRESS.format("churn")), key=OTHER),
        "Amazon SageMaker can't find an AutoML job called churn.",
    ),
    _invalid(
        "progress of markup",
        own("GET", _PROGRESS.format("%3Cb%3E")),
        broken("<b>", "autoMLJobName", _NAME),
    ),
    Case(
        "the machines, by another account than runs them",
        by(own("GET", "/windvane/cluster"), key=OTHER),
        400,
        "AccessDeniedException",
        "The machines are shown to the account that runs them alone, not to 444455556666. What runs for a job is on the job's own page "
        "(DescribeAutoMLJobProgress).",
    ),
    _nowhere("POST", "/windvane/cluster"),
    _invalid(
        "overviews in an order of one's own",
        own("GET", "/windvane/jobs", "sortBy=Score"),
        broken("Score", "sortBy", _ORDERS),
    ),
    _invalid(
        "a page of no overviews",
        own("GET", "/windvane/jobs", "maxResults=0"),
        broken("0", "maxResults", least(1)),
    ),
    Case(
        "a page of some overviews",
        own("GET", "/windvane/jobs", "maxResults=some"),
        400,
        "SerializationException",
        "'some' at 'maxResults' can not be converted to an Integer",
    ),
    _invalid(
        "overviews after a token of nobody's",
        own("GET", "/windvane/jobs", "nextToken=AAAA"),
        "Invalid NextToken: it was not issued for this list and these filters.",
    ),
    _invalid(
        "a preview of nothing",
        own("POST", _PREVIEW, body=b"{}"),
        missing("s3Uri"),
    ),
    _invalid(
        "a preview of a file of the server",
        own("POST", _PREVIEW, body=b'{"S3Uri": "file:///etc/passwd"}'),
        broken("file:///etc/passwd", "s3Uri", _URI),
    ),
    _invalid(
        "a preview of what is not there",
        own("POST", _PREVIEW, body=b'{"S3Uri": "s3://data/nothing.csv"}'),
        'No S3 objects found under S3 URL "s3://data/nothing.csv".',
    ),
    Case(
        "a preview that is no object",
        own("POST", _PREVIEW, body=b"[1]"),
        400,
        "SerializationException",
        "Unable to parse the request body: it must be a JSON object.",
    ),
    _absent(
        "events of a job that there is not",
        own("GET", "/windvane/jobs/nope/events"),
        "Amazon SageMaker can't find an AutoML job called nope.",
    ),
    _invalid(
        "events after words", _events("after=yesterday"), broken("yesterday", "after", _POSITION)
    ),
    _invalid("events after a negative one", _events("after=-1"), broken("-1", "after", _POSITION)),
    _invalid(
        "events after nothing",
        _events("after="),
        detected(value("", "after", shortest(1)), value("", "after", _POSITION)),
    ),
    _invalid(
        "events after a number without end",
        _events(f"after={'9' * 19}"),
        broken("9" * 19, "after", longest(18)),
    ),
    _invalid(
        "events after a header of words",
        _events("", last_event_id="x"),
        broken("x", "lastEventId", _SEQUENCE),
    ),
    Case(
        "events that follow perhaps",
        _events("follow=maybe"),
        400,
        "SerializationException",
        "'maybe' at 'follow' can not be converted to a Boolean",
    ),
    _invalid(
        "figures of an endpoint that there is not",
        own("GET", "/windvane/endpoints/nope/figures"),
        f'Could not find endpoint "arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/nope".',
    ),
    _invalid(
        "figures of markup",
        own("GET", "/windvane/endpoints/%3Cb%3E/figures"),
        broken("<b>", "endpointName", _ENDPOINT),
    ),
    Case(
        "figures with a body",
        own("GET", "/windvane/endpoints/live/figures", body=b'{"EndpointName": "other"}'),
        400,
        "SerializationException",
        "DescribeEndpointFigures takes no parameters in the body.",
    ),
    _invalid(
        "history of an endpoint that there is not",
        own("GET", "/windvane/endpoints/nope/history"),
        f'Could not find endpoint "arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/nope".',
    ),
    _invalid(
        "history of markup",
        own("GET", "/windvane/endpoints/%3Cb%3E/history"),
        broken("<b>", "endpointName", _ENDPOINT),
    ),
    _nowhere("POST", "/windvane/endpoints/live/figures"),
    _nowhere("POST", "/windvane/endpoints/live/history"),
    _nowhere("PUT", "/windvane/events"),
    _nowhere("GET", "/windvane/jobs/churn/candidates/churn-001/reports/x"),
    _nowhere("GET", "/windvane/../windvane/events"),
    _nowhere("GET", "/windvane/jobs//events"),
    _nowhere("DELETE", "/"),
    Case(
        "events without a signature",
        by(_events(""), key=None),
        400,
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    ),
)
