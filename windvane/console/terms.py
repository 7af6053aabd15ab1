"""Terms where they first stand on a page: a link to the glossary that shows the meaning."""

from __future__ import annotations

import re

from markupsafe import Markup

from windvane.glossary import TERMS


def anchor_of(term: str) -> str:
    """Return the id of a term on the page of the glossary.

    >>> anchor_of("precision, recall")
    'precision-recall'
    """
    return re.sub("[^a-z0-9]+", "-", term.lower())


def term(name: str, text: str = "") -> Markup:
    """Return a link to the glossary with the meaning as its tooltip.

    name    as the glossary has it
    text    what the page says; "" if that is the name
    raises  KeyError for what the glossary has not
    """
    return Markup('<a class="term" href="/console/glossary#{}" title="{}">{}</a>').format(
        anchor_of(name), TERMS[name], text or name
    )
