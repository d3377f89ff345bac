"""Lots and serial numbers of the variants that are tracked by them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from oms.core.models import AmountField, Created, CurrencyField, PublicIdField


class Block(models.TextChoices):
    """Why a lot or serial may not be sold; empty: it may."""

    NONE = "", _("May be sold")
    HOLD = "hold", _("On hold")
    QUARANTINE = "quarantine", _("In quarantine")
    RECALLED = "recalled", _("Recalled")


class Lot(Created):
    """Units of one variant that were made together; expiry and cost are the lot's."""

    public_id = PublicIdField("lot")
    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    code = models.CharField(_("lot"), max_length=60)
    expires_on = models.DateField(_("expires"), null=True, blank=True)
    #: Not sold from this day on; empty: the expiry date counts.
    removal_on = models.DateField(_("remove from sale"), null=True, blank=True)
    cost_amount = AmountField(_("unit cost"), null=True, blank=True)
    cost_currency = CurrencyField(_("currency"), blank=True)
    block = models.CharField(
        _("block"), max_length=12, choices=Block.choices, default=Block.NONE, blank=True
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("lot")
        constraints = [
            models.UniqueConstraint(fields=["variant", "code"], name="inventory_lot_code"),
            models.CheckConstraint(
                condition=models.Q(removal_on__isnull=True)
                | models.Q(expires_on__isnull=True)
                | models.Q(removal_on__lte=models.F("expires_on")),
                name="inventory_lot_removed_before_expiry",
            ),
        ]
        indexes = [models.Index(fields=["code"], name="inventory_lot_by_code")]

    def __str__(self) -> str:
        return self.code


class LotBalance(models.Model):
    """A position's balances by lot. Sums over the lots are the position's own balances."""

    position = models.ForeignKey(
        "inventory.StockPosition", models.PROTECT, related_name="lot_balances"
    )
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="balances")
    on_hand = models.IntegerField(_("on hand"), default=0)
    allocated = models.IntegerField(_("allocated"), default=0)
    quarantined = models.IntegerField(_("quarantined"), default=0)
    damaged = models.IntegerField(_("damaged"), default=0)
    returned = models.IntegerField(_("returned"), default=0)

    class Meta:
        verbose_name = _("lot balance")
        constraints = [
            models.UniqueConstraint(fields=["position", "lot"], name="inventory_one_lot_balance"),
            models.CheckConstraint(
                condition=models.Q(
                    allocated__gte=0, quarantined__gte=0, damaged__gte=0, returned__gte=0
                ),
                name="inventory_lot_no_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(on_hand__gte=models.F("allocated")),
                name="inventory_lot_no_oversell",
            ),
        ]
        indexes = [models.Index(fields=["lot"], name="inventory_lot_places")]


class Serial(Created):
    """One unit with a number of its own: in one place, promised to one demand at most.

    In stock: `position` is set. Out: it is not. `reservation` is its one open allocation.
    """

    variant = models.ForeignKey("catalog.Variant", models.PROTECT, related_name="+")
    code = models.CharField(_("serial number"), max_length=60)
    lot = models.ForeignKey(Lot, models.PROTECT, null=True, related_name="serials")
    position = models.ForeignKey(
        "inventory.StockPosition", models.PROTECT, null=True, related_name="serials"
    )
    reservation = models.ForeignKey(
        "inventory.Reservation", models.PROTECT, null=True, related_name="serials"
    )
    #: Which balance of its position counts it: on_hand, quarantined, damaged or returned.
    condition = models.CharField(_("condition"), max_length=12, default="on_hand")
    block = models.CharField(
        _("block"), max_length=12, choices=Block.choices, default=Block.NONE, blank=True
    )

    class Meta:
        verbose_name = _("serial number")
        constraints = [
            models.UniqueConstraint(fields=["variant", "code"], name="inventory_serial_code"),
            # Promised units are on a shelf.
            models.CheckConstraint(
                condition=models.Q(reservation__isnull=True) | models.Q(position__isnull=False),
                name="inventory_serial_promised_in_stock",
            ),
        ]
        indexes = [
            models.Index(fields=["code"], name="inventory_serial_by_code"),
            models.Index(
                fields=["position"],
                condition=models.Q(reservation__isnull=True),
                name="inventory_serial_free",
            ),
            models.Index(
                fields=["reservation"],
                condition=models.Q(reservation__isnull=False),
                name="inventory_serial_promised",
            ),
        ]

    def __str__(self) -> str:
        return self.code
