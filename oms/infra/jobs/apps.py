"""Registers the app and its handlers."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "oms.infra.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        if find_spec(f"{self.name}.handlers"):
            import_module(f"{self.name}.handlers")
