"""The decision ledger: what was asked, every candidate with why it lost, what was chosen."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import AmountField, Created, CurrencyField, PublicIdField


class Decision(Created):
    """One plan. Append-only: a later plan for the same demand is another row."""

    public_id = PublicIdField("dec")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    demand_kind = models.CharField(max_length=30)
    demand_ref = models.CharField(_("demand"), max_length=60)
    policy = models.CharField(_("policy"), max_length=40)
    request = models.JSONField(help_text=_("What was asked: lines, destination, deadline."))
    candidates = models.JSONField(help_text=_("Every node and service, with why it lost."))
    plan = models.JSONField(help_text=_("The chosen legs; empty when nothing could serve."))
    outcome = models.CharField(
        _("outcome"),
        max_length=12,
        choices=[("full", _("Full")), ("partial", _("Partial")), ("none", _("None"))],
    )
    promised_on = models.DateField(_("promise"), null=True)
    cost_amount = AmountField(_("cost"), null=True)
    cost_currency = CurrencyField(blank=True)
    duration_us = models.PositiveIntegerField(_("µs"))

    class Meta:
        verbose_name = _("decision")
        indexes = [models.Index(fields=["demand_kind", "demand_ref"], name="routing_demand")]

    def __str__(self) -> str:
        return self.public_id
