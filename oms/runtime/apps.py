"""The runtime as a Django app, so that its commands are found; it has no tables."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    name = "oms.runtime"
    label = "runtime"

    def ready(self) -> None:
        # Without it, `.delay()` in a web or relay process would go to Celery's unconfigured app.
        import oms.celery  # noqa: F401
