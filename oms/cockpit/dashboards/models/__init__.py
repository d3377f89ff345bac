"""Read models of the live board, fed by events; rebuilt from the facts at any time."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

#: The stages an order passes, in order; the two that end it are not on the board.
STAGES = ("verify", "route", "pick", "pack", "label", "hand_over", "in_transit", "done")
CANCELLED = "cancelled"


class OrderCard(models.Model):
    """Where one order stands on the board; an order of several parcels stands with its last one."""

    order_ref = models.CharField(max_length=40, primary_key=True)
    organization_id = models.BigIntegerField()
    number = models.CharField(max_length=40, blank=True)
    stage = models.CharField(max_length=20)
    stage_since = models.DateTimeField()
    held_since = models.DateTimeField(null=True)
    node_code = models.CharField(max_length=40, blank=True)
    place = models.CharField(max_length=120, blank=True)
    #: Of the destination, in whole degrees: enough for a line on a map, and for nothing else.
    latitude = models.SmallIntegerField(null=True)
    longitude = models.SmallIntegerField(null=True)
    latest_ship_at = models.DateTimeField(null=True)
    promised_on = models.DateField(null=True)
    placed_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    on_time = models.BooleanField(null=True)
    needed_person = models.BooleanField(default=False)
    ship_cost = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    #: What the stage is folded from: `parcels` by reference with stage and cost, how many are
    #: `expected`, the order's own `base` stage and how it ended.
    facts = models.JSONField(default=dict)
    #: The last of the order's own events; what its parcels tell needs no order.
    last_event_id = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["stage", "stage_since"],
                condition=~Q(stage__in=["done", "cancelled"]),
                name="dashboards_flow",
            ),
            models.Index(
                fields=["-stage_since"],
                condition=Q(stage__in=["label", "hand_over", "in_transit", "done"]),
                name="dashboards_latest",
            ),
            models.Index(
                fields=["delivered_at"],
                include=["on_time", "ship_cost", "needed_person", "node_code"],
                name="dashboards_delivered",
            ),
            models.Index(fields=["placed_at"], include=["node_code"], name="dashboards_placed"),
        ]

    def __str__(self) -> str:
        return self.number or self.order_ref
