"""Names with a number behind them: the first that is free is taken, and nothing else is tried again."""

import asyncio

import pytest

from windvane.console.endpoint.free_names import free_endpoint_name, under_free_name
from windvane.errors import AccessDenied, AlreadyExists, DoesNotExist


def made_among(taken, what="model"):
    made = []

    async def make(name):
        if name in taken:
            raise AlreadyExists(what, f"arn:{name}")
        made.append(name)

    return made, make


@pytest.mark.parametrize(
    ("taken", "wanted"), [((), "a"), (("a",), "a-2"), (("a", "a-3", "a-2"), "a-4")]
)
def test_the_first_free_name_is_taken(taken, wanted):
    made, make = made_among(taken)
    asyncio.run(under_free_name("a", make))
    assert made == [wanted]


def test_an_endpoint_of_the_name_is_told():
    made, make = made_among(("a",), "endpoint")
    with pytest.raises(AlreadyExists, match="endpoint"):
        asyncio.run(under_free_name("a", make))
    assert made == []


def test_another_refusal_is_told_at_once():
    tried = []

    async def refuse(name):
        tried.append(name)
        raise AccessDenied("no")

    with pytest.raises(AccessDenied):
        asyncio.run(under_free_name("a", refuse))
    assert tried == ["a"]


def test_where_every_name_is_taken_that_is_told():
    class Every:
        def __contains__(self, name):
            return True

    with pytest.raises(AlreadyExists):
        asyncio.run(under_free_name("a", made_among(Every())[1]))


class Asking:
    """Answers whether endpoints are there, as a request's context does."""

    def __init__(self, taken):
        self.taken = taken

    async def ask(self, service, operation, parameters):
        assert (service, operation) == ("sagemaker", "DescribeEndpoint")
        if parameters["EndpointName"] not in self.taken:
            raise DoesNotExist("endpoint", "arn")
        return {}


@pytest.mark.parametrize(("taken", "wanted"), [((), "a"), (("a", "a-2"), "a-3")])
def test_the_first_name_that_no_endpoint_has_is_found(taken, wanted):
    assert asyncio.run(free_endpoint_name(Asking(taken), "a")) == wanted


def test_where_all_names_are_taken_one_is_made():
    taken = ["a", *(f"a-{number}" for number in range(2, 40))]
    name = asyncio.run(free_endpoint_name(Asking(taken), "a"))
    assert name.startswith("a-")
    assert name not in taken
