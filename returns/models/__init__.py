"""What comes back: a request, its lines, and where each unit ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from oms.core.models import Created, PublicIdField, StatusChange, Versioned
from oms.core.state_fields import StatusField


class Return(Created, Versioned):
    """One request to send things back."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        APPROVED = "approved", _("Approved")
        DECLINED = "declined", _("Declined")
        IN_PROGRESS = "in_progress", _("In progress")
        CLOSED = "closed", _("Closed")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Expired")

    class Reason(models.TextChoices):
        UNWANTED = "unwanted", _("No longer wanted")
        DAMAGED = "damaged", _("Arrived damaged")
        WRONG_ITEM = "wrong_item", _("Wrong item")
        DOES_NOT_FIT = "does_not_fit", _("Does not fit")
        OTHER = "other", _("Other")

    public_id = PublicIdField("ret")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="+")
    node = models.ForeignKey("nodes.Node", models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    status = StatusField(_("status"), default=Status.REQUESTED, choices=Status.choices)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("return")
        indexes = [models.Index(fields=["organization", "-id"], name="returns_newest")]

    def __str__(self) -> str:
        return self.public_id

    @transition(status, source=Status.REQUESTED, target=Status.APPROVED)
    def approve(self) -> None:
        """It may be sent back."""

    @transition(status, source=Status.REQUESTED, target=Status.DECLINED)
    def decline(self, at: datetime | None = None) -> None:
        """It may not."""
        self.closed_at = at

    @transition(status, source=Status.APPROVED, target=Status.IN_PROGRESS)
    def begin(self) -> None:
        """Something arrived."""

    @transition(status, source=[Status.APPROVED, Status.IN_PROGRESS], target=Status.CLOSED)
    def close(self, at: datetime | None = None) -> None:
        """Every line is settled."""
        self.closed_at = at

    @transition(status, source=[Status.REQUESTED, Status.APPROVED], target=Status.CANCELLED)
    def cancel(self, at: datetime | None = None) -> None:
        """The customer keeps it."""
        self.closed_at = at

    @transition(status, source=Status.APPROVED, target=Status.EXPIRED)
    def expire(self, at: datetime | None = None) -> None:
        """Nothing came in time."""
        self.closed_at = at


class ReturnStatusChange(StatusChange):
    subject: Any = models.ForeignKey(Return, models.CASCADE, related_name="status_changes")


Return.STATUS_CHANGE = ReturnStatusChange  # type: ignore[attr-defined]


class ReturnLine(models.Model):
    """Units of one order line coming back."""

    class Disposition(models.TextChoices):
        RESTOCK = "restock", _("Back to stock")
        QUARANTINE = "quarantine", _("Quarantine")
        MISSING = "missing", _("Missing")

    parent = models.ForeignKey(Return, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey("orders.OrderLine", models.PROTECT, related_name="+")
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))
    restocked = models.PositiveIntegerField(_("restocked"), default=0)
    quarantined = models.PositiveIntegerField(_("quarantined"), default=0)
    missing = models.PositiveIntegerField(_("missing"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["parent", "order_line"], name="returns_line_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("restocked") + F("quarantined") + F("missing")),
                name="returns_within_line",
            ),
        ]
