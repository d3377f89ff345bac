"""Registers the app and its handlers."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "orders.billing"
    label = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        if find_spec(f"{self.name}.handlers"):
            import_module(f"{self.name}.handlers")
