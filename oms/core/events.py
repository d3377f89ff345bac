"""Events: frozen, versioned facts in the past tense. Fields are primitives; no personal data.

Core knows only how to write one down; where it goes is decided by the outbox, which registers
itself as the sink.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events.

    NAME is `group.room.fact.vN`; AGGREGATE names the kind whose order of facts is kept, and
    AGGREGATE_FIELD the field that holds its identifier. CORRELATION_FIELD, where given, names the
    field whose value ties everything about one order together.
    """

    NAME: ClassVar[str] = ""
    AGGREGATE: ClassVar[str] = ""
    AGGREGATE_FIELD: ClassVar[str] = ""
    CORRELATION_FIELD: ClassVar[str] = ""

    organization_id: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.NAME:
            _registry[cls.NAME] = cls

    @property
    def aggregate_id(self) -> str:
        return str(getattr(self, self.AGGREGATE_FIELD))

    @property
    def correlation_id(self) -> str:
        return str(getattr(self, self.CORRELATION_FIELD)) if self.CORRELATION_FIELD else ""

    def payload(self) -> dict[str, Any]:
        """The fields as JSON-ready values: decimals as text, times as RFC 3339."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built


_registry: dict[str, type[Event]] = {}
_sink: list[Callable[[Sequence[Event]], None]] = []


def registered() -> dict[str, type[Event]]:
    """This function will return every known event class by name."""
    return dict(_registry)


def set_sink(sink: Callable[[Sequence[Event]], None]) -> None:
    """This function will make `sink` the place where emitted events go (the outbox)."""
    _sink[:] = [sink]


def emit(events: Sequence[Event]) -> None:
    """This function will write events down in the caller's transaction.

    :raises RuntimeError: no sink is registered (the outbox app is not installed).
    """
    if not events:
        return
    if not _sink:
        raise RuntimeError("events need a sink: install oms.infra.outbox")
    _sink[0](events)
