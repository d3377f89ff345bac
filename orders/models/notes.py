"""What people add to an order: notes and files. Their content may be personal: it is sealed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created, PublicIdField


class OrderNote(Created):
    """A remark; sealed under the key of the order's customer, gone when that key is."""

    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="notes")
    author = models.CharField(_("author"), max_length=80)
    #: Whose key it takes; the order may get another recipient later.
    contact = models.ForeignKey("contacts.Contact", models.PROTECT, related_name="+")
    sealed = models.BinaryField()

    class Meta:
        verbose_name = _("note")
        indexes = [models.Index(fields=["order", "id"], name="orders_notes_of")]


class Attachment(Created):
    """A file; its name and content are sealed likewise."""

    public_id = PublicIdField("att")
    order = models.ForeignKey("orders.Order", models.CASCADE, related_name="attachments")
    author = models.CharField(_("author"), max_length=80)
    contact = models.ForeignKey("contacts.Contact", models.PROTECT, related_name="+")
    sealed_name = models.BinaryField()
    media_type = models.CharField(_("kind"), max_length=80)
    size_bytes = models.PositiveIntegerField(_("bytes"))
    sha256 = models.CharField(max_length=64)
    sealed = models.BinaryField()

    class Meta:
        verbose_name = _("attachment")
        constraints = [
            models.UniqueConstraint(fields=["order", "sha256"], name="orders_attachment_once"),
        ]
