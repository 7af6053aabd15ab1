"""The whole path through the console: a short one with every run, the real one by mouse and by keyboard besides."""

import gzip

import pytest
from journeys.running import DATA
from journeys.small import table

from browser.hands import Keyboard, Mouse
from browser.path import Errand, Walk

HANDS = {"mouse": Mouse, "keyboard": Keyboard}


@pytest.fixture
def bank(tmp_path):
    file = tmp_path / "bank_marketing.csv"
    file.write_bytes(gzip.decompress((DATA / "train.csv.gz").read_bytes()))
    return file


def test_from_a_file_to_predictions_and_back(context_of, link, tmp_path, server):
    file = tmp_path / "table.csv"
    file.write_bytes(table(of_classes=True))
    page = context_of(signed_in=False).new_page()
    page.goto(link)
    page.wait_for_url("**/console/")
    walk = Walk(page, Mouse(page), Errand(file, "y", "smoke", candidates="2"))
    walk.bring_the_file()
    walk.ask_for_the_job()
    walk.watch_it_complete()
    walk.move_the_threshold()
    walk.deploy()
    walk.try_a_row({"yes", "no"})
    walk.change_weights()
    walk.delete()
    assert server.client("sagemaker").list_endpoints(NameContains="smoke")["Endpoints"] == []


@pytest.mark.long
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("hand", HANDS)
def test_a_job_of_sixty_seconds(hand, context_of, link, bank):
    page = context_of(signed_in=False).new_page()
    page.goto(link)
    page.wait_for_url("**/console/")
    walk = Walk(page, HANDS[hand](page), Errand(bank, "y", f"bank-by-{hand}", time_limit="60 s"))
    walk.bring_the_file()
    walk.ask_for_the_job()
    walk.watch_it_complete()
    walk.see_the_candidate()
    walk.deploy()
    walk.try_a_row({"yes", "no"})
    walk.change_weights()
    walk.delete()
