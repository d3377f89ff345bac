"""Who buys: a reference and the key to their data, never the data."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created, PublicIdField


class Customer(Created):
    """A buyer of one organization, known by the channel's reference or by mail (keyed hash)."""

    public_id = PublicIdField("cus")
    organization = models.ForeignKey(
        "accounts.Organization", models.PROTECT, related_name="+", db_index=False
    )
    reference = models.CharField(_("reference"), max_length=80)
    subject = models.ForeignKey("contacts.Subject", models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("customer")
        constraints = [
            models.UniqueConstraint(fields=["organization", "reference"], name="customers_once"),
        ]

    def __str__(self) -> str:
        return self.public_id
