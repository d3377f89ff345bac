"""Registers the outbox as the place where events go."""

from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "oms.infra.outbox"
    label = "outbox"
    verbose_name = "Outbox"

    def ready(self) -> None:
        from oms.core import events
        from oms.infra.outbox.services import emitting

        events.set_sink(emitting.emit_many)
