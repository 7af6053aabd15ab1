import pytest
from hypothesis import given
from hypothesis import strategies as st

from windvane.errors import InvalidRequest
from windvane.names import (
    PageTokens,
    Scope,
    arn,
    bucket_reserved_for,
    default_bucket,
    derived_suffix,
    fitted,
    numbered,
    parse_arn,
)

SCOPE = Scope("000000000000", "eu-west-1")


def test_an_arn_is_read_back():
    text = arn(SCOPE, "automl-job", "Some-Name")
    assert text == "arn:aws:sagemaker:eu-west-1:000000000000:automl-job/some-name"
    assert (parse_arn(text).scope, parse_arn(text).kind, parse_arn(text).name) == (
        SCOPE,
        "automl-job",
        "some-name",
    )


def test_what_is_no_arn_is_named():
    with pytest.raises(InvalidRequest, match="'nonsense' is not an ARN"):
        parse_arn("nonsense")


@given(
    st.text("ab-", min_size=1, max_size=80), st.text("0123456789abcdef", min_size=1, max_size=12)
)
def test_a_fitted_name_keeps_its_suffix_and_its_limit(prefix, suffix):
    name = fitted(prefix, suffix, 63)
    assert len(name) <= 63
    assert name.endswith(f"-{suffix}")


def test_derived_suffixes_depend_on_every_part():
    assert derived_suffix("a", "b") == derived_suffix("a", "b")
    assert len({derived_suffix("a", "b"), derived_suffix("ab", ""), derived_suffix("b", "a")}) == 3


@given(st.lists(st.text() | st.integers() | st.none(), max_size=4))
def test_a_token_gives_its_position_back(position):
    tokens = PageTokens(b"secret")
    assert tokens.read(("list",), tokens.issue(("list",), position)) == position


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_token_with_one_changed_byte_is_refused(index, change):
    tokens = PageTokens(b"secret")
    token = bytearray(tokens.issue(("000000000000", "us-east-1"), ["name", 7]).encode())
    token[index % len(token)] ^= change
    with pytest.raises(InvalidRequest, match="NextToken"):
        tokens.read(("000000000000", "us-east-1"), token.decode("latin-1"))


def test_a_token_is_worth_nothing_in_another_account_or_with_another_secret():
    token = PageTokens(b"secret").issue(("000000000000", "us-east-1"), 1)
    with pytest.raises(InvalidRequest):
        PageTokens(b"secret").read(("111111111111", "us-east-1"), token)
    with pytest.raises(InvalidRequest):
        PageTokens(b"other").read(("000000000000", "us-east-1"), token)


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-7", "us-gov-west-1"])
def test_a_default_bucket_is_reserved_for_its_account(region):
    assert bucket_reserved_for(default_bucket("111122223333", region)) == "111122223333"


@pytest.mark.parametrize(
    "bucket",
    [
        "sagemaker-us-east-1-11112222333",
        "sagemaker-us-east-1-1111222233334",
        "sagemaker-us-east-1-111122223333-x",
        "my-sagemaker-us-east-1-111122223333",
        "sagemaker-us-east-1-111122223333\n",
        "sagemaker-us-east-1-١١١١٢٢٢٢٣٣٣٣",
        "data",
    ],
)
def test_other_buckets_are_not(bucket):
    assert bucket_reserved_for(bucket) is None


def test_tokens_of_a_replaced_secret_are_good_for_nothing():
    """`windvane keys rotate --tokens` ended sessions and links at once, page tokens not before a restart."""
    tokens = PageTokens(b"secret")
    before = tokens.issue(("list",), 1)
    tokens.replace(b"other")
    with pytest.raises(InvalidRequest):
        tokens.read(("list",), before)
    assert tokens.read(("list",), tokens.issue(("list",), 2)) == 2


@pytest.mark.parametrize("suffix", ["", "rerun"])
def test_numbered_names_are_as_long_as_they_may_be_and_the_last_is_nobodys(suffix):
    names = list(numbered("x" * 70, 63, suffix))
    assert all(len(name) == 63 for name in names)
    assert all(suffix in name for name in names)
    assert len(set(names)) == len(names)
    assert names[-1] != list(numbered("x" * 70, 63, suffix))[-1]
