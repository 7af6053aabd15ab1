"""The fonts of PDF files: those that Matplotlib brings, with letters of many scripts. They are read with this module, so
that what is forked off a process that has loaded it need not read them again."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"

for _name in (PLAIN, BOLD):
    registerFont(TTFont(_name, Path(mpl.get_data_path(), "fonts", "ttf", f"{_name}.ttf")))
