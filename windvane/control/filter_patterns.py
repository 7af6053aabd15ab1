"""Filter patterns of CloudWatch Logs, as far as they are made of terms.

    error "out of memory"     both stand in the message, as they are
    ?error ?warning           one of them does
    -debug                    it does not

source    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from windvane.errors import InvalidRequest

_TERM = re.compile(r'(?P<mark>[?-]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))(?=\s|$)')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class FilterPattern:
    """A filter pattern, read.

    wanted    all of them stand in a message;  any_of    one of them does, if there are any;  unwanted  none does"""

    wanted: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    @property
    def n_terms(self) -> int:
        return len(self.wanted) + len(self.any_of) + len(self.unwanted)

    def matches(self, message: str) -> bool:
        """Case counts, as in CloudWatch."""
        return (
            all(term in message for term in self.wanted)
            and not any(term in message for term in self.unwanted)
            and (not self.any_of or any(term in message for term in self.any_of))
        )


def read_filter_pattern(text: str) -> FilterPattern:
    """Read a filter pattern.

    raises    InvalidRequest for a pattern that is not made of terms, and for ?terms beside others, where CloudWatch
    would leave the ?terms out of account
    """
    text = text.strip()
    if text.startswith(("{", "[", "%")):
        raise InvalidRequest(
            "Invalid filter pattern: patterns for JSON, for fields between spaces and regular expressions are not "
            'served here; use terms, "quoted phrases", ?either ?or, and -without.'
        )
    found: dict[str, list[str]] = {"": [], "?": [], "-": []}
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise InvalidRequest(
                f"Invalid filter pattern: the term that begins at character {at + 1} is not a word or a phrase between "
                "two quotation marks."
            )
        term = match["word"] if match["phrase"] is None else _ESCAPED.sub(r"\1", match["phrase"])
        found[match["mark"]].append(term)
        at = match.end() + len(text[match.end() :]) - len(text[match.end() :].lstrip())
    if found["?"] and (found[""] or found["-"]):
        raise InvalidRequest(
            "Invalid filter pattern: terms that begin with ? cannot stand beside others. Ask for either of some terms, or "
            "for all of some."
        )
    return FilterPattern(tuple(found[""]), tuple(found["?"]), tuple(found["-"]))
