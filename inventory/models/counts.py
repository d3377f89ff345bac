"""Cycle counts: what people found, against what was known when they began."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from oms.core.models import Created, PublicIdField, StatusChange, Versioned
from oms.core.state_fields import StatusField


class StockCount(Created, Versioned):
    """One sheet of places at one node to count."""

    class Status(models.TextChoices):
        COUNTING = "counting", _("Being counted")
        COUNTED = "counted", _("Counted, to review")
        APPLIED = "applied", _("Booked")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = PublicIdField("cnt")
    node = models.ForeignKey("nodes.Node", models.PROTECT, related_name="+")
    bin = models.ForeignKey("nodes.Bin", models.PROTECT, null=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=80, blank=True)
    status = StatusField(_("status"), default=Status.COUNTING, choices=Status.choices)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("stock count")
        indexes = [
            models.Index(
                fields=["node"],
                condition=models.Q(status__in=["counting", "counted"]),
                name="inventory_counts_open",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @transition(status, source=Status.COUNTING, target=Status.COUNTED)
    def submit(self) -> None:
        """Every line has a number."""

    @transition(status, source=Status.COUNTED, target=Status.COUNTING)
    def recount(self) -> None:
        """Somebody doubts the numbers."""

    @transition(status, source=Status.COUNTED, target=Status.APPLIED)
    def book(self, at: datetime | None = None) -> None:
        """The differences are movements now."""
        self.closed_at = at

    @transition(status, source=[Status.COUNTING, Status.COUNTED], target=Status.CANCELLED)
    def cancel(self, at: datetime | None = None) -> None:
        """Nothing was booked."""
        self.closed_at = at


class StockCountStatusChange(StatusChange):
    subject: Any = models.ForeignKey(StockCount, models.CASCADE, related_name="status_changes")


StockCount.STATUS_CHANGE = StockCountStatusChange  # type: ignore[attr-defined]


class CountLine(models.Model):
    """One place, and one lot of it where lots are tracked. `counted` is what lay on the shelf when
    the snapshot was taken; movements after it are added on top."""

    count = models.ForeignKey(StockCount, models.CASCADE, related_name="lines")
    position = models.ForeignKey("inventory.StockPosition", models.PROTECT, related_name="+")
    lot = models.ForeignKey("inventory.Lot", models.PROTECT, null=True, related_name="+")
    #: On hand at the snapshot, and how much of it was picked already and off the shelf.
    snapshot = models.IntegerField(_("known on hand"))
    picked = models.PositiveIntegerField(_("picked already"), default=0)
    counted = models.PositiveIntegerField(_("counted"), null=True)
    #: What was booked: found minus known.
    variance = models.IntegerField(_("difference"), null=True)

    class Meta:
        verbose_name = _("count line")
        constraints = [
            models.UniqueConstraint(
                fields=["count", "position", "lot"],
                name="inventory_count_line_once",
                nulls_distinct=False,
            ),
        ]
