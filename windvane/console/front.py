"""The page behind `/console/`: where this server is and how to talk to it."""

from __future__ import annotations

from html import escape

from windvane import __version__

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Windvane</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
main {{ max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }}
pre {{ padding: .75rem 1rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  border-radius: .5rem; overflow-x: auto; }}
</style>
</head>
<body>
<main>
<h1>Windvane {version}</h1>
<p>This server answers AWS clients at <code>{url}</code>. Jobs are started, watched and used with boto3, the AWS
command line or the SageMaker SDK; pages for a browser are not part of this version.</p>
<h2>Point a shell at it</h2>
<pre>eval "$(windvane env --data-dir DATA_DIR)"
aws sagemaker list-auto-ml-jobs</pre>
<p><a href="/healthz">Health</a> · <a href="/metrics">Metrics</a></p>
</main>
</body>
</html>
"""


def front_page(url: str) -> str:
    """HTML; `url` is what the browser used to come here."""
    return _PAGE.format(version=escape(__version__), url=escape(url))
