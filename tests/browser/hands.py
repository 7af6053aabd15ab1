"""Two ways to use a page: with a mouse, and with a keyboard alone, looking where the focus is."""

from __future__ import annotations

_MOST_STOPS = 400
_AWAY = "left the page"

_TRANSFER = """
([name, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name, {type: "text/csv"}));
  return transfer;
}
"""
_INDEX_OF = "(one, label) => Array.from(one.options).findIndex((option) => option.label === label)"

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


class Mouse:
    def __init__(self, page):
        self._page = page

    def activate(self, target):
        target.click()

    def fill(self, target, text):
        target.fill(text)

    def choose(self, target, label):
        target.select_option(label=label)

    def hand_over(self, zone, file):
        """Drop a file on a zone, as a file manager does it."""
        transfer = self._page.evaluate_handle(_TRANSFER, [file.name, file.read_text()])
        for event in ("dragenter", "dragover", "drop"):
            zone.dispatch_event(event, {"dataTransfer": transfer})


class Keyboard:
    """Keys pressed on a page. At every stop the focus must be there and be seen."""

    def __init__(self, page):
        self._page = page

    def activate(self, target):
        self.reach(target)
        self._press("Space" if target.get_attribute("type") in ("checkbox", "radio") else "Enter")

    def fill(self, target, text):
        self.reach(target)
        self._press("Control+a")
        self._page.keyboard.type(text)

    def choose(self, target, label):
        self.reach(target)
        self._press("Home")
        wanted = target.evaluate(_INDEX_OF, label)
        assert wanted >= 0, f"{label!r} is no option of {target}"
        for _ in range(wanted):
            self._press("ArrowDown")
        assert target.evaluate("one => one.selectedIndex") == wanted
        assert target.evaluate("one => one === document.activeElement"), "choosing loses the focus"

    def hand_over(self, zone, file):
        """Choose a file by the zone's button."""
        with self._page.expect_file_chooser() as opened:
            self.activate(zone.get_by_role("button", name="Choose a file"))
        opened.value.set_files(file)

    def _press(self, key):
        self._page.keyboard.press(key)

    def reach(self, target):
        """Press Tab until the focus is on the target."""
        target.wait_for(state="attached")
        passed = []
        for _ in range(_MOST_STOPS):
            if target.evaluate("one => one === document.activeElement"):
                return
            self._press("Tab")
            focus = self._page.evaluate(_FOCUS)
            if focus is None:
                # Beyond the last stop is the browser itself; the next key comes back to the first.
                assert passed[-1:] != [_AWAY], f"the focus is lost after {passed[-2:]}"
                assert passed.count(_AWAY) < 2, f"{target} is no stop of the keyboard: {passed}"
                passed.append(_AWAY)
                continue
            assert focus["shown"], f"the focus is not seen on {focus['html']}"
            passed.append(focus["html"])
        raise AssertionError(f"{target} is not reached; passed {len(passed)} stops: {passed[:60]}")
