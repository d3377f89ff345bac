"""The commercial order. Partial states are never stored: lines count, words are derived."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from oms.core.models import (
    AmountField,
    Created,
    CurrencyField,
    PublicIdField,
    StatusChange,
    Versioned,
)
from oms.core.state_fields import StatusField


class Order(Created, Versioned):
    """What a customer asked for and what we promised."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        RECEIVED = "received", _("Received")
        VERIFYING = "verifying", _("Being verified")
        CONFIRMED = "confirmed", _("Confirmed")
        RELEASED = "released", _("Released")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        REJECTED = "rejected", _("Rejected")
        EXPIRED = "expired", _("Expired")

    class Origin(models.TextChoices):
        CHANNEL = "channel", _("Channel")
        STAFF = "staff", _("Staff")
        REPLACEMENT = "replacement", _("Replacement")

    class AddressVerdict(models.TextChoices):
        DELIVERABLE = "deliverable", _("Deliverable")
        CORRECTED = "corrected", _("Corrected")
        DOUBTFUL = "doubtful", _("Doubtful")
        UNDELIVERABLE = "undeliverable", _("Undeliverable")

    class Tier(models.TextChoices):
        SAME_DAY = "same_day", _("Same day")
        NEXT_DAY = "next_day", _("Next day")
        STANDARD = "standard", _("Standard")
        ECONOMY = "economy", _("Economy")

    public_id = PublicIdField("ord")
    # What points at these is found by the indexes and constraints below, which begin with them.
    organization = models.ForeignKey(
        "accounts.Organization", models.PROTECT, related_name="+", db_index=False
    )
    number = models.PositiveBigIntegerField(_("number"))
    channel = models.ForeignKey(
        "channels.Channel", models.PROTECT, related_name="+", db_index=False
    )
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="orders", db_index=False
    )
    ship_to = models.ForeignKey(
        "contacts.Contact", models.PROTECT, related_name="+", db_index=False
    )
    external_ref = models.CharField(_("channel's reference"), max_length=80)
    status = StatusField(_("status"), default=Status.DRAFT, choices=Status.choices)
    origin = models.CharField(
        _("made by"), max_length=12, choices=Origin.choices, default=Origin.CHANNEL
    )
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="replacements", db_index=False
    )
    #: The order that this one's lines were part of.
    split_from = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="split_off", db_index=False
    )
    #: A built-in tier or one that the organization made; see `channels.ServiceLevel`.
    tier = models.CharField(_("tier"), max_length=20, default=Tier.STANDARD)
    priority = models.IntegerField(_("priority"), default=0)
    currency = CurrencyField(_("currency"))
    total_amount = AmountField(_("total"))
    #: Part of the total: lines, their tax less their discounts, shipping and its tax.
    shipping_amount = AmountField(_("shipping"), default=0)
    shipping_tax_amount = AmountField(_("tax on shipping"), default=0)
    #: The part of the total that nobody owes any more; the order is worth the difference.
    cancelled_amount = AmountField(_("cancelled"), default=0)
    country = models.CharField(_("country"), max_length=2)
    region = models.CharField(_("region"), max_length=60, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    address_verdict = models.CharField(
        _("address"),
        max_length=14,
        choices=AddressVerdict.choices,
        default=AddressVerdict.DELIVERABLE,
    )
    tags = ArrayField(models.CharField(max_length=40), default=list, verbose_name=_("tags"))
    is_partial_allowed = models.BooleanField(
        _("may ship in parts"),
        default=False,
        help_text=_("What is there ships at once; the rest follows."),
    )
    line_count = models.PositiveIntegerField(_("lines"))
    unit_count = models.PositiveIntegerField(_("units"))
    placed_at = models.DateTimeField(_("placed"))
    promised_on = models.DateField(_("promised"), null=True)
    latest_ship_at = models.DateTimeField(_("ship by"), null=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    released_at = models.DateTimeField(_("released"), null=True)
    #: When the last unit that was not cancelled was picked, packed, handed over.
    picked_at = models.DateTimeField(_("picked"), null=True)
    packed_at = models.DateTimeField(_("packed"), null=True)
    shipped_at = models.DateTimeField(_("shipped"), null=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    #: The milestone that will be missed, and when that was seen.
    at_risk_of = models.CharField(_("at risk of missing"), max_length=12, blank=True)
    at_risk_at = models.DateTimeField(_("at risk since"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    tracking_hash = models.CharField(max_length=64, unique=True, editable=False)
    #: Hash of the sorted (SKU, quantity) pairs: two orders of one customer with the same content.
    content_hash = models.CharField(max_length=32, editable=False)

    class Meta:
        verbose_name = _("order")
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="orders_number"),
            models.UniqueConstraint(fields=["channel", "external_ref"], name="orders_once"),
            models.CheckConstraint(
                condition=Q(
                    total_amount__gte=F("cancelled_amount"),
                    cancelled_amount__gte=0,
                    shipping_amount__gte=0,
                    shipping_tax_amount__gte=0,
                ),
                name="orders_amounts",
            ),
            models.CheckConstraint(
                condition=Q(at_risk_of="", at_risk_at=None)
                | Q(~Q(at_risk_of=""), at_risk_at__isnull=False),
                name="orders_at_risk_since",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="orders_newest"),
            models.Index(fields=["status", "-id"], name="orders_by_status"),
            models.Index(
                fields=["latest_ship_at", "-priority"],
                condition=Q(status__in=["received", "verifying", "confirmed", "released"]),
                name="orders_urgent",
            ),
            models.Index(
                fields=["latest_ship_at"],
                condition=Q(status__in=["confirmed", "released"], shipped_at=None),
                name="orders_to_ship",
            ),
            models.Index(fields=["at_risk_at"], condition=~Q(at_risk_of=""), name="orders_at_risk"),
            GinIndex(fields=["tags"], name="orders_tagged"),
            models.Index(fields=["customer", "content_hash"], name="orders_same_content"),
            models.Index(fields=["customer", "placed_at"], name="orders_of_customer"),
            models.Index(fields=["ship_to", "placed_at"], name="orders_to_contact"),
            models.Index(
                fields=["delivered_at"], condition=Q(delivered_at__isnull=False), name="orders_done"
            ),
            models.Index(
                fields=["replaces"], condition=Q(replaces__isnull=False), name="orders_replacing"
            ),
            models.Index(
                fields=["split_from"],
                condition=Q(split_from__isnull=False),
                name="orders_split_off",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"

    @property
    def tier_name(self) -> str:
        """The tier in words; one that an organization made is called by its code."""
        return str(dict(self.Tier.choices).get(self.tier, self.tier))

    @property
    def owed_amount(self) -> Decimal:
        """What the order is worth now."""
        return Decimal(self.total_amount - self.cancelled_amount)

    @transition(status, source=[Status.DRAFT], target=Status.RECEIVED)
    def submit(self) -> None:
        """The draft is an order now."""

    @transition(status, source=Status.RECEIVED, target=Status.VERIFYING)
    def verify(self) -> None:
        """The rules are running."""

    @transition(status, source=Status.VERIFYING, target=Status.CONFIRMED)
    def confirm(self, at: datetime | None = None) -> None:
        """Every rule is content and nothing holds it."""
        self.confirmed_at = at

    @transition(status, source=Status.VERIFYING, target=Status.REJECTED)
    def reject(self, at: datetime | None = None) -> None:
        """A rule or a person refused it."""
        self.closed_at = at

    @transition(status, source=Status.CONFIRMED, target=Status.RELEASED)
    def release(self, at: datetime | None = None) -> None:
        """Nodes have work for it."""
        self.released_at = at

    @transition(status, source=Status.RELEASED, target=Status.CONFIRMED)
    def recall(self) -> None:
        """All work came back; it waits for a route again."""

    @transition(status, source=[Status.RELEASED], target=Status.COMPLETED)
    def complete(self, at: datetime | None = None) -> None:
        """Everything that was not cancelled is delivered."""
        self.closed_at = at

    @transition(
        status,
        source=[Status.RECEIVED, Status.VERIFYING, Status.CONFIRMED, Status.RELEASED],
        target=Status.CANCELLED,
    )
    def cancel(self, at: datetime | None = None) -> None:
        """Nothing more will be shipped."""
        self.closed_at = at

    @transition(status, source=[Status.RECEIVED, Status.VERIFYING], target=Status.EXPIRED)
    def expire(self, at: datetime | None = None) -> None:
        """Nobody paid or answered in time."""
        self.closed_at = at

    @transition(status, source=Status.COMPLETED, target=Status.RELEASED)
    def reopen(self) -> None:
        """A replacement or late exchange."""


class OrderStatusChange(StatusChange):
    subject: Any = models.ForeignKey(Order, models.CASCADE, related_name="status_changes")


Order.STATUS_CHANGE = OrderStatusChange  # type: ignore[attr-defined]


class OrderLine(models.Model):
    """Counters: ordered = cancelled + unallocated + backordered + allocated + shipped."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField(_("line"))
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    sku = models.CharField(_("SKU"), max_length=64)
    ordered = models.PositiveIntegerField(_("ordered"))
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    unallocated = models.PositiveIntegerField(_("not allocated"), default=0)
    backordered = models.PositiveIntegerField(_("backordered"), default=0)
    allocated = models.PositiveIntegerField(_("allocated"), default=0)
    shipped = models.PositiveIntegerField(_("shipped"), default=0)
    delivered = models.PositiveIntegerField(_("delivered"), default=0)
    returned = models.PositiveIntegerField(_("returned"), default=0)
    unit_amount = AmountField(_("unit price"))
    #: For all ordered units of the line together.
    discount_amount = AmountField(_("discount"), default=0)
    tax_amount = AmountField(_("tax"), default=0)
    #: The line whose units these replace: never more than were shipped of it (by a trigger).
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="replacements", db_index=False
    )

    class Meta:
        verbose_name = _("order line")
        indexes = [
            models.Index(
                fields=["replaces"],
                condition=Q(replaces__isnull=False),
                name="orders_replaced_lines",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orders_line_once"),
            models.CheckConstraint(
                condition=Q(
                    ordered=F("cancelled")
                    + F("unallocated")
                    + F("backordered")
                    + F("allocated")
                    + F("shipped")
                ),
                name="orders_line_conserves",
            ),
            models.CheckConstraint(
                condition=Q(shipped__gte=F("delivered"), delivered__gte=F("returned")),
                name="orders_line_in_order",
            ),
            models.CheckConstraint(
                condition=Q(ordered__gte=1, unit_amount__gte=0), name="orders_line_something"
            ),
            models.CheckConstraint(
                condition=Q(
                    discount_amount__gte=0,
                    tax_amount__gte=0,
                    discount_amount__lte=F("unit_amount") * F("ordered"),
                ),
                name="orders_line_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ordered} × {self.sku}"

    @property
    def quantity(self) -> int:
        """The units that discount and tax are for: all that were ordered."""
        return self.ordered

    @property
    def wanted(self) -> int:
        """Units that nobody cancelled."""
        return self.ordered - self.cancelled
