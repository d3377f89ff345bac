"""What was authorized, captured and given back for orders: a ledger, and its sums per order.

An order is known by its public identifier: this room lies below the orders.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Case, ExpressionWrapper, F, Q, Value, When
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from oms.core.models import AmountField, Created, CurrencyField, PublicIdField

_GIVEN_BACK = F("refunded_amount") + F("goodwill_amount")
_OPEN = Greatest(
    F("authorized_amount") - F("voided_amount") - F("captured_amount"),
    Value(0),
    output_field=AmountField(),
)
# What was given away for goodwill is not asked for again, and not given back a second time.
_DUE = (
    F("captured_amount")
    - F("refunded_amount")
    - Greatest(F("owed_amount"), F("goodwill_amount"), output_field=AmountField())
)


class PaymentBalance(Created):
    """The sums of one order's entries: only the entries themselves move them (a trigger does)."""

    class State(models.TextChoices):
        NONE = "none", _("Not paid")
        AUTHORIZED = "authorized", _("Authorized")
        PARTIALLY_PAID = "partially_paid", _("Partly paid")
        PAID = "paid", _("Paid")
        PARTIALLY_REFUNDED = "partially_refunded", _("Partly refunded")
        REFUNDED = "refunded", _("Refunded")
        OVERCHARGED = "overcharged", _("Overcharged")

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    order_ref = models.CharField(_("order"), max_length=40, unique=True)
    order_number = models.CharField(_("order number"), max_length=20)
    currency = CurrencyField(_("currency"))
    #: What the order is worth now, as orders told it last.
    owed_amount = AmountField(_("owed"))
    authorized_amount = AmountField(_("authorized"), default=0)
    voided_amount = AmountField(_("voided"), default=0)
    captured_amount = AmountField(_("captured"), default=0)
    refunded_amount = AmountField(_("refunded"), default=0)
    #: Given back although it was owed; the order costs less by it.
    goodwill_amount = AmountField(_("goodwill"), default=0)
    #: The order does not move before this is covered.
    is_required = models.BooleanField(_("must be covered"), default=False)
    #: Not covered by then, the order expires.
    expires_at = models.DateTimeField(_("to be covered by"), null=True)
    #: Of what was authorized: neither captured nor voided.
    open_amount = models.GeneratedField(
        expression=_OPEN, output_field=AmountField(), db_persist=True
    )
    #: Above zero to be refunded, below zero to be collected.
    due_amount = models.GeneratedField(expression=_DUE, output_field=AmountField(), db_persist=True)
    is_covered = models.GeneratedField(
        expression=ExpressionWrapper(
            Q(owed_amount__lte=_OPEN + F("captured_amount") - F("refunded_amount")),
            output_field=models.BooleanField(),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    state = models.GeneratedField(
        expression=Case(
            When(
                captured_amount=0,
                authorized_amount__gt=F("voided_amount"),
                then=Value("authorized"),
            ),
            When(captured_amount=0, then=Value("none")),
            When(captured_amount=_GIVEN_BACK, then=Value("refunded")),
            When(
                captured_amount__gt=F("refunded_amount")
                + Greatest(F("owed_amount"), F("goodwill_amount"), output_field=AmountField()),
                then=Value("overcharged"),
            ),
            When(
                Q(refunded_amount__gt=0) | Q(goodwill_amount__gt=0),
                then=Value("partially_refunded"),
            ),
            When(captured_amount__lt=F("owed_amount"), then=Value("partially_paid")),
            default=Value("paid"),
        ),
        output_field=models.CharField(max_length=20, choices=State.choices),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("payment balance")
        constraints = [
            models.CheckConstraint(
                condition=Q(captured_amount__gte=F("refunded_amount") + F("goodwill_amount")),
                name="billing_refunds_within_captured",
            ),
            models.CheckConstraint(
                condition=Q(authorized_amount__gte=F("voided_amount")),
                name="billing_voids_within_authorized",
            ),
            models.CheckConstraint(
                condition=Q(
                    owed_amount__gte=0,
                    authorized_amount__gte=0,
                    voided_amount__gte=0,
                    captured_amount__gte=0,
                    refunded_amount__gte=0,
                    goodwill_amount__gte=0,
                ),
                name="billing_not_below_zero",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "order_ref"], name="billing_by_state"),
            models.Index(
                fields=["expires_at"],
                condition=Q(expires_at__isnull=False, is_covered=False),
                name="billing_to_expire",
            ),
        ]

    def __str__(self) -> str:
        return self.order_ref


class PaymentEntry(Created):
    """One movement of money as somebody reported it; never changed, never deleted."""

    class Kind(models.TextChoices):
        AUTHORIZED = "authorized", _("Authorized")
        CAPTURED = "captured", _("Captured")
        REFUNDED = "refunded", _("Refunded")
        GOODWILL = "goodwill", _("Goodwill refund")
        VOIDED = "voided", _("Authorization voided")

    class Source(models.TextChoices):
        INTAKE = "intake", _("With the order")
        API = "api", _("API")
        STAFF = "staff", _("Staff")

    public_id = PublicIdField("pay")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    balance = models.ForeignKey(
        PaymentBalance,
        models.PROTECT,
        to_field="order_ref",
        db_column="order_ref",
        related_name="entries",
    )
    kind = models.CharField(_("what"), max_length=12, choices=Kind.choices)
    amount = AmountField(_("amount"))
    currency = CurrencyField(_("currency"))
    #: The reporter's own; its own identifier where none was given.
    reference = models.CharField(_("reference"), max_length=80)
    source = models.CharField(_("reported by"), max_length=8, choices=Source.choices)
    actor = models.CharField(_("actor"), max_length=80)
    reason = models.CharField(_("why"), max_length=200, blank=True)
    occurred_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("payment entry")
        constraints = [
            models.UniqueConstraint(
                fields=["balance", "kind", "reference"], name="billing_entry_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_entry_something"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"
