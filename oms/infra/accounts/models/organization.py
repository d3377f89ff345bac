"""Sellers. The operator's own organization is the default; a sandbox is an organization too."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created, CurrencyField, PublicIdField


class Organization(Created):
    """Owner of orders, variants and stock. Exactly one is the operator."""

    public_id = PublicIdField("org")
    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    currency = CurrencyField(default="USD")
    is_operator = models.BooleanField(_("is the operator"), default=False)
    is_sandbox = models.BooleanField(_("is a sandbox"), default=False)
    is_active = models.BooleanField(_("is active"), default=True)

    class Meta:
        verbose_name = _("organization")
        constraints = [
            models.UniqueConstraint(
                fields=["is_operator"],
                condition=models.Q(is_operator=True),
                name="accounts_one_operator",
            ),
            models.CheckConstraint(
                condition=~models.Q(is_operator=True, is_sandbox=True),
                name="accounts_operator_is_live",
            ),
        ]

    def __str__(self) -> str:
        return self.name
