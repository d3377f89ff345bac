"""Registers the app and its handlers."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "oms.infra.idempotency"
    label = "idempotency"
    verbose_name = "Idempotency"

    def ready(self) -> None:
        if find_spec(f"{self.name}.handlers"):
            import_module(f"{self.name}.handlers")
