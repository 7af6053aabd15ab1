"""The webhooks of the configuration that jobs may ask for by a tag."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from windvane.domain.job import AutoMLJob
from windvane.errors import InvalidRequest
from windvane.names import WEBHOOK_TAG

WebhooksOf = Callable[[str], tuple[str, ...]]
"""The names of the webhooks that jobs of an account may ask for."""


def no_webhooks(_: str) -> tuple[str, ...]:
    """Return the webhooks of a configuration that has none."""
    return ()


def check_webhook(tags: Mapping[str, str], names: tuple[str, ...]) -> None:
    """Check that the webhook that tags ask for is there.

    names     of the webhooks that the job may ask for
    raises    InvalidRequest
    """
    asked = tags.get(WEBHOOK_TAG)
    if asked is None or asked in names:
        return
    if names:
        known = f"Those that there are for this account: {', '.join(names)}."
    else:
        known = (
            "There is none for this account: leave the tag out, or have a webhook with a name added to the server's "
            "configuration."
        )
    raise InvalidRequest(
        f"The tag {WEBHOOK_TAG} names the webhook '{asked}', which is not there. {known}"
    )


def check_webhook_later(
    job: AutoMLJob, kept: Mapping[str, str], tags: Mapping[str, str], names: tuple[str, ...]
) -> None:
    """Check tags that a job is given after it was created.

    kept      the tags that it has
    raises    InvalidRequest if the webhook is not there, or is asked to be told of an end that is over
    """
    if tags.get(WEBHOOK_TAG) == kept.get(WEBHOOK_TAG):
        return
    check_webhook(tags, names)
    if WEBHOOK_TAG in tags and job.status.is_final:
        raise InvalidRequest(
            f"The tag {WEBHOOK_TAG} asks for the end of the AutoML job {job.name} to be told, but the job has ended "
            f"already (status {job.status}). Give the tag to a job that is in progress."
        )
