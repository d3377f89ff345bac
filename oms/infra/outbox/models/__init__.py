"""The transactional outbox: facts written with the change, delivered after it, each effect once."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class OutboxEvent(models.Model):
    """One fact. `id` rises within an aggregate, so it is also the aggregate's order (adr/0003)."""

    event_id = models.UUIDField(unique=True)
    name = models.CharField(_("name"), max_length=80)
    organization = models.ForeignKey(
        "accounts.Organization", models.PROTECT, related_name="+", db_index=False
    )
    aggregate_kind = models.CharField(max_length=40)
    aggregate_id = models.CharField(max_length=60)
    correlation_id = models.CharField(max_length=60, blank=True)
    causation_id = models.CharField(max_length=60, blank=True)
    actor = models.CharField(max_length=80)
    hops = models.PositiveSmallIntegerField(default=0)
    payload = models.JSONField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    relayed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("event")
        indexes = [
            models.Index(fields=["id"], condition=models.Q(relayed_at=None), name="outbox_due"),
            models.Index(fields=["correlation_id", "id"], name="outbox_story"),
            models.Index(fields=["aggregate_kind", "aggregate_id", "id"], name="outbox_aggregate"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.aggregate_id}"


class Receipt(models.Model):
    """A consumer has taken an event; written in the transaction of its effect."""

    consumer = models.CharField(max_length=80)
    event = models.ForeignKey(OutboxEvent, models.CASCADE, related_name="receipts")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "consumer"], name="outbox_effect_once"),
        ]


class Redelivery(models.Model):
    """A delivery that failed and waits, or was parked as a dead letter for a person."""

    consumer = models.CharField(_("consumer"), max_length=80)
    event = models.ForeignKey(OutboxEvent, models.CASCADE, related_name="redeliveries")
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    available_at = models.DateTimeField(_("next try"))
    parked_at = models.DateTimeField(_("parked"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("failed delivery")
        verbose_name_plural = _("failed deliveries")
        constraints = [
            models.UniqueConstraint(fields=["event", "consumer"], name="outbox_retry_once"),
        ]
        indexes = [
            models.Index(
                fields=["available_at"], condition=models.Q(parked_at=None), name="outbox_retry_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.consumer} × {self.attempts}"


class RelayHeartbeat(models.Model):
    """The last sign of life of each relay."""

    name = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()
    delivered = models.BigIntegerField(default=0)
