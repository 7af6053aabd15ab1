def test_identical_rows_are_counted(found):
    rows = "".join(f"{found.noise[i % 600]:.6f},{found.labels[i % 600]}\n" for i in range(900))
    finding = found.of("x,y\n" + rows)["duplicate-rows"]
    assert finding.message.startswith("300 of 900 rows (33.3 %)")
    assert finding.severity == "medium"


def test_rows_that_only_an_identifier_tells_apart_are_counted(found):
    rows = "".join(f"n{i},{found.noise[i % 600]:.6f},{found.labels[i % 600]}\n" for i in range(900))
    finding = found.of("name,x,y\n" + rows)["renamed-duplicates"]
    assert finding.message.startswith("300 of 900 rows (33.3 %)")
    assert finding.columns == ("name",)
    assert "'name'" in finding.message
