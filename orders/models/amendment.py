"""A change to an order in the making: begun, previewed, confirmed on a version, or discarded."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created, PublicIdField, Versioned


class Amendment(Created, Versioned):
    """Actions that are applied together or not at all."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        CONFIRMED = "confirmed", _("Confirmed")
        DISCARDED = "discarded", _("Discarded")

    public_id = PublicIdField("amd")
    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="amendments")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    #: The order's version it was begun on.
    base_version = models.PositiveIntegerField(_("begun on version"))
    actions = models.JSONField(_("actions"), default=list)
    #: What its confirmation did, as previewed: money, stock, promise.
    outcome = models.JSONField(_("outcome"), default=dict)
    author = models.CharField(_("author"), max_length=80)
    reason = models.CharField(_("why"), max_length=200, blank=True)
    closed_by = models.CharField(_("closed by"), max_length=80, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("amendment")
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(state="open"), name="orders_one_open_amendment"
            ),
        ]
