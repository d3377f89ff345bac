"""The runtime as a Django app, so that its commands are found; it has no tables."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "oms.runtime"
    label = "runtime"
