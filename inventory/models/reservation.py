"""Promises of stock to a demand; inventory does not know what an order is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from oms.core.models import Created, PublicIdField, StatusChange, Versioned
from oms.core.state_fields import StatusField


class Reservation(Created, Versioned):
    """A quantity of one variant for one demand line, at a node once allocated."""

    class Status(models.TextChoices):
        HELD = "held", _("Held")
        CONFIRMED = "confirmed", _("Confirmed")
        ALLOCATED = "allocated", _("Allocated")
        PICKED = "picked", _("Picked")
        CONSUMED = "consumed", _("Consumed")
        RELEASED = "released", _("Released")
        EXPIRED = "expired", _("Expired")

    #: Statuses that still take from what can be sold.
    LIVE = ("held", "confirmed", "allocated", "picked")

    public_id = PublicIdField("rsv")
    # Of the foreign keys only live rows are looked up, by the partial indexes below.
    organization = models.ForeignKey(
        "accounts.Organization", models.PROTECT, related_name="+", db_index=False
    )
    demand_kind = models.CharField(max_length=30)
    demand_ref = models.CharField(max_length=60)
    line_ref = models.CharField(max_length=60)
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+", db_index=False)
    position = models.ForeignKey(
        "inventory.StockPosition",
        models.PROTECT,
        null=True,
        related_name="reservations",
        db_index=False,
    )
    lot = models.ForeignKey(
        "inventory.Lot", models.PROTECT, null=True, related_name="+", db_index=False
    )
    #: Tells apart what was split from one leg and still is at one place.
    part = models.PositiveSmallIntegerField(default=0)
    quantity = models.PositiveIntegerField(_("quantity"))
    channel = models.CharField(_("channel"), max_length=40, blank=True)
    #: Of the quantity, taken from what was kept for the channel.
    earmarked = models.PositiveIntegerField(default=0)
    #: The day it must reach the customer by; lots that expire before are not taken.
    needed_on = models.DateField(_("needed"), null=True)
    extensions = models.PositiveSmallIntegerField(_("extended"), default=0)
    status = StatusField(_("status"), default=Status.HELD, choices=Status.choices)
    expires_at = models.DateTimeField(_("expires"), null=True)

    class Meta:
        verbose_name = _("reservation")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1), name="inventory_reserves_something"
            ),
            models.CheckConstraint(
                condition=models.Q(earmarked__lte=models.F("quantity")),
                name="inventory_earmarked_within",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["allocated", "picked", "consumed"])
                | models.Q(position__isnull=False),
                name="inventory_allocation_has_position",
            ),
            # The same demand twice is the same reservation.
            models.UniqueConstraint(
                fields=["demand_kind", "demand_ref", "line_ref", "position", "lot", "part"],
                condition=models.Q(status__in=["held", "confirmed", "allocated", "picked"]),
                name="inventory_one_live_leg",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["demand_kind", "demand_ref"], name="inventory_demand"),
            models.Index(
                fields=["expires_at"], condition=models.Q(status="held"), name="inventory_expiring"
            ),
            # Holds that ran out, of the variants somebody asks for.
            models.Index(
                fields=["variant", "expires_at"],
                condition=models.Q(status="held"),
                name="inventory_held",
            ),
            models.Index(
                fields=["position"],
                condition=models.Q(status__in=["held", "confirmed", "allocated", "picked"]),
                name="inventory_live",
            ),
            # Recalls follow a lot to whoever has it.
            models.Index(
                fields=["lot"], condition=models.Q(lot__isnull=False), name="inventory_of_lot"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @transition(status, source=Status.HELD, target=Status.CONFIRMED)
    def confirm(self) -> None:
        """The order stands; the hold no longer expires."""
        self.expires_at = None

    @transition(status, source=[Status.HELD, Status.CONFIRMED], target=Status.ALLOCATED)
    def allocate(self) -> None:
        """A node's stock is set aside."""
        self.expires_at = None

    @transition(status, source=Status.HELD, target=Status.HELD)
    def extend(self, expires_at: datetime | None = None) -> None:
        """Somebody is still at it; the service keeps the cap."""
        self.expires_at = expires_at
        self.extensions += 1

    @transition(status, source=Status.ALLOCATED, target=Status.CONFIRMED)
    def unroute(self) -> None:
        """Promised still, but no node works on it; before anything was picked."""

    @transition(status, source=Status.ALLOCATED, target=Status.PICKED)
    def pick(self) -> None:
        """Taken from the shelf."""

    @transition(status, source=[Status.PICKED, Status.ALLOCATED], target=Status.CONSUMED)
    def consume(self) -> None:
        """Left the building."""

    @transition(
        status,
        source=[Status.HELD, Status.CONFIRMED, Status.ALLOCATED, Status.PICKED],
        target=Status.RELEASED,
    )
    def release(self) -> None:
        """Given back."""

    @transition(status, source=Status.HELD, target=Status.EXPIRED)
    def expire(self) -> None:
        """Nobody came back for it in time."""


class ReservationStatusChange(StatusChange):
    subject: Any = models.ForeignKey(Reservation, models.CASCADE, related_name="status_changes")


Reservation.STATUS_CHANGE = ReservationStatusChange  # type: ignore[attr-defined]
