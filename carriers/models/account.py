"""Carriers, our accounts with them, their services and what these cost."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from oms.core.models import AmountField, Created, CurrencyField, PublicIdField


class Carrier(models.Model):
    """A company that moves parcels; `adapter` is the folder in carriers/adapters that knows it."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    adapter = models.SlugField(_("adapter"), max_length=40)

    class Meta:
        verbose_name = _("carrier")

    def __str__(self) -> str:
        return self.name


class CarrierAccount(Created):
    """Credentials with a carrier, sealed. Without an allowance an organization may not use it."""

    public_id = PublicIdField("cac")
    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="accounts")
    name = models.CharField(_("name"), max_length=80)
    credentials = models.BinaryField(default=b"", editable=False)
    is_sandbox = models.BooleanField(_("is a sandbox"), default=False)
    is_active = models.BooleanField(_("is active"), default=True)
    history = HistoricalRecords(excluded_fields=["credentials"])

    class Meta:
        verbose_name = _("carrier account")

    def __str__(self) -> str:
        return self.name


class AccountAllowance(models.Model):
    """An organization may ship on an account. Without a row it may not."""

    account = models.ForeignKey(CarrierAccount, models.CASCADE, related_name="allowances")
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "organization"], name="carriers_allowed_once"
            ),
        ]


class Service(models.Model):
    """A promise of a carrier: how fast, how heavy, where to."""

    class Speed(models.TextChoices):
        SAME_DAY = "same_day", _("Same day")
        EXPRESS = "express", _("Express")
        STANDARD = "standard", _("Standard")
        ECONOMY = "economy", _("Economy")

    carrier = models.ForeignKey(Carrier, models.PROTECT, related_name="services")
    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    speed = models.CharField(_("speed"), max_length=20, choices=Speed.choices)
    max_weight_g = models.PositiveIntegerField(_("heaviest, g"), default=30_000)
    max_distance_km = models.PositiveIntegerField(_("farthest, km"), null=True, blank=True)
    is_international = models.BooleanField(_("crosses borders"), default=False)
    delivery_days = models.PositiveSmallIntegerField(
        _("delivery days"), default=0b0111111, help_text=_("Bits, Monday first.")
    )
    is_active = models.BooleanField(_("is active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("service")

    def __str__(self) -> str:
        return self.name


class RateSheet(Created):
    """Prices of one service in one currency from a date on."""

    service = models.ForeignKey(Service, models.CASCADE, related_name="rate_sheets")
    currency = CurrencyField()
    valid_from = models.DateField(_("valid from"))
    dim_divisor = models.PositiveIntegerField(_("cm³ per kg"), default=5000)

    class Meta:
        verbose_name = _("rate sheet")
        constraints = [
            models.UniqueConstraint(
                fields=["service", "currency", "valid_from"], name="carriers_sheet_from"
            ),
        ]


class Rate(models.Model):
    """One cell: up to this distance and weight it costs this much and takes this many days."""

    sheet = models.ForeignKey(RateSheet, models.CASCADE, related_name="rates")
    zone = models.PositiveSmallIntegerField(_("zone"))
    max_distance_km = models.PositiveIntegerField(_("up to km"))
    max_weight_g = models.PositiveIntegerField(_("up to g"))
    amount = AmountField(_("price"))
    transit_days = models.PositiveSmallIntegerField(_("transit days"))

    class Meta:
        verbose_name = _("rate")
        constraints = [
            models.UniqueConstraint(fields=["sheet", "zone", "max_weight_g"], name="carriers_cell"),
        ]
