"""What was promised, when and why. Never changed: a new promise is a new row."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created


class Promise(Created):
    """One promise of an order, with everything it was computed from."""

    class Cause(models.TextChoices):
        PLACED = "placed", _("Placed")
        ROUTED = "routed", _("Routed")
        REROUTED = "rerouted", _("Routed again")
        BACKORDER = "backorder", _("The supply moved")
        EDITED = "edited", _("Changed")
        HOURS = "hours", _("The hours of the node changed")

    order = models.ForeignKey(
        "orders.Order", models.CASCADE, related_name="promises", db_index=False
    )
    sequence = models.PositiveSmallIntegerField(_("sequence"))
    promised_on = models.DateField(_("promised"), null=True)
    latest_ship_at = models.DateTimeField(_("ship by"), null=True)
    #: One of `Cause`.
    cause = models.CharField(_("cause"), max_length=40)
    #: Node, cut-off, processing and transit days, service, decision.
    inputs = models.JSONField(_("inputs"), default=dict)

    class Meta:
        verbose_name = _("promise")
        constraints = [
            models.UniqueConstraint(fields=["order", "sequence"], name="orders_promise_once"),
        ]
