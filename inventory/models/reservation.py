"""Promises of stock to a demand; inventory does not know what an order is."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, transition

from oms.core.models import Created, PublicIdField, StatusChange, Versioned


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
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    demand_kind = models.CharField(max_length=30)
    demand_ref = models.CharField(max_length=60)
    line_ref = models.CharField(max_length=60)
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    position = models.ForeignKey(
        "inventory.StockPosition", models.PROTECT, null=True, related_name="reservations"
    )
    quantity = models.PositiveIntegerField(_("quantity"))
    status = FSMField(_("status"), default=Status.HELD, choices=Status.choices, protected=True)
    expires_at = models.DateTimeField(_("expires"), null=True)

    class Meta:
        verbose_name = _("reservation")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1), name="inventory_reserves_something"
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["allocated", "picked", "consumed"])
                | models.Q(position__isnull=False),
                name="inventory_allocation_has_position",
            ),
            # The same demand twice is the same reservation.
            models.UniqueConstraint(
                fields=["demand_kind", "demand_ref", "line_ref", "position"],
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
            models.Index(
                fields=["position"],
                condition=models.Q(status__in=["held", "confirmed", "allocated", "picked"]),
                name="inventory_live",
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

    @transition(status, source=Status.ALLOCATED, target=Status.CONFIRMED)
    def unroute(self) -> None:
        """Back to no node, before anything was picked."""

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
