from benchmarks import request_parts


def test_every_part_of_a_request_is_told(monkeypatch, capsys):
    for name, few in (("_ROUNDS", 2), ("_BATCH", 3), ("_HOPS", 20)):
        monkeypatch.setattr(request_parts, name, few)
    assert request_parts.main() == 0
    lines = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()]
    told = {line[0].strip(): float(line[1]) for line in lines[2:]}
    assert told["all of the edge"] >= told["operation"] >= 0
    assert told["all of the edge"] > 0
    assert told["of which the signature"] > 0
    assert told["model"] > 0
    assert told["to another process and back, wall clock"] > 0
