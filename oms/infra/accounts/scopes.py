"""Every scope an API key can have, in one place."""

from __future__ import annotations

from collections.abc import Iterable

from oms.core.errors import Invalid

ALL = (
    "orders:read",
    "orders:write",
    "payments:write",
    "availability:read",
    "shipments:read",
    "tracking:read",
    "returns:read",
    "returns:write",
    "nodes:read",
    "stock:write",
    "reservations:write",
    "supply:write",
)


class UnknownScope(Invalid):
    code = "auth.unknown_scope"
    title = "Unknown scope"


def require_known(scopes: Iterable[str]) -> list[str]:
    """This function will return the scopes, each once, in the order of `ALL`.

    :raises UnknownScope: one is not in the list, or there is none.
    """
    wanted = set(scopes)
    unknown = sorted(wanted.difference(ALL))
    if unknown or not wanted:
        wrong = ", ".join(unknown) or "nothing"
        raise UnknownScope(f"{wrong} is not among the scopes: {', '.join(ALL)}.")
    return [scope for scope in ALL if scope in wanted]
