"""Texts that mean harm to a page, and tables made of them."""

from __future__ import annotations

import csv
import io
import random

from unit.engine.definitions.made_up import FRAGMENTS, hostile_names

from browser.watch import MARK

N_ROWS = 700

LONG = "a" * 5_000 + "<img src=x onerror=windvaneRan('long')>" + "b" * 4_961
"""10,000 characters."""

TEXTS = (
    "'",
    '"',
    "'\"><!--",
    "<script>windvaneRan('script')</script>",
    "</title></textarea></style></noscript></script><script>windvaneRan('closed')</script>",
    "<img src=x onerror=windvaneRan('img')>",
    "<svg onload=windvaneRan('svg')><title>",
    "<svg><script>windvaneRan('svg script')</script></svg>",
    "<svg><a xlink:href='javascript:windvaneRan(1)'><text y=20>x</text></a></svg>",
    "</text></svg><img src=x onerror=windvaneRan('out of svg')>",
    "<math><mtext><table><mglyph><style><img src=x onerror=windvaneRan('math')>",
    "<iframe srcdoc='<script>parent.windvaneRan(2)</script>'></iframe>",
    "<details open ontoggle=windvaneRan('toggle')>",
    '" onfocus="windvaneRan(3)" autofocus="',
    "' onmouseover='windvaneRan(4)",
    "<a href='javascript:windvaneRan(5)'>x</a>",
    "javascript:windvaneRan(6)",
    "data:text/html,<script>windvaneRan(7)</script>",
    "//elsewhere.test/x.js",
    "<base href='http://elsewhere.test/'>",
    "<link rel=stylesheet href='http://elsewhere.test/x.css'>",
    "<meta http-equiv=refresh content='0;url=http://elsewhere.test/'>",
    "<form action='http://elsewhere.test/'><button>x",
    "<style>@import 'http://elsewhere.test/x.css';</style>",
    "<div hx-get='/console/nothing' hx-trigger='load' hx-on:load='windvaneRan(8)'>",
    "<div hx-ext=sse sse-connect='/console/nothing'>",
    "{{7*7}}",
    "{{ cycler.__init__.__globals__ }}",
    "{% raw %}",
    "${windvaneRan(9)}",
    "`${windvaneRan(10)}`",
    "\\u003cscript\\u003ewindvaneRan(11)\\u003c/script\\u003e",
    "&lt;script&gt;windvaneRan(12)&lt;/script&gt;",
    "&#60;script&#62;windvaneRan(13)&#60;/script&#62;",
    "]]><script>windvaneRan(14)</script>",
    "a, b; c = 'd' || \"e\"",
    "../../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe\u202c",
    "\u2066\u2067\u200b\u200f\ufeff",
    "👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "漢字かな العربية עברית",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞",
    "NULL",
    "NaN",
    "__proto__",
    "constructor",
    LONG,
)
assert MARK in TEXTS[3]

LABELS = ("<img src=x onerror=windvaneRan('label')>", "{{7*7}}")
TARGET = "<b onmouseover=windvaneRan('target')>target"
FILE_NAMES = (
    "<img src=x onerror=windvaneRan('file')>.csv",
    "\"'{{7*7}}\u202evsc.csv",
    "a" * 200 + ".csv",
)
TAGS = [
    {"Key": "javascript:windvaneRan", "Value": "//elsewhere.test/x.js"},
    {"Key": "漢字 العربية", "Value": "a" * 256},
]


def names():
    """Of columns, as they can stand in the first line of a CSV file: each one once."""
    possible = [name for name in (*TEXTS, *FRAGMENTS) if _can_be_a_header(name)]
    return list(dict.fromkeys(possible))


def batches(count, size):
    """So many names of the corpus of definitions, in lists of `size`."""
    found = [name for name in hostile_names(count * 2) if _can_be_a_header(name)][:count]
    return [found[i : i + size] for i in range(0, len(found), size)]


def table(columns, n_rows=N_ROWS):
    """CSV in UTF-8. Columns take turns: numbers, categories and sentences that mean harm, dates; the target's
    labels can be learnt from the first."""
    chance = random.Random(0)
    into = io.StringIO()
    writer = csv.writer(into)
    writer.writerow([*columns, TARGET])
    for _ in range(n_rows):
        cells = [_cell(i, chance) for i in range(len(columns))]
        writer.writerow([*cells, LABELS[float(cells[0]) + chance.gauss(0, 0.3) > 0]])
    return into.getvalue().encode()


def _cell(i, chance):
    match i % 4:
        case 0:
            return f"{chance.gauss(0, 1):.3f}"
        case 1:
            return TEXTS[3 + chance.randrange(4)]
        case 2:
            return f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        case _:
            return " ".join(chance.choices(TEXTS[:-1], k=6))


def _can_be_a_header(name):
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name != "" and name == name.strip() and not set(name) & {"\x00", "\r", "\n"}
