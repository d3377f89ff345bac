"""Partner credentials: shown once, stored as a hash, limited by scopes."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created


class ApiKey(Created):
    """`oms_live_<id><secret><checksum>`; only `key_id` and the SHA-256 of the whole are kept."""

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="keys")
    name = models.CharField(_("name"), max_length=80)
    key_id = models.CharField(_("key id"), max_length=8, unique=True)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    created_by = models.CharField(max_length=80)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")

    def __str__(self) -> str:
        return f"{self.name} ({self.key_id}…)"
