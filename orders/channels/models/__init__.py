"""Where orders come from, as data with rules."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


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
    is_active = models.BooleanField(_("is active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("channel")
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="channels_code"),
        ]

    def __str__(self) -> str:
        return self.name
