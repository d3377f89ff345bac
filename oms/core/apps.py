"""Django needs an app to find core's commands and tests; core has no tables."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "oms.core"
    label = "core"
