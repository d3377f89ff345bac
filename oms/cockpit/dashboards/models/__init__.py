"""Read models of the live board, fed by events; rebuilt from the truth at any time."""

from __future__ import annotations

from django.db import models


class OrderCard(models.Model):
    """Where one order stands on the board."""

    order_ref = models.CharField(max_length=40, primary_key=True)
    organization_id = models.BigIntegerField()
    number = models.CharField(max_length=40)
    stage = models.CharField(max_length=20)
    stage_since = models.DateTimeField()
    node_code = models.CharField(max_length=40, blank=True)
    place = models.CharField(max_length=120, blank=True)
    latest_ship_at = models.DateTimeField(null=True)
    promised_on = models.DateField(null=True)
    is_on_hold = models.BooleanField(default=False)
    placed_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    on_time = models.BooleanField(null=True)
    ship_cost = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    last_event_id = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["stage", "stage_since"],
                condition=~models.Q(stage__in=["done", "cancelled"]),
                name="dashboards_flow",
            ),
            models.Index(fields=["delivered_at"], name="dashboards_delivered"),
            models.Index(fields=["placed_at"], name="dashboards_placed"),
        ]
