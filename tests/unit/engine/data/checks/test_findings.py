from __future__ import annotations

from windvane.engine.data.analysis import Analysis


def test_a_clean_table_has_nothing_to_report(found):
    assert found() == {}


def test_a_clean_table_of_numbers_has_nothing_to_report(found):
    assert found(label=lambda i: f"{found.noise[-i] * 3 + 5:.4f}") == {}


def test_findings_come_most_severe_first(workshop, found):
    rows = "".join(
        f"7,{found.labels[i]},{i % 5 or ''},{found.labels[i]}\n" for i in range(found.n_rows)
    )
    analysis = workshop.analyse("a,b,c,y\n" + rows)
    severities = [finding.severity for finding in analysis.findings]
    assert severities == sorted(severities, key=["high", "medium", "low"].index)
    assert severities[0] == "high"


def test_every_finding_says_what_comes_of_it_and_what_was_done(workshop, found):
    cells = (7, "=", "", 10**9)
    rows = "".join(
        f"{i},{cells[0]},{found.labels[i]},{i % 5 or ''},{cells[3] if i == 9 else i % 60},{found.labels[i]}\n"
        for i in range(found.n_rows)
    )
    findings = workshop.analyse("i,a,b,c,d,y\n" + rows).findings
    assert len(findings) > 4
    assert all(one.consequence.endswith(".") and one.action.endswith(".") for one in findings)


def test_findings_written_before_they_had_a_consequence_can_be_read(workshop, found):
    rows = "".join(f"7,{found.noise[i]},{found.labels[i]}\n" for i in range(found.n_rows))
    analysis = workshop.analyse("a,b,y\n" + rows)
    record = analysis.to_json()
    for finding in record["findings"]:
        del finding["consequence"]
    read = Analysis.from_json(record)
    assert [one.message for one in read.findings] == [one.message for one in analysis.findings]
    assert {one.consequence for one in read.findings} == {""}
