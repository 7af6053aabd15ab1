"""Where a member stands: as messages and rules spell it, and as the conformance data do."""

from __future__ import annotations

import re

_ITEM = re.compile(r"\.(?:\d+\.member|\*)")


def path_of(place: str) -> str:
    """`InputDataConfig[].ChannelType` of `inputDataConfig.1.member.channelType` or `InputDataConfig.*.ChannelType`."""
    return ".".join(name[:1].upper() + name[1:] for name in _ITEM.sub("[]", place).split("."))
