"""A whole AutoML job: what it does next (the workflow), and the driver that runs it without a server."""
