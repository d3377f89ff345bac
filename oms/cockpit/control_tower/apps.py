"""Registers the app and its handlers."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class ControlTowerConfig(AppConfig):
    name = "oms.cockpit.control_tower"
    label = "control_tower"
    verbose_name = "Control tower"

    def ready(self) -> None:
        if find_spec(f"{self.name}.handlers"):
            import_module(f"{self.name}.handlers")
