"""Rules that people set: what is kept back, and what may be sold beyond the shelf."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class SafetyRule(models.Model):
    """Units a node keeps back: of a variant, of each variant of a category, or of any variant.

    The most specific rule wins: variant, then category, then node.
    """

    node = models.ForeignKey("nodes.Node", models.PROTECT, related_name="+")
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, null=True, related_name="+")
    category = models.CharField(_("category"), max_length=80, blank=True)
    quantity = models.PositiveIntegerField(_("units kept back"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("safety stock rule")
        constraints = [
            models.UniqueConstraint(
                fields=["node", "variant", "category"],
                name="inventory_one_safety_rule",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(category="") | models.Q(variant__isnull=True),
                name="inventory_safety_one_scope",
            ),
        ]


class SellingRule(models.Model):
    """What may be sold beyond the shelf, per variant and channel.

    The most specific rule wins: variant and channel, variant, channel, neither. Limits: units at
    each node (oversell) or over all nodes (backorder, preorder); 0 is none, empty is unlimited.
    """

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, null=True, related_name="+")
    channel = models.CharField(_("channel"), max_length=40, blank=True)
    oversell_limit = models.PositiveIntegerField(_("oversell at a node"), default=0)
    backorder_limit = models.PositiveIntegerField(_("backorders"), default=0, null=True, blank=True)
    preorder_limit = models.PositiveIntegerField(_("preorders"), default=0, null=True, blank=True)
    preorder_ships_on = models.DateField(_("preorders ship by"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("selling rule")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "variant", "channel"],
                name="inventory_one_selling_rule",
                nulls_distinct=False,
            ),
        ]


class ChannelAllotment(models.Model):
    """Units at a position that one channel alone may take; `remaining` are not taken yet."""

    position = models.ForeignKey(
        "inventory.StockPosition", models.PROTECT, related_name="allotments"
    )
    channel = models.CharField(_("channel"), max_length=40)
    remaining = models.PositiveIntegerField(_("units left"))

    class Meta:
        verbose_name = _("channel's reserve")
        constraints = [
            models.UniqueConstraint(fields=["position", "channel"], name="inventory_one_allotment"),
        ]
