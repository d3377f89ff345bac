"""One parcel on its way, the intents to buy its label, and what the carrier says of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
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

_MOVING = (
    "handed_over",
    "in_transit",
    "out_for_delivery",
    "available_for_pickup",
    "delivery_attempted",
    "exception",
    "returning",
)


class Shipment(Created, Versioned):
    """A parcel between packing and delivery. `demand_ref` is the reference of what it serves."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")
        LABEL_REQUESTED = "label_requested", _("Label requested")
        LABEL_IN_DOUBT = "label_in_doubt", _("Label in doubt")
        LABELED = "labeled", _("Labeled")
        LABEL_FAILED = "label_failed", _("Label failed")
        MANIFESTED = "manifested", _("Manifested")
        HANDED_OVER = "handed_over", _("Handed over")
        IN_TRANSIT = "in_transit", _("On its way")
        OUT_FOR_DELIVERY = "out_for_delivery", _("Out for delivery")
        AVAILABLE_FOR_PICKUP = "available_for_pickup", _("Ready for pickup")
        DELIVERY_ATTEMPTED = "delivery_attempted", _("Delivery attempted")
        EXCEPTION = "exception", _("Delayed")
        DELIVERED = "delivered", _("Delivered")
        RETURNING = "returning", _("On its way back")
        RETURNED_TO_SENDER = "returned_to_sender", _("Returned to sender")
        LOST = "lost", _("Lost")
        VOIDED = "voided", _("Voided")

    #: Between hand-over and the end of the journey.
    MOVING: ClassVar[tuple[str, ...]] = _MOVING
    #: Bought and not yet seen by the carrier: its first scan may come before our hand-over does.
    READY: ClassVar[tuple[str, ...]] = ("labeled", "manifested")

    public_id = PublicIdField("shp")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    demand_kind = models.CharField(max_length=30)
    demand_ref = models.CharField(max_length=60)
    parcel_ref = models.CharField(max_length=60)
    correlation_id = models.CharField(max_length=60, blank=True)
    order_number = models.CharField(_("order"), max_length=40)
    account = models.ForeignKey("carriers.CarrierAccount", models.PROTECT, related_name="+")
    service = models.ForeignKey("carriers.Service", models.PROTECT, related_name="+")
    contact = models.ForeignKey("contacts.Contact", models.PROTECT, related_name="+")
    origin = models.JSONField(help_text=_("The node's public address and position."))
    origin_code = models.CharField(_("from"), max_length=40)
    status = StatusField(_("status"), default=Status.PLANNED, choices=Status.choices)
    weight_g = models.PositiveIntegerField(_("weight, g"))
    length_mm = models.PositiveIntegerField()
    width_mm = models.PositiveIntegerField()
    height_mm = models.PositiveIntegerField()
    tracking_number = models.CharField(_("tracking number"), max_length=60, blank=True)
    cost_amount = AmountField(_("cost"), null=True)
    cost_currency = CurrencyField(blank=True)
    promised_on = models.DateField(_("promised"), null=True)
    labeled_at = models.DateTimeField(_("labeled"), null=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True)
    last_scan_at = models.DateTimeField(_("last scan"), null=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    #: When the carrier was last heard or asked, wall-clock time.
    polled_at = models.DateTimeField(null=True)
    #: When to tell the carrier next that the parcel left, or that its label is given back; wall
    #: clock, null when it knows.
    notice_due_at = models.DateTimeField(null=True)
    #: The code of what stops the purchase of its label; empty: nothing does.
    label_blocked_by = models.CharField(_("label stopped by"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("shipment")
        constraints = [
            models.UniqueConstraint(fields=["parcel_ref"], name="carriers_one_per_parcel"),
            models.UniqueConstraint(
                fields=["account", "tracking_number"],
                condition=~models.Q(tracking_number=""),
                name="carriers_tracking_once",
            ),
        ]
        indexes = [
            models.Index(fields=["demand_kind", "demand_ref"], name="carriers_demand"),
            models.Index(fields=["status", "id"], name="carriers_by_status"),
            models.Index(
                fields=["tracking_number"],
                condition=~models.Q(tracking_number=""),
                name="carriers_by_tracking",
            ),
            models.Index(fields=["organization", "-id"], name="carriers_by_owner"),
            models.Index(
                fields=["notice_due_at"],
                condition=models.Q(notice_due_at__isnull=False),
                name="carriers_notices_due",
            ),
            models.Index(
                fields=["polled_at"],
                condition=models.Q(status__in=_MOVING),
                name="carriers_polls_due",
            ),
        ]

    def __str__(self) -> str:
        return self.tracking_number or self.public_id

    @transition(status, source=[Status.PLANNED, Status.LABEL_FAILED], target=Status.LABEL_REQUESTED)
    def request_label(self) -> None:
        """An intent row stands; a worker will call the carrier."""

    @transition(status, source=Status.LABEL_REQUESTED, target=Status.LABEL_IN_DOUBT)
    def doubt_label(self) -> None:
        """The call went out and no answer came."""

    @transition(
        status, source=[Status.LABEL_REQUESTED, Status.LABEL_IN_DOUBT], target=Status.LABELED
    )
    def attach_label(
        self,
        tracking_number: str = "",
        cost_amount: Decimal | None = None,
        cost_currency: str = "",
        at: datetime | None = None,
    ) -> None:
        """The carrier sold it."""
        self.tracking_number = tracking_number
        self.cost_amount = cost_amount
        self.cost_currency = cost_currency
        self.labeled_at = at

    @transition(
        status, source=[Status.LABEL_REQUESTED, Status.LABEL_IN_DOUBT], target=Status.LABEL_FAILED
    )
    def fail_label(self) -> None:
        """The carrier refused it for good."""

    @transition(status, source=[Status.LABELED, Status.MANIFESTED], target=Status.HANDED_OVER)
    def hand_over(self, at: datetime | None = None) -> None:
        """The parcel left the node."""
        self.handed_over_at = at

    @transition(status, source=[*MOVING, *READY], target=Status.IN_TRANSIT)
    def move(self, at: datetime | None = None) -> None:
        """Scanned on its way."""
        self._scanned(at)

    @transition(status, source=[*MOVING, *READY], target=Status.OUT_FOR_DELIVERY)
    def go_out(self, at: datetime | None = None) -> None:
        """On the van."""
        self._scanned(at)

    @transition(status, source=[*MOVING, *READY], target=Status.AVAILABLE_FOR_PICKUP)
    def await_pickup(self, at: datetime | None = None) -> None:
        """Waits for the customer."""
        self._scanned(at)

    @transition(status, source=[*MOVING, *READY], target=Status.DELIVERY_ATTEMPTED)
    def attempt(self, at: datetime | None = None) -> None:
        """Nobody was there."""
        self._scanned(at)

    @transition(status, source=[*MOVING, *READY], target=Status.EXCEPTION)
    def stall(self, at: datetime | None = None) -> None:
        """The carrier reports a problem."""
        self._scanned(at)

    @transition(status, source=[*MOVING, *READY, "lost"], target=Status.DELIVERED)
    def deliver(self, at: datetime | None = None) -> None:
        """In the customer's hands."""
        self._scanned(at)
        self.delivered_at = at

    @transition(status, source=[*MOVING, *READY, "delivered", "lost"], target=Status.RETURNING)
    def turn_back(self, at: datetime | None = None) -> None:
        """The carrier brings it back."""
        self._scanned(at)

    @transition(
        status,
        source=[*MOVING, *READY, "delivered", "lost"],
        target=Status.RETURNED_TO_SENDER,
    )
    def come_back(self, at: datetime | None = None) -> None:
        """Back at the sender."""
        self._scanned(at)

    @transition(status, source=[*MOVING, *READY], target=Status.LOST)
    def lose(self, at: datetime | None = None) -> None:
        """The carrier gave it up."""
        self._scanned(at)

    @transition(status, source=[Status.LABELED], target=Status.VOIDED)
    def void(self) -> None:
        """The label was given back."""

    def _scanned(self, at: datetime | None) -> None:
        if at and (self.last_scan_at is None or at > self.last_scan_at):
            self.last_scan_at = at


class ShipmentStatusChange(StatusChange):
    subject: Any = models.ForeignKey(Shipment, models.CASCADE, related_name="status_changes")


Shipment.STATUS_CHANGE = ShipmentStatusChange  # type: ignore[attr-defined]


class LabelIntent(Created):
    """The decision to buy one label, committed before the carrier is called."""

    class State(models.TextChoices):
        DUE = "due", _("Due")
        CALLING = "calling", _("Calling the carrier")
        IN_DOUBT = "in_doubt", _("In doubt")
        BOUGHT = "bought", _("Bought")
        REFUSED = "refused", _("Refused")

    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="label_intents")
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    #: What the carrier is told: `<shipment>:<attempt>`; the carrier's idempotency key.
    reference = models.CharField(_("reference"), max_length=60, unique=True)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.DUE)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    available_at = models.DateTimeField(_("next try"))
    lease_until = models.DateTimeField(null=True)
    is_instant = models.BooleanField(
        default=False, help_text=_("Bulk imports: scans come at once.")
    )
    error_code = models.CharField(_("error"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("label intent")
        constraints = [
            models.UniqueConstraint(fields=["shipment", "attempt"], name="carriers_attempt_once"),
            models.UniqueConstraint(
                fields=["shipment"],
                condition=models.Q(state__in=["due", "calling", "in_doubt"]),
                name="carriers_one_open_intent",
            ),
        ]
        indexes = [
            models.Index(
                fields=["available_at"],
                condition=models.Q(state__in=["due", "calling", "in_doubt"]),
                name="carriers_intents_due",
            ),
        ]


class LabelFile(Created):
    """What the carrier printed, sealed under the recipient's key."""

    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="label_files")
    format = models.CharField(max_length=4, choices=[("pdf", "PDF"), ("zpl", "ZPL")])
    sealed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "format"], name="carriers_label_once"),
        ]


