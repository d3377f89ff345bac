"""What somebody wanted cancelled, why, and what became of it; and who may not serve an order."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms.core.models import AmountField, Created, PublicIdField


class Cancellation(Created):
    """One request to cancel an order or a part of it. Units that a node has in its hands wait for
    its answer; the others are cancelled at once."""

    class Reason(models.TextChoices):
        CUSTOMER = "customer", _("Customer asked")
        DECLINED = "declined", _("Payment declined")
        FRAUD = "fraud", _("Fraud")
        INVENTORY = "inventory", _("No stock")
        STAFF = "staff", _("Our mistake")
        DUPLICATE = "duplicate", _("Ordered twice")
        OTHER = "other", _("Other")

    class State(models.TextChoices):
        PENDING = "pending", _("Waits for the floor")
        DONE = "done", _("Cancelled")
        PARTLY = "partly", _("Partly cancelled")
        REFUSED = "refused", _("Too late")

    public_id = PublicIdField("can")
    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="cancellations")
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    text = models.CharField(_("why"), max_length=200, blank=True)
    author = models.CharField(_("author"), max_length=80)
    #: The caller's own key: the same one again is the same request.
    request_key = models.CharField(max_length=255, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    #: Units cancelled so far, and what they were worth with their part of shipping.
    units = models.PositiveIntegerField(_("units"), default=0)
    amount = AmountField(_("amount"), default=0)

    class Meta:
        verbose_name = _("cancellation")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "request_key"],
                condition=~Q(request_key=""),
                name="orders_cancel_once",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class CancellationPart(models.Model):
    """Units of one line that a cancellation takes from one place."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waits for the floor")
        DONE = "done", _("Cancelled")
        REFUSED = "refused", _("Too late")

    cancellation = models.ForeignKey(Cancellation, models.CASCADE, related_name="parts")
    order_line = models.ForeignKey("orders.OrderLine", models.CASCADE, related_name="+")
    #: The work the units were part of; none: no node had them.
    fulfillment_order = models.ForeignKey(
        "orders.FulfillmentOrder", models.CASCADE, null=True, related_name="cancellation_parts"
    )
    quantity = models.PositiveIntegerField(_("units"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices)
    answer = models.CharField(_("answer"), max_length=200, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="orders_cancels_something"),
            # One question at a time about a line of node work.
            models.UniqueConstraint(
                fields=["fulfillment_order", "order_line"],
                condition=Q(state="pending"),
                name="orders_one_open_question",
            ),
        ]


class NodeExclusion(Created):
    """A node that an order is not routed to any more."""

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="exclusions")
    node = models.ForeignKey("nodes.Node", models.PROTECT, related_name="+")
    reason = models.CharField(_("why"), max_length=200)
    author = models.CharField(_("author"), max_length=80)
    #: Set where the node itself said no.
    is_refusal = models.BooleanField(_("the node refused"), default=False)

    class Meta:
        verbose_name = _("excluded node")
        constraints = [
            models.UniqueConstraint(fields=["order", "node"], name="orders_excluded_once"),
        ]
