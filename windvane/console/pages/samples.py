"""Sample tables: small data sets that come with Windvane, each one click from the form of a new job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from windvane.console.pages.uploads import FOLDER, folder_name
from windvane.console.request_context import context_of
from windvane.console.security import PAGE_HEADERS
from windvane.errors import NotFound

TIME_LIMIT = "1 min"
"""Offered for a job on a sample: these tables are small, and a first model is to be there soon."""

TABLES = Path(__file__).parents[1] / "sample_tables"


@dataclass(frozen=True)
class Sample:
    """A table that comes with Windvane; sample_tables/README.md has the sources.

    file       in the folder TABLES
    question   that a model of it answers
    target     the column to predict;  kind  what predicting it is called
    by         whose data it is;  licence  of the data
    """

    name: str
    file: str
    question: str
    text: str
    target: str
    kind: str
    n_rows: int
    n_columns: int
    by: str
    licence: str


_APACHE, _CC_BY = "Apache License 2.0", "CC BY 4.0"

SAMPLES = (
    Sample(
        "bank-marketing",
        "bank-marketing.csv.gz",
        "Will this client open a deposit account?",
        "Phone calls of a bank to its clients.",
        "y",
        "two classes",
        30_891,
        21,
        "S. Moro, P. Cortez, P. Rita (UCI)",
        _CC_BY,
    ),
    Sample(
        "telco-churn",
        "telco-churn.csv.gz",
        "Will this customer leave?",
        "Customers of a telecom company, with their contracts and charges.",
        "Churn",
        "two classes",
        2_000,
        21,
        "IBM",
        _APACHE,
    ),
    Sample(
        "california-housing",
        "california-housing.csv.gz",
        "What is a house here worth?",
        "Districts of California in the census of 1990.",
        "median_house_value",
        "a number",
        2_000,
        10,
        "US census, by way of StatLib",
        _APACHE,
    ),
)


async def use_sample(request: Request) -> Response:
    """Upload a sample table as a file of the caller's own, and lead to the form of a new job on it.

    raises    NotFound for a name of no sample; AccessDenied if the caller may not write there, or not make the bucket
    """
    context, name = context_of(request), request.path_params["name"]
    sample = next((one for one in SAMPLES if one.name == name), None)
    if sample is None:
        raise NotFound(f"There is no sample table '{name[:100]}'.")
    data = await context.in_thread((TABLES / sample.file).read_bytes)
    bucket = await context.objects.ensure_default_bucket()
    uri = f"s3://{bucket}/{FOLDER}/{folder_name()}/{sample.file}"
    await context.objects.write(uri, data)
    filled_in = {"uri": uri, "target": sample.target, "time_limit": TIME_LIMIT}
    form = f"/console/new?{urlencode(filled_in)}"
    return RedirectResponse(form, 303, headers=PAGE_HEADERS)


ROUTES = (Route("/console/samples/{name}", use_sample, methods=["POST"]),)
