"""The floor: one work order per fulfillment order and node, its lines, its parcels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from oms.core.models import Created, PublicIdField, StatusChange, Versioned
from oms.core.state_fields import StatusField

#: What may be stopped on the floor; packing is a part of picking.
PICKING, LABEL, SHIPPING = SCOPES = ("picking", "label", "shipping")
#: Status → what its next step needs.
SCOPE_OF = {
    "open": PICKING,
    "picking": PICKING,
    "picked": PICKING,
    "packed": LABEL,
    "labeled": SHIPPING,
}


class WorkOrder(Created, Versioned):
    """What one node has to do for one demand: release → pick → pack → label → hand over."""

    class Status(models.TextChoices):
        OPEN = "open", _("Waiting to be picked")
        PICKING = "picking", _("Being picked")
        PICKED = "picked", _("Picked")
        PACKED = "packed", _("Packed")
        LABELED = "labeled", _("Labeled")
        HANDED_OVER = "handed_over", _("Handed over")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = PublicIdField("wrk")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    node = models.ForeignKey("nodes.Node", models.PROTECT, related_name="+")
    demand_kind = models.CharField(max_length=30)
    demand_ref = models.CharField(max_length=60)
    #: What people call it: the order's number. No other trace of the order is kept here.
    label = models.CharField(_("order"), max_length=40)
    correlation_id = models.CharField(max_length=60, blank=True)
    status = StatusField(_("status"), default=Status.OPEN, choices=Status.choices)
    priority = models.IntegerField(_("priority"), default=0)
    due_at = models.DateTimeField(_("due"))
    #: What may not be done now (picking, label, shipping), each with the code of what stops it.
    blocked_scopes = models.JSONField(_("blocked"), default=dict)
    released_by = models.CharField(max_length=80)
    picker = models.CharField(_("picker"), max_length=80, blank=True)
    packer = models.CharField(_("packer"), max_length=80, blank=True)
    picked_at = models.DateTimeField(_("picked"), null=True)
    packed_at = models.DateTimeField(_("packed"), null=True)
    labeled_at = models.DateTimeField(_("labeled"), null=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True)
    #: Who took it from the queue and until when; a clerk who vanishes gives it back by that.
    claimed_by = models.CharField(max_length=80, blank=True)
    claimed_until = models.DateTimeField(null=True)
    #: Work of another order that this goes in one carton with; that work leads, and every step
    #: taken with it is taken with this.
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    #: How many follow this one: a step that read fewer came too late.
    merged_count = models.PositiveSmallIntegerField(default=0)
    #: Since when somebody waits for an answer whether units of it can still be cancelled. Until
    #: then it is neither packed nor handed over.
    cancel_asked_at = models.DateTimeField(_("cancellation asked"), null=True)
    cancel_reason = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("work order")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(merged_into=None)
                | (models.Q(merged_count=0) & ~models.Q(merged_into=models.F("id"))),
                name="warehouse_follows_a_lead",
            ),
            models.UniqueConstraint(
                fields=["demand_kind", "demand_ref"], name="warehouse_one_per_demand"
            ),
        ]
        indexes = [
            models.Index(
                fields=["node", "status", "due_at", "-priority"],
                condition=~models.Q(status__in=["handed_over", "cancelled"]),
                name="warehouse_queue",
            ),
            models.Index(fields=["correlation_id"], name="warehouse_correlation"),
            models.Index(
                fields=["node", "handed_over_at"],
                condition=models.Q(status="handed_over"),
                name="warehouse_done",
            ),
            models.Index(
                fields=["cancel_asked_at"],
                condition=models.Q(cancel_asked_at__isnull=False),
                name="warehouse_asked",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_blocked(self) -> bool:
        """Whether its next step may not be done."""
        return SCOPE_OF.get(self.status) in self.blocked_scopes

    def _may_pick(self) -> bool:
        return PICKING not in self.blocked_scopes

    def _may_ship(self) -> bool:
        return SHIPPING not in self.blocked_scopes

    def _is_unasked(self) -> bool:
        return self.cancel_asked_at is None

    def _unclaim(self) -> None:
        self.claimed_by, self.claimed_until = "", None

    @transition(status, source=Status.OPEN, target=Status.PICKING, conditions=[_may_pick])
    def start_pick(self, picker: str = "") -> None:
        """Somebody took it."""
        self.picker = picker

    @transition(
        status, source=[Status.OPEN, Status.PICKING], target=Status.PICKED, conditions=[_may_pick]
    )
    def finish_pick(self, picker: str = "", at: datetime | None = None) -> None:
        """Every unit was scanned."""
        self.picker = picker or self.picker
        self.picked_at = at
        self._unclaim()

    @transition(
        status, source=Status.PICKED, target=Status.PACKED, conditions=[_may_pick, _is_unasked]
    )
    def pack(self, packer: str = "", at: datetime | None = None) -> None:
        """The carton is closed, weighed and measured."""
        self.packer = packer
        self.packed_at = at
        self._unclaim()

    @transition(status, source=Status.PACKED, target=Status.LABELED)
    def attach_label(self, at: datetime | None = None) -> None:
        """The carrier's label is on the parcel."""
        self.labeled_at = at

    @transition(
        status,
        source=Status.LABELED,
        target=Status.HANDED_OVER,
        conditions=[_may_ship, _is_unasked],
    )
    def hand_over(self, at: datetime | None = None) -> None:
        """The carrier has it."""
        self.handed_over_at = at
        self._unclaim()

    @transition(
        status,
        source=[Status.OPEN, Status.PICKING, Status.PICKED, Status.PACKED, Status.LABELED],
        target=Status.CANCELLED,
    )
    def cancel(self) -> None:
        """Nothing leaves the building."""
        self.cancel_asked_at = None
        self._unclaim()


