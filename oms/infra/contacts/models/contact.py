"""The only place of personal data: ciphertext under a key per subject, plus coarse geography."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created, PublicIdField


class Subject(Created):
    """A person or company whose data can be erased by destroying one key."""

    public_id = PublicIdField("sub")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    wrapped_key = models.BinaryField(null=True, help_text=_("The subject's key, itself encrypted."))
    key_version = models.PositiveSmallIntegerField(default=1)
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.public_id


class Contact(Created):
    """One name and address of a subject, sealed; the open columns are coarse on purpose."""

    public_id = PublicIdField("con")
    subject = models.ForeignKey(Subject, models.PROTECT, related_name="contacts", db_index=False)
    ciphertext = models.BinaryField(help_text=_("Name, company, phones, mails, street, postcode."))
    fingerprint = models.CharField(max_length=64)
    email_hash = models.CharField(max_length=64, blank=True)
    phone_hash = models.CharField(max_length=64, blank=True)
    address_hash = models.CharField(max_length=32, blank=True, default="")
    name_hashes = ArrayField(models.CharField(max_length=32), default=list)
    country = models.CharField(max_length=2)
    region = models.CharField(max_length=60, blank=True)
    city = models.CharField(max_length=120, blank=True)
    postcode_district = models.CharField(max_length=3, blank=True)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "fingerprint"], name="contacts_one_per_content"
            ),
        ]
        indexes = [
            models.Index(
                fields=["email_hash", "id"],
                condition=~models.Q(email_hash=""),
                name="contacts_mail_newest",
            ),
            models.Index(
                fields=["phone_hash", "id"],
                condition=~models.Q(phone_hash=""),
                name="contacts_phone_newest",
            ),
            models.Index(
                fields=["address_hash", "id"],
                condition=~models.Q(address_hash=""),
                name="contacts_street_newest",
            ),
            GinIndex(fields=["name_hashes"], name="contacts_names"),
        ]

    def __str__(self) -> str:
        return self.public_id
