"""Stored answers, so that a repeated request repeats the answer and not the effect."""

from __future__ import annotations

from django.db import models

from oms.core.models import Created


class IdempotencyRecord(Created):
    """One key of one credential: unfinished while `response_status` is null."""

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    route = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    locked_until = models.DateTimeField()
    response_status = models.PositiveSmallIntegerField(null=True)
    # Text, not jsonb: a repeat is answered byte for byte, and jsonb would reorder the keys.
    response_body = models.TextField(null=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key"], name="idempotency_once"),
        ]
