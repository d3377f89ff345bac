"""What the rules said, and what keeps an order from moving."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created


class RuleResult(Created):
    """One rule's answer for one order."""

    class Verdict(models.TextChoices):
        PASS = "pass", _("Passed")
        WARN = "warn", _("Warning")
        HOLD = "hold", _("Hold")
        REJECT = "reject", _("Rejected")

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="rule_results")
    rule = models.CharField(_("rule"), max_length=40)
    rule_version = models.PositiveSmallIntegerField(default=1)
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    reasons = models.JSONField(_("reasons"), default=list)

    class Meta:
        verbose_name = _("rule result")
        indexes = [models.Index(fields=["order"], name="orders_rules_of")]


class Hold(models.Model):
    """A reason to stop. `on hold` is derived from open rows; one open hold per type and order."""

    class Type(models.TextChoices):
        ADDRESS = "address", _("Address")
        DUPLICATE = "duplicate", _("Possible duplicate")
        FRAUD = "fraud", _("Fraud check")
        PAYMENT = "payment", _("Payment")
        STOCK = "stock", _("No stock")
        ROUTING = "routing", _("No route")
        OPERATOR = "operator", _("Operator")
        CUSTOMER = "customer", _("Customer asked")

    class Scope(models.TextChoices):
        ROUTING = "routing", _("Routing")
        PICKING = "picking", _("Picking")
        LABEL = "label", _("Label")
        SHIPPING = "shipping", _("Shipping")

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="holds")
    type = models.CharField(_("type"), max_length=20, choices=Type.choices)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    reason = models.CharField(_("reason"), max_length=200)
    author = models.CharField(_("author"), max_length=80)
    opened_at = models.DateTimeField(_("opened"))
    due_at = models.DateTimeField(_("due"), null=True)
    released_at = models.DateTimeField(_("released"), null=True)
    released_by = models.CharField(_("released by"), max_length=80, blank=True)
    release_reason = models.CharField(_("why released"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("hold")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "type"],
                condition=Q(released_at=None),
                name="orders_one_open_hold",
            ),
        ]
        indexes = [
            models.Index(
                fields=["opened_at"], condition=Q(released_at=None), name="orders_open_holds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.order_id}"
