"""Feeds between this stock and other systems' stock."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created


class SyncSource(Created):
    """Another system that tells of stock changes, numbered without gaps."""

    class Kind(models.TextChoices):
        ERP = "erp", _("ERP")
        WMS = "wms", _("WMS")
        POS = "pos", _("Point of sale")

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    code = models.SlugField(_("code"), max_length=40)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    #: Every message up to this number is applied.
    applied_sequence = models.BigIntegerField(_("applied up to"), default=0)
    last_seen_at = models.DateTimeField(_("last message"), null=True)

    class Meta:
        verbose_name = _("stock feed")
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="inventory_source_code"),
        ]

    def __str__(self) -> str:
        return self.code


class SyncMessage(Created):
    """One numbered message. Waits until all before it have come; applied once."""

    class Kind(models.TextChoices):
        DELTA = "delta", _("Changes")
        SNAPSHOT = "snapshot", _("Snapshot")

    source = models.ForeignKey(SyncSource, models.PROTECT, related_name="messages")
    sequence = models.BigIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    body = models.JSONField(_("content"))
    #: Hash of the content: the same number with other content is refused.
    content_hash = models.CharField(max_length=64)
    applied_at = models.DateTimeField(_("applied"), null=True)
    #: Code and words of why its changes could not be booked; a person decides.
    problem = models.CharField(_("problem"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("stock message")
        constraints = [
            models.UniqueConstraint(fields=["source", "sequence"], name="inventory_message_once"),
            models.CheckConstraint(
                condition=models.Q(sequence__gte=1), name="inventory_message_numbered"
            ),
        ]
        indexes = [
            models.Index(
                fields=["source", "sequence"],
                condition=models.Q(applied_at__isnull=True),
                name="inventory_messages_waiting",
            ),
        ]


class DriftReport(Created):
    """One comparison of a snapshot with our balances; nothing is overwritten."""

    source = models.ForeignKey(SyncSource, models.PROTECT, related_name="reports")
    message = models.OneToOneField(SyncMessage, models.PROTECT, related_name="report")
    compared = models.PositiveIntegerField(_("places compared"))
    differing = models.PositiveIntegerField(_("places that differ"))

    class Meta:
        verbose_name = _("drift report")


class Drift(models.Model):
    """A place where the other system counts another number."""

    report = models.ForeignKey(DriftReport, models.CASCADE, related_name="drifts")
    position = models.ForeignKey("inventory.StockPosition", models.PROTECT, related_name="+")
    ours = models.IntegerField(_("ours"))
    theirs = models.IntegerField(_("theirs"))
    last_movement = models.ForeignKey(
        "inventory.StockMovement", models.PROTECT, null=True, related_name="+"
    )
    #: When a person took their number over, with a movement.
    accepted_at = models.DateTimeField(_("taken over"), null=True)
    #: When a newer comparison, or another number taken over, answered it.
    superseded_at = models.DateTimeField(_("superseded"), null=True)

    class Meta:
        verbose_name = _("drift")
        constraints = [
            models.UniqueConstraint(fields=["report", "position"], name="inventory_drift_once"),
        ]


class PublishedAvailability(models.Model):
    """What a channel was last told of a variant, and the number of that telling."""

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    channel = models.CharField(_("channel"), max_length=40)
    variant = models.ForeignKey("catalog.Variant", models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField(_("can be sold"))
    #: Rises with every change told to the channel, in the order of commits.
    sequence = models.BigIntegerField()
    published_at = models.DateTimeField(_("told"))

    class Meta:
        verbose_name = _("published availability")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "channel", "variant"], name="inventory_published_once"
            ),
            models.UniqueConstraint(
                fields=["organization", "channel", "sequence"], name="inventory_published_in_order"
            ),
        ]
