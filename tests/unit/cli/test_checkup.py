"""What was found and what to do about it stand below each other."""

from windvane.cli.checkup import Check, lines_of


def test_a_check_is_shown_with_its_remedy_below() -> None:
    checks = [
        Check("disk", "full", "Make room."),
        Check("memory", "enough"),
        Check("key", "none", "Make one.", prevents_start=True),
    ]
    assert list(lines_of(checks)) == [
        "  !    disk    full",
        "               Make room.",
        "  yes  memory  enough",
        "  NO   key     none",
        "               Make one.",
    ]
