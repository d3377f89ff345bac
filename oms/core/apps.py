"""Django needs an app to find core's commands and tests; core has no tables."""

import gc

from django.apps import AppConfig

#: A batch of a hundred orders makes some hundred thousand objects and no cycles. With Python's own
#: thresholds (700, 10, 10) the collector walks all of them again and again: a tenth of the time.
COLLECTOR = (50_000, 20, 50)


class CoreConfig(AppConfig):
    name = "oms.core"
    label = "core"

    def ready(self) -> None:
        import oms.core.lookups  # noqa: F401

        gc.set_threshold(*COLLECTOR)
