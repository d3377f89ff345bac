"""Registers the app and what OpenAPI says about its keys."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "oms.infra.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        import_module(f"{self.name}.schema")
