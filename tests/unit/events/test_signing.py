"""The recipe that the documentation gives to receivers, as it stands there."""

import re
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from windvane.domain.events import DETAIL_TYPES
from windvane.events.signing import SIGNATURE_HEADER, TIME_HEADER, signature

PAGE = Path(__file__).resolve().parents[3] / "docs" / "events.md"
SECRET, BODY = "0123456789abcdef", b'{"version":"0"}'


@pytest.fixture
def is_genuine(tmp_path):
    [recipe] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    file = tmp_path / "recipe.py"
    file.write_text(recipe)
    spec = spec_from_file_location("recipe", file)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.is_genuine


def headers(timestamp, secret=SECRET, body=BODY):
    return {TIME_HEADER: timestamp, SIGNATURE_HEADER: signature(secret, timestamp, body)}


def test_the_documented_recipe_takes_what_is_ours_alone(is_genuine):
    now = str(int(time.time()))
    assert is_genuine(SECRET, headers(now), BODY)
    assert not is_genuine("another secret", headers(now), BODY)
    assert not is_genuine(SECRET, headers(now), BODY + b" ")
    assert not is_genuine(SECRET, {**headers(now), TIME_HEADER: str(int(now) + 1)}, BODY)
    assert not is_genuine(SECRET, headers(str(int(now) - 3600)), BODY)


def test_every_detail_type_is_documented_and_no_other():
    documented = re.findall(r"^\| `([^`]+ State Change)` \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(documented) == sorted(DETAIL_TYPES)
