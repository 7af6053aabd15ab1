"""How Sphinx makes the documentation site of these pages: `make docs`."""

import re
from html import unescape
from pathlib import Path

_VERSION = Path(__file__).parents[1] / "windvane" / "version.py"

project = "Windvane"
author = "the Windvane authors"
release = version = re.findall(r'^__version__ = "(.+)"', _VERSION.read_text(), re.MULTILINE)[0]

extensions = ["myst_parser", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4
nitpicky = True
smartquotes = False  # what programs print and take stands as it is: --option, and straight quotes

highlight_language = "text"  # of blocks that name none

html_theme = "furo"
html_title = "Windvane"
html_favicon = "../windvane/console/static/icon.svg"
html_theme_options = {"top_of_page_buttons": []}
html_static_path = ["_static"]
templates_path = ["_templates"]
html_use_index = False  # nothing is marked for an index: the page would be empty
# The theme's, and the way back to the console that the pages are served beside.
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/console.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_css_files = ["site.css"]
html_search_scorer = str(Path(__file__).with_name("search_ranking.js"))
html_show_sphinx = False
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_last_updated_fmt = None

# Pages link files of the repository, which are no pages of the site: it shows their names. Links that are called after
# the file of a page get the title of the page.
_LINK_OUT = re.compile(r"\[([^\]\n]+)\]\(\.\./[^)\n]+\)")
_FILE = re.compile(r"[\w./-]+[./][\w-]+")
_CALLED_AFTER_FILE = re.compile(r"\[(?:docs/)?[\w-]+\.md\]\(")
# A drawing has a twin for dark pages.
_DRAWING = re.compile(r"^!\[([^\]\n]+)\]\((pictures/\w+)\.svg\)$", re.MULTILINE)
_TWINS = """```{image} \\2.svg
:alt: \\1
:class: only-light
```
```{image} \\2-dark.svg
:alt: \\1
:class: only-dark
```"""
# What stands at the top of the repository and is a page of the site.
_PAGES_ABOVE = {"(../SECURITY.md": "(security-policy.md", "(../CHANGELOG.md": "(changelog.md"}


def _name_of_file(link):
    return f"`{link[1]}`" if _FILE.fullmatch(link[1]) else link[1]


def _as_on_site(_app, _page, source):
    text = source[0]
    for above, page in _PAGES_ABOVE.items():
        text = text.replace(above, page)
    text = _LINK_OUT.sub(_name_of_file, text)
    text = _DRAWING.sub(_TWINS, text)
    source[0] = _CALLED_AFTER_FILE.sub("[](", text)


# Names of options stay whole, and long names break between their parts, where a column is too narrow for them.
_WORD_OF_CODE = re.compile(r'<span class="pre">([^<]+)</span>')
_BETWEEN_PARTS = re.compile(
    r"(?<=[\w}][/(])(?=[\w{])|(?<=[^\W_]_)(?=[^\W_])|(?<=::)|(?<=\))(?=\.)|(?=\.\w+\.\w)|(?<=[a-z]\.)(?=[A-Z])"
)
_HUMP = re.compile(r"(?<=[a-z])(?!ML)(?=[A-Z])|(?<=AutoML)(?=[A-Z][a-z])")
_LONG = 26  # letters: such a name breaks at a hump in wide columns, too
_LONGER = 38  # letters: such a name does not fit a narrow screen
_BLOCK = re.compile(r"<pre>.*?</pre>", re.DOTALL)
# A number stays beside its unit; what is copied from a block stays as it is.
_BEFORE_UNIT = re.compile(r"<pre>.*?</pre>|(?<=\d) (?=(?:%|[kKMGT]i?B|[mµ]?s)(?!\w))", re.DOTALL)
_OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def _breaking_between_parts(word):
    if word[1].startswith("--"):
        return f'<span class="pre option">{word[1]}</span>'
    hump = "<wbr>" if len(word[1]) > _LONG else '<wbr class="hump">'
    parts = _HUMP.sub(hump, _BETWEEN_PARTS.sub("<wbr>", word[1]))
    longer = " longer" if len(unescape(word[1])) > _LONGER else ""
    return f'<span class="pre{longer}">{parts}</span>'


def _keeping_options_whole(block):
    return _OPTION.sub(r'<span class="option">\g<0></span>', block[0])


def _beside_unit(found):
    return "\N{NO-BREAK SPACE}" if found[0] == " " else found[0]


def _breaking_well(_app, _page, _template, context, _doctree):
    if "body" in context:
        body = _WORD_OF_CODE.sub(_breaking_between_parts, context["body"])
        body = _BEFORE_UNIT.sub(_beside_unit, body)
        context["body"] = _BLOCK.sub(_keeping_options_whole, body)


def setup(app):
    app.connect("source-read", _as_on_site)
    app.connect("html-page-context", _breaking_well)