class WorkOrderStatusChange(StatusChange):
    subject: Any = models.ForeignKey(WorkOrder, models.CASCADE, related_name="status_changes")


WorkOrder.STATUS_CHANGE = WorkOrderStatusChange  # type: ignore[attr-defined]


class WorkLine(models.Model):
    """Units of one variant to take."""

    work_order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="lines")
    line_ref = models.CharField(max_length=60)
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))
    picked = models.PositiveIntegerField(_("picked"), default=0)
    #: Of the quantity, units that somebody wants to cancel and waits for an answer about.
    cancel_asked = models.PositiveIntegerField(_("to be cancelled"), default=0)

    class Meta:
        constraints = [
            # A line of a kit is picked as its parts.
            models.UniqueConstraint(
                fields=["work_order", "line_ref", "variant"], name="warehouse_line_once"
            ),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1, picked__lte=models.F("quantity")),
                name="warehouse_picks_within_line",
            ),
            models.CheckConstraint(
                condition=models.Q(cancel_asked__lte=models.F("quantity")),
                name="warehouse_asks_within_line",
            ),
        ]


class Parcel(Created):
    """A closed carton; the carriers group knows it as a shipment with the same reference."""

    public_id = PublicIdField("pcl")
    work_order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="parcels")
    weight_g = models.PositiveIntegerField(_("weight, g"))
    length_mm = models.PositiveIntegerField(_("length, mm"))
    width_mm = models.PositiveIntegerField(_("width, mm"))
    height_mm = models.PositiveIntegerField(_("height, mm"))
    tracking_number = models.CharField(_("tracking number"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("parcel")
        constraints = [
            # A work order becomes one carton; several cartons come with splitting at the station.
            models.UniqueConstraint(fields=["work_order"], name="warehouse_one_parcel"),
        ]

    def __str__(self) -> str:
        return self.public_id


class PutBack(Created):
    """Units that were taken for a demand that does not want them any more: back to the shelf."""

    public_id = PublicIdField("put")
    work_order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="put_backs")
    node = models.ForeignKey("nodes.Node", models.PROTECT, related_name="+")
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("units"))
    done_at = models.DateTimeField(_("done"), null=True)
    done_by = models.CharField(_("done by"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("put-back")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1), name="warehouse_puts_something"
            ),
        ]
        indexes = [
            models.Index(
                fields=["node", "id"],
                condition=models.Q(done_at=None),
                name="warehouse_to_put_back",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
