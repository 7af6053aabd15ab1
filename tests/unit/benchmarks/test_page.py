import json

from unit.benchmarks.made_up import failed, record, table

from benchmarks import page

PEERS = [record("base_lgbm", "t", 0.80), record("flaml", "t", 0.90, versions={"flaml": "2.7.0"})]


KNOWN = [table("t"), table("u"), table("new", suite="held-out")]


def text_of(own, peers=PEERS):
    return page.page_text(own, peers, KNOWN)


def test_the_page_names_the_commit_the_day_and_what_was_not_run():
    text = text_of([record("windvane", "t", 0.9)])
    assert "Engine of commit `abc1234`, 2026-01-02, 2 cores; one seed" in text
    assert "Not run: u." in text
    assert "no spread" in text


def test_the_page_tells_the_spread_over_seeds():
    text = text_of([record("windvane", "t", 0.9, seed=0), record("windvane", "t", 0.8, seed=1)])
    assert "2 seeds: the median, in brackets the lowest and the highest score" in text
    assert "0.8500 [0.8000, 0.9000]" in text


def test_the_page_names_runs_during_which_others_used_the_machine():
    text = text_of([record("windvane", "t", 0.9, others_cpu_frac=0.47)])
    assert "30 % or more during these: t at 60 s (47 %)." in text
    assert "30 % or more" not in text_of([record("windvane", "t", 0.9)])


def test_the_page_says_where_the_peers_figures_come_from():
    text = text_of([record("windvane", "t", 0.9)])
    assert "one run for each value" in text
    assert "- `flaml`: flaml 2.7.0" in text
    assert "Run again together with Windvane: none." in text


def test_peers_that_were_run_again_are_named():
    text = text_of([record("windvane", "t", 0.9), record("flaml", "t", 0.8)])
    assert "Run again together with Windvane: flaml." in text


def test_the_page_shows_failures():
    assert "fit: boom" in text_of([failed("windvane", "t")])
    assert "No run failed." in text_of([record("windvane", "t", 0.9)])


def test_the_page_is_made_of_the_newest_results(tmp_path):
    results, peers = tmp_path / "results", tmp_path / "peers.jsonl"
    peers.write_text("\n".join(map(json.dumps, PEERS)))
    results.mkdir()
    for commit, day in (("old", "2026-01-01"), ("new", "2026-03-01")):
        run = record("windvane", "adult", 0.9, started=f"{day}T00:00:00", commit=commit)
        (results / f"{commit}.jsonl").write_text(f"{json.dumps(run)}\n")
    assert page.main(results, tmp_path / "page.md", tmp_path / "none", peers) == 0
    assert "Engine of commit `new`," in (tmp_path / "page.md").read_text()


def test_what_was_not_run_again_is_shown_with_its_commit():
    own = [
        record("windvane", "t", 0.9, commit="new", started="2026-03-01T00:00:00"),
        record("windvane", "t", 0.8, budget=300.0, commit="old"),
    ]
    text = text_of(own)
    assert "Engine of commit `new`, and of `old` where" in text
    runs = text.partition("## Development tables: beside")[0]
    rows = [line.strip("| ").split(" | ") for line in runs.splitlines() if "t (auc)" in line]
    assert [row[-1].strip() for row in rows] == ["new", "old"]


def test_without_results_there_is_no_page(tmp_path, capsys):
    assert page.main(tmp_path, tmp_path / "page.md") == 2
    assert "make bench" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()


def test_the_page_tells_how_honest_leaderboards_are_if_that_was_measured():
    own = [record("windvane", "t", 0.9)]
    assert "## Do leaderboards" not in text_of(own)
    assert "told of honesty" in page.page_text(own, PEERS, KNOWN, "told of honesty")


def test_held_out_tables_and_the_service_have_sections_of_their_own():
    text = text_of([record("windvane", "t", 0.9)])
    held_out = text.partition("## Held-out tables")[2].partition("## Through the API")
    assert "Not measured" in held_out[0]
    assert "Not measured" in held_out[2]
    own = [
        record("windvane", "t", 0.9),
        record("windvane", "new", 0.7),
        record("windvane_service", "t", 0.8, used_s=57.0),
    ]
    held_out = text_of(own).partition("## Held-out tables")[2].partition("## Through the API")
    assert "| new (auc)" in held_out[0]
    assert "| t (auc)" not in held_out[0]
    [row] = [line for line in held_out[2].splitlines() if "| t (auc)" in line]
    assert "0.95 |      0.98" in row, "of the time that was given"


def test_it_is_told_whether_the_order_of_openings_knew_the_tables():
    own = [record("windvane", "t", 0.9, opts=["order=t"]), record("windvane", "u", 0.8)]
    assert "In 1 of the 2 runs the search tried its portfolio" in text_of(own)


def test_how_busy_the_machine_was_is_told_for_others_alike():
    busy = [
        record("flaml", "u", 0.8, others_cpu_frac=0.66),
        record("base_rf", "u", 0.7, others_cpu_frac=0.31),
    ]
    told = "30 % or more during these: u at 60 s (flaml 66 %, base_rf 31 %)."
    assert told in text_of([record("windvane", "t", 0.9)], [*PEERS, *busy])


def test_the_page_in_docs_is_what_the_kept_results_give(tmp_path):
    """What fails here is mended by `python -m benchmarks.page`."""
    assert page.main(page=tmp_path / "page.md") == 0
    assert (tmp_path / "page.md").read_text() == page.PAGE.read_text()
