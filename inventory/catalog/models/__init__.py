"""What is sold: products, and the variants that are stocked and shipped."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from oms.core.models import AmountField, Created, CurrencyField, PublicIdField


class Product(Created):
    """A group of variants with one name."""

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    code = models.CharField(_("code"), max_length=64)
    name = models.CharField(_("name"), max_length=160)
    category = models.CharField(_("category"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("product")
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="catalog_product_code"),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(Created):
    """The thing with a SKU. Weights in grams, lengths in millimeters."""

    class Tracking(models.TextChoices):
        NONE = "none", _("By quantity")
        LOT = "lot", _("By lot")
        SERIAL = "serial", _("By serial number")

    public_id = PublicIdField("var")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, models.PROTECT, related_name="variants")
    sku = models.CharField(_("SKU"), max_length=64)
    name = models.CharField(_("name"), max_length=160)
    barcode = models.CharField(_("barcode"), max_length=14, blank=True)
    weight_g = models.PositiveIntegerField(_("weight, g"))
    length_mm = models.PositiveIntegerField(_("length, mm"))
    width_mm = models.PositiveIntegerField(_("width, mm"))
    height_mm = models.PositiveIntegerField(_("height, mm"))
    price_amount = AmountField(_("price"))
    price_currency = CurrencyField(_("currency"))
    cost_amount = AmountField(
        _("cost"),
        null=True,
        blank=True,
        help_text=_("What a unit costs us, in the currency of the price. Empty: not known."),
    )
    is_hazmat = models.BooleanField(_("is hazardous"), default=False)
    min_age = models.PositiveSmallIntegerField(
        _("minimum age"), default=0, help_text=_("Years; 0: anyone may buy it.")
    )
    is_export_controlled = models.BooleanField(
        _("is export controlled"),
        default=False,
        help_text=_("It leaves the country only to where the rules let it."),
    )
    allowed_countries = ArrayField(
        models.CharField(max_length=2),
        default=list,
        blank=True,
        verbose_name=_("sold to"),
        help_text=_("Codes of countries; empty: everywhere."),
    )
    blocked_countries = ArrayField(
        models.CharField(max_length=2),
        default=list,
        blank=True,
        verbose_name=_("not sold to"),
        help_text=_("Codes of countries."),
    )
    is_active = models.BooleanField(_("is active"), default=True)
    tracking = models.CharField(
        _("tracked"), max_length=8, choices=Tracking.choices, default=Tracking.NONE
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("variant")
        constraints = [
            models.UniqueConstraint(fields=["organization", "sku"], name="catalog_variant_sku"),
            models.CheckConstraint(
                condition=models.Q(min_age__lte=99)
                & (models.Q(cost_amount=None) | models.Q(cost_amount__gte=0)),
                name="catalog_variant_limits",
            ),
        ]

    def __str__(self) -> str:
        return self.sku


class KitComponent(models.Model):
    """A kit is sold as one and stocked as its parts; parts are never kits themselves."""

    kit = models.ForeignKey(Variant, models.CASCADE, related_name="components")
    component = models.ForeignKey(Variant, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("quantity"))

    class Meta:
        verbose_name = _("kit component")
        constraints = [
            models.UniqueConstraint(fields=["kit", "component"], name="catalog_component_once"),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1) & ~models.Q(kit=models.F("component")),
                name="catalog_component_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.component_id}"


class VariantUnit(models.Model):
    """A larger unit in which a variant is handled: 1 case = 12 pieces. Stock counts pieces."""

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="units")
    code = models.CharField(_("unit"), max_length=12)
    factor = models.PositiveIntegerField(_("pieces"))

    class Meta:
        verbose_name = _("unit of measure")
        constraints = [
            models.UniqueConstraint(fields=["variant", "code"], name="catalog_unit_once"),
            models.CheckConstraint(
                condition=models.Q(factor__gte=2, factor__lte=100_000), name="catalog_unit_factor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} = {self.factor}"
