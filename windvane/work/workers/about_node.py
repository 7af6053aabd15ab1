"""What a node of a cluster says of itself to a server that is about to use it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from windvane.errors import WindvaneError
from windvane.store.base import Store
from windvane.work.workers.config import WorkConfig


def place_of_exchange(config: WorkConfig, store: Store) -> str:
    """Return what names the place where tasks exchange data: the store of artefacts, the bucket, and the part of it that belongs to
    the database, which is drawn at random for each. "" if no server has used this database yet."""
    with store.snapshot() as tx:
        owner = tx.bucket_owner(config.exchange)
    if owner is None or config.s3 is None:
        return ""
    endpoint = config.s3.endpoint.rstrip("/") or f"S3 of {config.s3.region}"
    return f"s3://{config.exchange}/{owner} at {endpoint}"


def about(config: WorkConfig, store: Store, lacks: Mapping[str, str]) -> str:
    """Return JSON: "exchange" (see above), "lacks", and "fault", a sentence, if the node can do no task now.

    lacks    parts of the sandbox that its machine does not have, and why
    """
    told = {"exchange": "", "lacks": dict(lacks), "fault": ""}
    try:
        told["exchange"] = place_of_exchange(config, store)
        if not config.artifacts().bucket_exists(config.exchange):
            told["fault"] = f"The bucket {config.exchange} is not there."
    except (WindvaneError, OSError, BotoCoreError, ClientError) as error:
        told["fault"] = f"{type(error).__name__}: {error}"
    return json.dumps(told)
