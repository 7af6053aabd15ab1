"""What no page of the console may ever do."""

from __future__ import annotations

from urllib.parse import urlsplit

_REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} against ${event.blockedURI} ${event.sample}`));
"""

MARK = "windvaneRan"
"""A hostile text that is run as a script calls this, or opens a dialog."""


class Watch:
    """Notes errors in the console, scripts that throw, violations of the content security policy, requests to other
    hosts, dialogs, and calls of `MARK` in every page of a browser's context."""

    def __init__(self, context, origin):
        self._host = urlsplit(origin).netloc
        self._allowed = []
        self._noted = []
        context.expose_function(MARK, lambda *told: self._note(f"a script ran: {told}"))
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._note(f"thrown: {error.error}"))
        context.on("dialog", self._on_dialog)
        context.on("request", self._on_request)

    def allow(self, part):
        """What says this is no fault: of a page that is asked for what must be refused."""
        self._allowed.append(part)

    @property
    def faults(self):
        return [fault for fault in self._noted if not any(one in fault for one in self._allowed)]

    def _note(self, fault):
        self._noted.append(fault)

    def _on_console(self, message):
        if message.type in ("error", "warning"):
            self._note(f"{message.page.url if message.page else ''}: {message.text}")

    def _on_dialog(self, dialog):
        self._note(f"a dialog opened: {dialog.type} {dialog.message!r}")
        dialog.dismiss()

    def _on_request(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._host:
            self._note(f"asked another host: {request.url}")
