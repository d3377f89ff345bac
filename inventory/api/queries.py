"""The queries of availability (one to 500 SKUs, each named once or more) and of a channel's feed;
nothing else is taken."""

from __future__ import annotations

from dataclasses import dataclass

from rest_framework.request import Request

from oms.core.api.queries import InvalidFilter, require_known
from oms.core.errors import FieldError

MAX_SKUS = 500
MAX_SKU_LENGTH = 64
#: Items of a feed in one answer.
MAX_PAGE, DEFAULT_PAGE = 1_000, 200
_MAX_CHANNEL_LENGTH = 40
_MAX_SEQUENCE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class FeedQuery:
    channel: str
    since: int
    limit: int


def skus_of(request: Request) -> list[str]:
    """This function will return the wanted SKUs, each once, in the order asked.

    :raises InvalidFilter: none, too many, one that no SKU can look like, or an unknown parameter.
    """
    require_known(request, {"sku"})
    skus = list(dict.fromkeys(request.query_params.getlist("sku")))
    if not skus:
        raise _refused("required", "Give at least one sku.")
    if len(skus) > MAX_SKUS:
        raise _refused("too_many", f"Ask for at most {MAX_SKUS} SKUs at a time.")
    for sku in skus:
        if not 0 < len(sku) <= MAX_SKU_LENGTH or not sku.isprintable():
            raise _refused("invalid_value", f"A SKU has 1 to {MAX_SKU_LENGTH} visible characters.")
    return skus


def feed_of(request: Request) -> FeedQuery:
    """This function will return which channel is asked for, after which number, how many at most.

    :raises InvalidFilter: no channel, one that none can be, a wrong number, an unknown parameter.
    """
    require_known(request, {"channel", "since"})
    channel = request.query_params.get("channel", "")
    if not channel:
        raise _refused("required", "Give the channel.", "?channel")
    if len(channel) > _MAX_CHANNEL_LENGTH or not channel.isprintable():
        raise _refused(
            "invalid_value",
            f"A channel has 1 to {_MAX_CHANNEL_LENGTH} visible characters.",
            "?channel",
        )
    return FeedQuery(
        channel=channel,
        since=_number(request, "since", 0, 0, _MAX_SEQUENCE),
        limit=_number(request, "limit", DEFAULT_PAGE, 1, MAX_PAGE),
    )


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most:
        return int(text)
    raise _refused("invalid_value", f"{least} to {most}.", f"?{name}")


def _refused(code: str, detail: str, pointer: str = "?sku") -> InvalidFilter:
    return InvalidFilter(
        "A value does not fit its filter.", errors=[FieldError(pointer, code, detail)]
    )
