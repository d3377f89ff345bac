"""What the rules said, and what keeps an order from moving."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms.core.models import AmountField, Created, CurrencyField


class RuleResult(Created):
    """One rule's answer for one order; every verification of an order is a run of its own."""

    class Verdict(models.TextChoices):
        PASS = "pass", _("Passed")
        WARN = "warn", _("Warning")
        HOLD = "hold", _("Hold")
        REJECT = "reject", _("Rejected")

    # The unique constraint is the index.
    order = models.ForeignKey(
        "orders.Order", models.CASCADE, related_name="rule_results", db_index=False
    )
    rule = models.CharField(_("rule"), max_length=40)
    #: Of the rule's settings; 0 are those of the code.
    rule_version = models.PositiveSmallIntegerField(_("version"), default=0)
    run = models.PositiveSmallIntegerField(_("run"), default=1)
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    reasons = models.JSONField(_("reasons"), default=list)
    #: Of an objection: what exactly it is about, so that it is known again. See `Override.covers`.
    mark = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("rule result")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "run", "rule"], name="orders_rule_answers_once"
            )
        ]


class VerificationRule(Created):
    """How one rule judges the orders of an organization, or of one of its channels. Every change
    is a new version; the results of earlier orders name the one they were judged by. Versions of
    a rule are counted through all channels of an organization, so that a number says which."""

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    #: Empty: every channel that has no version of its own.
    channel = models.CharField(_("channel"), max_length=40, blank=True)
    rule = models.CharField(_("rule"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"))
    is_enabled = models.BooleanField(_("is used"), default=True)
    #: What follows when it objects.
    verdict = models.CharField(_("verdict"), max_length=8, choices=RuleResult.Verdict.choices)
    settings = models.JSONField(_("settings"), default=dict)
    is_current = models.BooleanField(_("is current"), default=True)
    author = models.CharField(_("author"), max_length=80)
    reason = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("verification rule")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "rule", "version"], name="orders_rule_version_once"
            ),
            models.UniqueConstraint(
                fields=["organization", "channel", "rule"],
                condition=Q(is_current=True),
                name="orders_rule_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} v{self.version}"


class Override(Created):
    """A person took responsibility for what a rule objected to."""

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="overrides")
    rule = models.CharField(_("rule"), max_length=40)
    #: A mark of what was objected to: what is wrong anew needs an override of its own.
    covers = models.CharField(max_length=64, blank=True, default="")
    author = models.CharField(_("author"), max_length=80)
    reason = models.CharField(_("why"), max_length=200)

    class Meta:
        verbose_name = _("override")
        indexes = [models.Index(fields=["order", "rule"], name="orders_overrides")]


class Approval(Created):
    """Somebody with enough authority says yes or no to an order; decided once, never again."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        EXPIRED = "expired", _("Expired")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="approvals")
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.PENDING
    )
    #: Each time nobody decides in time it is asked for one level higher.
    level = models.PositiveSmallIntegerField(_("level"), default=1)
    reason = models.CharField(_("what for"), max_length=200)
    #: What the decider must have authority for.
    amount = AmountField(_("amount"))
    currency = CurrencyField(_("currency"))
    requested_by = models.CharField(_("asked by"), max_length=80)
    expires_at = models.DateTimeField(_("expires"))
    decided_by = models.CharField(_("decided by"), max_length=80, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_reason = models.CharField(_("why decided"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("approval")
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(state="pending"), name="orders_one_open_approval"
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(state="pending"), name="orders_approvals_open"
            ),
        ]


class Hold(models.Model):
    """A reason to stop. `on hold` is derived from open rows; one open hold per type and order."""

    class Type(models.TextChoices):
        ADDRESS = "address", _("Address")
        CONTACT = "contact", _("Contact")
        RESTRICTION = "restriction", _("Restricted goods")
        CREDIT = "credit", _("Credit limit")
        PRICE = "price", _("Price or tax")
        QUANTITY = "quantity", _("Quantity")
        APPROVAL = "approval", _("Approval")
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
    #: The rule that opened it and may lift it; empty: a person or a service did.
    rule = models.CharField(_("rule"), max_length=40, blank=True, default="")
    author = models.CharField(_("author"), max_length=80)
    opened_at = models.DateTimeField(_("opened"))
    due_at = models.DateTimeField(_("due"), null=True)
    #: When it ends by itself, where it does.
    releases_at = models.DateTimeField(_("ends by itself"), null=True)
    #: When the lateness of an answer was told.
    escalated_at = models.DateTimeField(_("escalated"), null=True)
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
            models.Index(
                fields=["releases_at"],
                condition=Q(released_at=None, releases_at__isnull=False),
                name="orders_holds_ending",
            ),
            models.Index(
                fields=["due_at"],
                condition=Q(released_at=None, escalated_at=None),
                name="orders_holds_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.order_id}"
