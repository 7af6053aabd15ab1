from __future__ import annotations

from windvane.testing.tables import Workshop


def test_statistics_of_every_kind_of_column(workshop: Workshop) -> None:
    rows = "".join(
        f"{i % 101},{'ab'[i % 2]},2020-01-{i % 28 + 1:02d},{'word ' * (i % 3 + 4)}{i},{i % 2}\n"
        for i in range(606)
    )
    analysis = workshop.analyse("number,letter,day,text,y\n" + rows + ",,,,1\n")
    found = analysis.statistics
    assert found["number"]["min"] == 0
    assert found["number"]["max"] == 100
    assert found["number"]["mean"] == 50
    assert found["number"]["quantiles"]["0.5"] == 50
    assert found["number"]["missing"] == 1
    assert found["letter"]["top"] == [["a", 303], ["b", 303]]
    assert found["letter"]["prediction_power"] == 1
    assert found["day"]["min"] == "2020-01-01T00:00:00+00:00"
    assert found["text"]["mean_words"] == 6
    assert found["y"]["top"] == [["0", 303], ["1", 304]]
