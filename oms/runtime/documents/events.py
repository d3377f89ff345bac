"""The events as published, and who takes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

from oms.core.events import Event, registered
from oms.infra.outbox import subscriptions

HEAD = """# Events

Rendered by `manage.py render_events` from the `events.py` of each app; `make docs` brings it up to
date. Names end in their version: a field may be added, a change of meaning is a new version. No
event carries personal data.
"""


def published() -> dict[str, type[Event]]:
    """This function will return what the apps publish, by name."""
    for config in apps.get_app_configs():
        if find_spec(f"{config.name}.events"):
            import_module(f"{config.name}.events")
    own = tuple(f"{config.name}.events" for config in apps.get_app_configs())
    found = registered().items()
    return {name: kind for name, kind in sorted(found) if kind.__module__ in own}


def render() -> str:
    """This function will return the document."""
    takers: dict[str, set[str]] = defaultdict(set)
    for subscription in subscriptions.every():
        takers[subscription.name].add(subscription.consumer)
    every = published().items()
    return "\n".join([HEAD, *("\n".join(_render(n, k, takers[n])) for n, k in every)])


def _render(name: str, kind: type[Event], takers: set[str]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    said = " ".join((kind.__doc__ or "").split())
    if not said.startswith(f"{kind.__name__}("):  # what a dataclass says where nobody wrote
        yield said
        yield ""
    yield f"Kept in order per {kind.AGGREGATE} (`{kind.AGGREGATE_FIELD}`)."
    yield f"Taken by: {', '.join(sorted(takers)) or 'nobody yet'}."
    yield ""
    yield "| field | type |"
    yield "|---|---|"
    for field in fields(kind):
        shown = str(field.type).replace("|", "\\|")
        yield f"| `{field.name}` | `{shown}` |"
    yield ""
