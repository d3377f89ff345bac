"""What a customer may owe: a limit, what open orders take of it, and who changed the limit why."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms.core.models import AmountField, Created, CurrencyField


class CreditAccount(Created):
    """A customer who buys on account. `exposure_amount` is the sum of what its orders take."""

    customer = models.OneToOneField(
        "customers.Customer", models.PROTECT, related_name="credit_account"
    )
    currency = CurrencyField(_("currency"))
    limit_amount = AmountField(_("limit"))
    exposure_amount = AmountField(_("owed by open orders"), default=0)
    terms_days = models.PositiveSmallIntegerField(_("days to pay"), default=30)
    #: Of limit and terms, not of the exposure.
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("credit account")
        constraints = [
            models.CheckConstraint(
                condition=Q(exposure_amount__gte=0, limit_amount__gte=0, terms_days__lte=365),
                name="customers_credit_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.limit_amount} {self.currency}"

    @property
    def free_amount(self) -> Decimal:
        """What may still be ordered; never below zero, also after the limit was lowered."""
        return Decimal(max(Decimal(0), self.limit_amount - self.exposure_amount))


class CreditUse(Created):
    """What one order takes of its customer's credit. It is kept with 0 when it takes no more."""

    account = models.ForeignKey(CreditAccount, models.CASCADE, related_name="uses")
    order_ref = models.CharField(_("order"), max_length=40)
    amount = AmountField(_("amount"))
    #: Who let it go beyond the limit; empty: it was within.
    authorized_by = models.CharField(_("beyond the limit by"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("credit use")
        constraints = [
            models.UniqueConstraint(fields=["account", "order_ref"], name="customers_credit_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="customers_credit_use"),
        ]
        indexes = [
            models.Index(fields=["order_ref"], name="customers_credit_of"),
            models.Index(
                fields=["account", "-id"], condition=Q(amount__gt=0), name="customers_credit_open"
            ),
        ]


class CreditChange(Created):
    """One version of an account's limit and terms. Append-only."""

    account = models.ForeignKey(CreditAccount, models.CASCADE, related_name="changes")
    version = models.PositiveIntegerField(_("version"))
    limit_amount = AmountField(_("limit"))
    terms_days = models.PositiveSmallIntegerField(_("days to pay"))
    author = models.CharField(_("author"), max_length=80)
    reason = models.CharField(_("why"), max_length=200)

    class Meta:
        verbose_name = _("credit change")
        constraints = [
            models.UniqueConstraint(fields=["account", "version"], name="customers_credit_version"),
        ]
