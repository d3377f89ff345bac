"""Cases: what needs a person, one open case per kind and subject."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms.core.models import PublicIdField


class Case(models.Model):
    """Something went another way than planned. Closed when it heals or a person decides."""

    class Kind(models.TextChoices):
        HOLD = "hold", _("On hold")
        NO_STOCK = "no_stock", _("No stock")
        NO_ROUTE = "no_route", _("No route")
        LABEL_FAILED = "label_failed", _("Label refused")
        DELIVERY_EXCEPTION = "delivery_exception", _("Delivery exception")
        RETURNED_TO_SENDER = "returned_to_sender", _("Returned to sender")
        LOST = "lost", _("Lost parcel")
        DEAD_LETTER = "dead_letter", _("Undeliverable message")

    public_id = PublicIdField("cas")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=24, choices=Kind.choices)
    subject_kind = models.CharField(max_length=30)
    subject_ref = models.CharField(max_length=60)
    correlation_id = models.CharField(max_length=60, blank=True)
    label = models.CharField(_("order"), max_length=40, blank=True)
    why = models.CharField(_("why"), max_length=200)
    due_at = models.DateTimeField(_("due"), null=True)
    opened_at = models.DateTimeField(_("opened"))
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_by = models.CharField(_("closed by"), max_length=80, blank=True)
    resolution = models.CharField(_("resolution"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("case")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_ref"],
                condition=Q(closed_at=None),
                name="control_tower_one_open",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(closed_at=None), name="control_tower_open"),
            models.Index(fields=["correlation_id"], name="control_tower_story"),
        ]

    def __str__(self) -> str:
        return self.public_id
