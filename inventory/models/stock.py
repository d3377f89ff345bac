"""Balances and the immutable movements they come from."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _


class StockPosition(models.Model):
    """What one node has of one variant.

    Free to sell is on hand − held − allocated − earmarked − safety + oversell limit. On hand is
    sellable stock; quarantined, damaged and returned units lie beside it.
    """

    # Found by (node, variant) or (variant, node): no indexes on one of them alone.
    node = models.ForeignKey("nodes.Node", models.PROTECT, related_name="+", db_index=False)
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+", db_index=False)
    bin = models.ForeignKey("nodes.Bin", models.SET_NULL, null=True, related_name="+")
    on_hand = models.IntegerField(_("on hand"), default=0)
    held = models.IntegerField(_("held"), default=0)
    allocated = models.IntegerField(_("allocated"), default=0)
    #: Set aside for single channels; `ChannelAllotment` says for which.
    earmarked = models.IntegerField(_("kept for channels"), default=0)
    quarantined = models.IntegerField(_("quarantined"), default=0)
    damaged = models.IntegerField(_("damaged"), default=0)
    returned = models.IntegerField(_("returned, not inspected"), default=0)
    #: The winning `SafetyRule`, worked out when rules or the position change.
    safety_stock = models.IntegerField(_("safety stock"), default=0)
    #: The most any channel may oversell here; `SellingRule` narrows it per channel.
    oversell_limit = models.IntegerField(_("oversell limit"), default=0)

    class Meta:
        verbose_name = _("stock position")
        constraints = [
            models.UniqueConstraint(fields=["node", "variant"], name="inventory_one_position"),
            models.CheckConstraint(
                condition=models.Q(
                    held__gte=0,
                    allocated__gte=0,
                    earmarked__gte=0,
                    quarantined__gte=0,
                    damaged__gte=0,
                    returned__gte=0,
                ),
                name="inventory_no_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    on_hand__gte=models.F("held")
                    + models.F("allocated")
                    + models.F("earmarked")
                    - models.F("oversell_limit")
                ),
                name="inventory_no_oversell",
            ),
            models.CheckConstraint(
                condition=models.Q(safety_stock__gte=0, oversell_limit__gte=0),
                name="inventory_limits_positive",
            ),
        ]
        indexes = [
            models.Index(fields=["variant", "node"], name="inventory_by_variant"),
            # Few may: availability looks for them alone.
            models.Index(
                fields=["variant"],
                condition=models.Q(oversell_limit__gt=0),
                name="inventory_may_oversell",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.node_id}×{self.variant_id}"


class StockSummary(models.Model):
    """What is free of one variant at each node: two arrays of the same length.

    A trigger on positions keeps it, in the transaction of the change, so that availability of many
    variants over many nodes is one short read. `free` is not clamped: readers do that per node.
    `version` rises with every change of `free`.
    """

    variant = models.OneToOneField(
        "catalog.Variant", models.CASCADE, primary_key=True, related_name="+"
    )
    node_ids = ArrayField(models.BigIntegerField(), default=list)
    free = ArrayField(models.IntegerField(), default=list)
    version = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("stock summary")


class StockMovement(models.Model):
    """One change of balances: reason, actor, cause and the document behind it. Append-only."""

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Received")
        HELD = "held", _("Held")
        ALLOCATED = "allocated", _("Allocated")
        UNROUTED = "unrouted", _("Taken off its node")
        RELEASED = "released", _("Released")
        EXPIRED = "expired", _("Hold expired")
        MOVED = "moved", _("Moved to another node")
        EARMARKED = "earmarked", _("Kept for a channel")
        SHIPPED = "shipped", _("Shipped")
        ADJUSTED = "adjusted", _("Adjusted")
        COUNTED = "counted", _("Counted")
        TRANSFERRED_OUT = "transferred_out", _("Transferred out")
        TRANSFERRED_IN = "transferred_in", _("Transferred in")
        RETURNED = "returned", _("Returned")
        QUARANTINED = "quarantined", _("Quarantined")
        DAMAGED = "damaged", _("Damaged")
        RESTOCKED = "restocked", _("Back to sellable")
        SCRAPPED = "scrapped", _("Scrapped")

    # The foreign keys have no indexes of their own: those below begin with them, and this table is
    # written more often than any other.
    position = models.ForeignKey(
        StockPosition, models.PROTECT, related_name="movements", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    lot = models.ForeignKey(
        "inventory.Lot", models.PROTECT, null=True, related_name="movements", db_index=False
    )
    serial = models.ForeignKey(
        "inventory.Serial", models.PROTECT, null=True, related_name="movements", db_index=False
    )
    on_hand_delta = models.IntegerField(_("on hand ±"), default=0)
    held_delta = models.IntegerField(_("held ±"), default=0)
    allocated_delta = models.IntegerField(_("allocated ±"), default=0)
    earmarked_delta = models.IntegerField(_("kept for channels ±"), default=0)
    quarantined_delta = models.IntegerField(_("quarantined ±"), default=0)
    damaged_delta = models.IntegerField(_("damaged ±"), default=0)
    returned_delta = models.IntegerField(_("returned ±"), default=0)
    reason = models.CharField(_("reason"), max_length=80, blank=True)
    actor = models.CharField(_("actor"), max_length=80)
    #: The event or request that led to it.
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    document_kind = models.CharField(_("document"), max_length=40)
    document_ref = models.CharField(_("document number"), max_length=60)
    occurred_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("stock movement")
        indexes = [
            models.Index(fields=["position", "-id"], name="inventory_story"),
            models.Index(fields=["document_kind", "document_ref"], name="inventory_document"),
            models.Index(
                fields=["lot"], condition=models.Q(lot__isnull=False), name="inventory_lot_story"
            ),
            models.Index(
                fields=["serial"],
                condition=models.Q(serial__isnull=False),
                name="inventory_serial_story",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.document_ref}"
