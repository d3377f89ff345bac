"""The carriers there are, by name."""

from __future__ import annotations

from carriers.models import Carrier


def choices() -> list[tuple[str, str]]:
    """This function will return (code, name) of every carrier, in order of their names."""
    return list(Carrier.objects.order_by("name").values_list("code", "name"))
