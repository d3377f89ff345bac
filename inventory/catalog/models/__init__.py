"""What is sold: products, and the variants that are stocked and shipped."""

from __future__ import annotations

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
    is_hazmat = models.BooleanField(_("is hazardous"), default=False)
    is_active = models.BooleanField(_("is active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("variant")
        constraints = [
            models.UniqueConstraint(fields=["organization", "sku"], name="catalog_variant_sku"),
        ]

    def __str__(self) -> str:
        return self.sku
