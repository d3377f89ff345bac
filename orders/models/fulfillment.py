"""Node work as the order sees it; how the floor does it is the warehouse's affair."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from oms.core.models import Created, PublicIdField, StatusChange, Versioned
from oms.core.state_fields import StatusField


class FulfillmentOrder(Created, Versioned):
    """One order's work at one node."""

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("Proposed")
        OPEN = "open", _("Open")
        SCHEDULED = "scheduled", _("Scheduled")
        IN_PROGRESS = "in_progress", _("In progress")
        PACKED = "packed", _("Packed")
        CLOSED = "closed", _("Closed")
        INCOMPLETE = "incomplete", _("Incomplete")
        CANCELLED = "cancelled", _("Cancelled")

    class Request(models.TextChoices):
        UNSUBMITTED = "unsubmitted", _("Not sent")
        SUBMITTED = "submitted", _("Sent")
        ACCEPTED = "accepted", _("Accepted")
        REJECTED = "rejected", _("Rejected")
        CANCEL_REQUESTED = "cancel_requested", _("Cancellation asked")
        CANCEL_ACCEPTED = "cancel_accepted", _("Cancellation accepted")
        CANCEL_REJECTED = "cancel_rejected", _("Cancellation refused")

    public_id = PublicIdField("ful")
    # What points at these is found by the indexes and constraints below, which begin with them.
    order = models.ForeignKey(
        "orders.Order", models.CASCADE, related_name="fulfillment_orders", db_index=False
    )
    node = models.ForeignKey("nodes.Node", models.PROTECT, related_name="+", db_index=False)
    decision_ref = models.CharField(_("decision"), max_length=40)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    #: Parts of one attempt at one node: each goes in a parcel of its own.
    part = models.PositiveSmallIntegerField(_("part"), default=1)
    #: Work of another order that this goes in one parcel with; that work leads.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="merged", db_index=False
    )
    service_code = models.CharField(_("service"), max_length=40)
    latest_ship_at = models.DateTimeField(_("ship by"))
    status = StatusField(_("status"), default=Status.PROPOSED, choices=Status.choices)
    request = models.CharField(
        _("request"), max_length=20, choices=Request.choices, default=Request.UNSUBMITTED
    )
    #: The day on which this part of the order arrives.
    promised_on = models.DateField(_("promised"), null=True)
    submitted_at = models.DateTimeField(_("sent to the node"), null=True)
    packed_at = models.DateTimeField(_("packed"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)

    class Meta:
        verbose_name = _("fulfillment order")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "node", "attempt", "part"], name="orders_work_once"
            ),
            # What else must be the same is guarded by a trigger, `orders_guard_merge`.
            models.CheckConstraint(
                condition=~Q(merged_into=F("id")), name="orders_work_follows_another"
            ),
        ]
        indexes = [
            models.Index(fields=["node", "status"], name="orders_work_at_node"),
            models.Index(
                fields=["merged_into"],
                condition=Q(merged_into__isnull=False),
                name="orders_work_following",
            ),
            models.Index(
                fields=["-created_at"],
                condition=Q(status="open", merged_into=None),
                name="orders_work_mergeable",
            ),
            models.Index(
                fields=["submitted_at"],
                condition=Q(status="open", request="submitted"),
                name="orders_unanswered_work",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @transition(status, source=Status.PROPOSED, target=Status.OPEN)
    def submit(self, at: datetime | None = None) -> None:
        """The node has been told."""
        self.request = self.Request.SUBMITTED
        self.submitted_at = at

    @transition(status, source=Status.OPEN, target=Status.OPEN)
    def accept(self) -> None:
        """The node will do it."""
        self.request = self.Request.ACCEPTED

    @transition(status, source=[Status.OPEN, Status.SCHEDULED], target=Status.IN_PROGRESS)
    def start(self) -> None:
        """The first unit was taken."""
        self._take_on()

    @transition(status, source=[Status.IN_PROGRESS, Status.OPEN], target=Status.PACKED)
    def pack(self, at: datetime | None = None) -> None:
        """The carton is closed."""
        self._take_on()
        self.packed_at = at

    @transition(
        status, source=[Status.OPEN, Status.SCHEDULED, Status.IN_PROGRESS], target=Status.INCOMPLETE
    )
    def fall_short(self, at: datetime | None = None) -> None:
        """Nothing of it was on the shelf."""
        self.closed_at = at

    @transition(status, source=Status.OPEN, target=Status.CANCELLED)
    def turn_down(self, at: datetime | None = None) -> None:
        """The node will not do it."""
        self.request = self.Request.REJECTED
        self.closed_at = at

    @transition(status, source=Status.PACKED, target=Status.CLOSED)
    def close(self, at: datetime | None = None) -> None:
        """Handed to the carrier or the customer."""
        self.closed_at = at

    @transition(
        status,
        source=[Status.PROPOSED, Status.OPEN, Status.SCHEDULED, Status.IN_PROGRESS, Status.PACKED],
        target=Status.CANCELLED,
    )
    def cancel(self, at: datetime | None = None) -> None:
        """Taken back before it left."""
        if self.request in (self.Request.ACCEPTED, self.Request.CANCEL_REQUESTED):
            self.request = self.Request.CANCEL_ACCEPTED
        self.closed_at = at

    def _take_on(self) -> None:
        """The node is at it; a question that it has not answered yet stays open."""
        if self.request != self.Request.CANCEL_REQUESTED:
            self.request = self.Request.ACCEPTED


class FulfillmentOrderStatusChange(StatusChange):
    subject: Any = models.ForeignKey(
        FulfillmentOrder, models.CASCADE, related_name="status_changes"
    )


FulfillmentOrder.STATUS_CHANGE = FulfillmentOrderStatusChange  # type: ignore[attr-defined]


class FulfillmentLine(models.Model):
    """Units of one order line that a node serves."""

    fulfillment_order = models.ForeignKey(
        FulfillmentOrder, models.CASCADE, related_name="lines", db_index=False
    )
    order_line = models.ForeignKey(
        "orders.OrderLine", models.CASCADE, related_name="fulfillment_lines"
    )
    quantity = models.PositiveIntegerField(_("quantity"))
    shipped = models.PositiveIntegerField(_("shipped"), default=0)
    delivered = models.PositiveIntegerField(_("delivered"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["fulfillment_order", "order_line"], name="orders_work_line_once"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("shipped"), shipped__gte=F("delivered")),
                name="orders_work_within_line",
            ),
        ]


class TimelineEntry(models.Model):
    """One line of an order's story; no personal data. The database refuses to change it, and to
    delete it while its order is there."""

    class Source(models.TextChoices):
        API = "api", _("API")
        ADMIN = "admin", _("Staff")
        IMPORT = "import", _("Import")
        FLOOR = "floor", _("Floor")
        CARRIER = "carrier", _("Carrier")
        SYSTEM = "system", _("Automatic")

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="timeline")
    event_id = models.UUIDField()
    kind = models.CharField(_("what"), max_length=80)
    actor = models.CharField(_("who"), max_length=80)
    source = models.CharField(_("by way of"), max_length=8, choices=Source.choices)
    #: The event or the request that led to it; empty where several did.
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("timeline entry")
        constraints = [
            # A fact of a shared parcel is told in the story of each of its orders.
            models.UniqueConstraint(fields=["event_id", "order"], name="orders_told_once"),
        ]
        indexes = [models.Index(fields=["order", "at"], name="orders_timeline")]
