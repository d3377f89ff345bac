"""Recalls: lots or serial numbers that must not be sold, and where every unit of them is."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created, PublicIdField


class Recall(Created):
    """One call-back of goods. Open until everything is accounted for."""

    public_id = PublicIdField("rcl")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=200)
    actor = models.CharField(_("called by"), max_length=80)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("recall")

    def __str__(self) -> str:
        return self.reason


class RecallItem(models.Model):
    """A lot or a serial number of a recall."""

    recall = models.ForeignKey(Recall, models.CASCADE, related_name="items")
    lot = models.ForeignKey("inventory.Lot", models.PROTECT, null=True, related_name="+")
    serial = models.ForeignKey("inventory.Serial", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recall", "lot", "serial"],
                name="inventory_recalled_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(lot__isnull=False, serial__isnull=True)
                | models.Q(lot__isnull=True, serial__isnull=False),
                name="inventory_recall_lot_or_serial",
            ),
        ]
