"""What axe-core finds on a page."""

from __future__ import annotations

from pathlib import Path

_AXE = Path(__file__).with_name("axe") / "axe.min.js"
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_RUN = """
async (tags) => {
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"], iframes: false});
  return found.violations.map((one) => ({
    id: one.id, impact: one.impact, help: one.help,
    nodes: one.nodes.slice(0, 5).map((node) => node.html.slice(0, 200) + " :: " + node.failureSummary),
  }));
}
"""
_OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def barriers(page):
    """Serious and critical findings, as the page is and with everything unfolded."""
    page.evaluate(_AXE.read_text())
    found = page.evaluate(_RUN, _TAGS)
    page.evaluate(_OPEN_ALL)
    found += page.evaluate(_RUN, _TAGS)
    return [
        f"{one['id']} ({one['impact']}): {one['help']}\n  " + "\n  ".join(one["nodes"])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def sideways(page):
    """By how many pixels the page can be scrolled sideways."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
