"""Where orders come from, as data with rules."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.lookups import IsNull
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from oms.core.models import AmountField
from orders.tiers import BUILT_IN


class Channel(models.Model):
    """A source of orders of one organization."""

    class Kind(models.TextChoices):
        STOREFRONT = "storefront", _("Storefront")
        MARKETPLACE = "marketplace", _("Marketplace")
        POS = "pos", _("Point of sale")
        API = "api", _("API")
        PHONE = "phone", _("Phone")
        FILE = "file", _("File import")

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    brand = models.CharField(_("brand shown to customers"), max_length=80, blank=True)
    default_tier = models.CharField(_("default tier"), max_length=20, default="standard")
    needs_street = models.BooleanField(
        _("needs the street"),
        default=True,
        help_text=_("Off for marketplaces that keep the street to themselves."),
    )
    auto_approve = models.BooleanField(
        _("approves by itself"),
        default=True,
        help_text=_("Off: every order waits for a person's approval."),
    )
    approval_above_amount = AmountField(
        _("approval above"),
        null=True,
        blank=True,
        help_text=_("Orders of more than this, in their own currency, need an approval."),
    )
    requires_payment = models.BooleanField(
        _("requires payment"),
        default=False,
        help_text=_("Nothing is released to a node before it is paid."),
    )
    tiers = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        verbose_name=_("offered service levels"),
        help_text=_("None ticked: all of them."),
    )
    carriers = ArrayField(
        models.CharField(max_length=40),
        default=list,
        blank=True,
        verbose_name=_("allowed carriers"),
        help_text=_("None ticked: all of them."),
    )
    is_active = models.BooleanField(_("is active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("channel")
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="channels_code"),
            models.CheckConstraint(
                condition=Q(tiers=[])
                | Q(
                    IsNull(
                        Func(
                            F("tiers"),
                            F("default_tier"),
                            function="array_position",
                            output_field=models.IntegerField(),
                        ),
                        False,
                    )
                ),
                name="channels_default_is_offered",
            ),
            models.CheckConstraint(
                condition=Q(approval_above_amount=None) | Q(approval_above_amount__gte=0),
                name="channels_approval_amount",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ServiceLevel(models.Model):
    """A speed that one organization promises beside the built-in ones."""

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    code = models.SlugField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=60)
    rank = models.PositiveSmallIntegerField(
        _("rank"),
        help_text=_(
            "1 to 99, the higher the more urgent. Economy is 10, standard 20, next day 30, "
            "same day 40."
        ),
    )
    deadline_days = models.PositiveSmallIntegerField(
        _("days to arrive"),
        help_text=_("Calendar days from the day of the order to the last day of arrival."),
    )
    is_active = models.BooleanField(_("is active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("service level")
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="channels_level_code"),
            models.CheckConstraint(
                condition=~Q(code__in=sorted(BUILT_IN)), name="channels_level_is_own"
            ),
            models.CheckConstraint(
                condition=Q(rank__range=(1, 99), deadline_days__lte=60),
                name="channels_level_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name
