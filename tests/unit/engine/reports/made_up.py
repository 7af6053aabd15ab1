"""A report with one of everything, and names that mean harm."""

from windvane.engine.reports.document import (
    Figure,
    Notice,
    Report,
    Section,
    Severity,
    Table,
    Text,
)
from windvane.engine.reports.labels import drawn

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "![x](http://example.org/x.png)",
    "]]><!--",
    "&lt;script&gt;",
    "{{ 7*7 }} {% raw %}",
    "$x^2$ $\\href{javascript:alert(1)}{x}$",
    "a\nb\r\nc\td",
    "\x00\x1b[31m\x7f",
    "\u202egnp.exe\u202c",
    "half a pair \ud83d",
    "| a | b |\n|---|---|",
    "```\n%%bash\n```",
    "# heading * star _ under ~ tilde `tick`",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 漢字 العربية 🙂",
    "x" * 10_000,
    "",
    " ",
)


def bars(names):
    def draw(axes):
        axes.barh([drawn(name) for name in names], range(len(names)), color="#0072B2")
        axes.set_xlabel("number")

    return draw


def report_of(names):
    numbers = Table(
        ("name", "number"), [(name, str(i)) for i, name in enumerate(names)], frozenset({1})
    )
    first = names[0]
    return Report(
        title=f"About {first}",
        lead=f"What {first} is about.",
        facts=[(name, name) for name in names],
        sections=[
            Section(first, [Text(name) for name in names]),
            Section("Tables", [Table(names, [names, names], caption=first)]),
            Section(
                "Pictures",
                [Figure(first, bars(names), f"bars of {first}", numbers) for _ in range(2)],
            ),
            Section("Notices", [Notice(one, name, [name]) for one in Severity for name in names]),
        ],
    )
