"""Somebody who has a keyboard and no mouse, and looks where the focus is."""

from __future__ import annotations

_MOST_STOPS = 400

_FOCUS = """
() => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const told = (one) => {
    const style = getComputedStyle(one);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    return outlined || style.boxShadow !== "none";
  };
  const drawn = (one) => { const box = one.getBoundingClientRect(); return box.width >= 4 && box.height >= 4; };
  // A field that is hidden behind its label shows its focus there.
  const stands = [at, ...(at.labels || []), at.parentElement];
  return {
    html: at.outerHTML.slice(0, 160),
    shown: at.matches(":focus-visible") && stands.some((one) => drawn(one) && told(one)),
  };
}
"""


class Keyboard:
    """Keys pressed on a page. At every stop the focus must be there and be seen."""

    def __init__(self, page):
        self._page = page

    def press(self, *keys):
        for key in keys:
            self._page.keyboard.press(key)

    def type(self, text):
        """Into the field that has the focus, in place of what is there."""
        self.press("Control+a")
        self._page.keyboard.type(text)

    def reach(self, target, key="Tab"):
        """Press Tab until the focus is on the target."""
        target.wait_for(state="attached")
        passed = []
        for _ in range(_MOST_STOPS):
            if target.evaluate("one => one === document.activeElement"):
                return
            self.press(key)
            focus = self._page.evaluate(_FOCUS)
            if focus is None:
                # Beyond the last stop is the browser itself; the next key comes back to the first.
                assert "left the page" not in passed[-1:], f"the focus is lost after {passed[-2:]}"
                passed.append("left the page")
                continue
            assert focus["shown"], f"the focus is not seen on {focus['html']}"
            passed.append(focus["html"])
        raise AssertionError(f"{target} is not reached; passed {len(passed)} stops: {passed[:60]}")

    def activate(self, target, key="Enter"):
        self.reach(target)
        self.press(key)

    def fill(self, target, text):
        self.reach(target)
        self.type(text)
