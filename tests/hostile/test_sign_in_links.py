"""Attacks on people in front of a browser by whoever has a one-time link of their own."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from api.world import ACCOUNT, REGION
from unit.console.desk import SECRET, Answer, opened

from windvane.api.authenticator import new_link


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_other_site_signs_somebody_in_unasked(tmp_path: Path, site: str) -> None:
    """A page of anybody led a browser to a link of its own: whoever sat there went on in the account of its maker, and
    uploaded their data there."""
    with opened(tmp_path) as desk:
        link = new_link(SECRET, (ACCOUNT, "secret"), REGION, desk.world.clock())
        path = f"/console/enter?link={link}"

        def go(where: str) -> Answer:
            return asyncio.run(desk._send("GET", path, b"", {"sec-fetch-site": where}))

        asked = go(site)
        assert (asked.status, "set-cookie" in asked.headers) == (200, False)
        assert "will belong to that account" in asked.words
        assert re.findall(r'href="(/console/enter[^"]*)"', asked.text) == [path]
        entered = go("same-origin")
        assert (entered.status, "set-cookie" in entered.headers) == (200, True)
        assert go("none").status == 303