class TrackingEvent(models.Model):
    """A fact with the carrier's own time. Unmatched ones wait for their shipment."""

    carrier = models.ForeignKey("carriers.Carrier", models.PROTECT, related_name="+")
    event_key = models.CharField(max_length=80)
    tracking_number = models.CharField(max_length=60)
    shipment = models.ForeignKey(Shipment, models.CASCADE, null=True, related_name="events")
    carrier_code = models.CharField(max_length=60)
    status = models.CharField(max_length=24)
    city = models.CharField(max_length=120, blank=True)
    region = models.CharField(max_length=60, blank=True)
    country = models.CharField(max_length=2, blank=True)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    occurred_at = models.DateTimeField(_("at"))
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("tracking event")
        constraints = [
            models.UniqueConstraint(fields=["carrier", "event_key"], name="carriers_event_once"),
        ]
        indexes = [
            models.Index(fields=["shipment", "occurred_at"], name="carriers_story"),
            models.Index(
                fields=["tracking_number"],
                condition=models.Q(shipment=None),
                name="carriers_unmatched",
            ),
        ]


class WebhookCall(models.Model):
    """A carrier's message as it came, sealed; answered at once, understood afterwards."""

    carrier = models.ForeignKey("carriers.Carrier", models.PROTECT, related_name="+")
    message_id = models.CharField(max_length=120)
    sealed = models.BinaryField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["carrier", "message_id"], name="carriers_call_once"),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(processed_at=None), name="carriers_calls_due"
            ),
        ]
