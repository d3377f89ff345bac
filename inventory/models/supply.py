"""What is on its way in, and who waits for it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created, PublicIdField, Versioned


class InboundSupply(Created, Versioned):
    """Units of one variant that will arrive at a node. Open while something is still to come."""

    class Kind(models.TextChoices):
        PURCHASE_ORDER = "purchase_order", _("Purchase order")
        TRANSFER = "transfer", _("Transfer")
        RETURN = "return", _("Return")

    public_id = PublicIdField("sup")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    node = models.ForeignKey("nodes.Node", models.PROTECT, related_name="+")
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    #: Transfers: the node the units left.
    source_node = models.ForeignKey("nodes.Node", models.PROTECT, null=True, related_name="+")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    document_ref = models.CharField(_("document number"), max_length=60)
    line_ref = models.CharField(_("line"), max_length=60, default="1")
    expected_on = models.DateField(_("expected"))
    quantity = models.PositiveIntegerField(_("ordered"))
    received = models.PositiveIntegerField(_("received"), default=0)
    #: Will never come: cancelled at the supplier, or lost on the way.
    lost = models.PositiveIntegerField(_("not coming"), default=0)
    #: Of what is still to come, promised to backorders and preorders.
    promised = models.PositiveIntegerField(_("promised"), default=0)

    class Meta:
        verbose_name = _("inbound supply")
        verbose_name_plural = _("inbound supply")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "document_ref", "line_ref"],
                name="inventory_one_supply_line",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1)
                & Q(quantity__gte=F("received") + F("lost") + F("promised")),
                name="inventory_supply_within_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["variant", "expected_on"],
                condition=Q(quantity__gt=F("received") + F("lost")),
                name="inventory_supply_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_ref}/{self.line_ref}"


class Backorder(Created, Versioned):
    """Units a demand line waits for. Open while quantity > filled + cancelled."""

    class Kind(models.TextChoices):
        BACKORDER = "backorder", _("Backorder")
        PREORDER = "preorder", _("Preorder")

    public_id = PublicIdField("bko")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    demand_kind = models.CharField(max_length=30)
    demand_ref = models.CharField(max_length=60)
    line_ref = models.CharField(max_length=60)
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    channel = models.CharField(_("channel"), max_length=40, blank=True)
    quantity = models.PositiveIntegerField(_("waits for"))
    filled = models.PositiveIntegerField(_("filled"), default=0)
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    priority = models.IntegerField(_("priority"), default=0)
    #: The arrival it is promised from, where one is known.
    supply = models.ForeignKey(InboundSupply, models.PROTECT, null=True, related_name="backorders")
    promised_on = models.DateField(_("promised"), null=True)
    #: Preorders: the day the seller gave; no arrival promises an earlier one.
    ships_on = models.DateField(_("preorder ships"), null=True)

    class Meta:
        verbose_name = _("backorder")
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1) & Q(quantity__gte=F("filled") + F("cancelled")),
                name="inventory_backorder_within",
            ),
            models.UniqueConstraint(
                fields=["demand_kind", "demand_ref", "line_ref", "variant"],
                condition=Q(quantity__gt=F("filled") + F("cancelled")),
                name="inventory_one_open_backorder",
            ),
        ]
        indexes = [
            models.Index(
                fields=["variant", "-priority", "created_at", "id"],
                condition=Q(quantity__gt=F("filled") + F("cancelled")),
                name="inventory_backlog",
            ),
            models.Index(fields=["demand_kind", "demand_ref"], name="inventory_waits"),
        ]

    def __str__(self) -> str:
        return self.public_id
