import django.db.models.deletion
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [
        ("warehouse", "0001_initial"),
        ("warehouse", "0002_claims_and_queues"),
        ("warehouse", "0003_kit_parts"),
        ("warehouse", "0004_blocked_scopes"),
        ("warehouse", "0005_merging"),
        ("warehouse", "0006_cancel_asked"),
        ("warehouse", "0007_due_first"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
        ("catalog", "0001_tables"),
        ("nodes", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="WorkOrder",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                default=oms.core.models._clock_now, editable=False
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=0, editable=False)),
                        (
                            "public_id",
                            oms.core.models.PublicIdField(
                                editable=False, max_length=40, prefix="wrk", unique=True
                            ),
                        ),
                        ("demand_kind", models.CharField(max_length=30)),
                        ("demand_ref", models.CharField(max_length=60)),
                        ("label", models.CharField(max_length=40, verbose_name="order")),
                        ("correlation_id", models.CharField(blank=True, max_length=60)),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("open", "Waiting to be picked"),
                                    ("picking", "Being picked"),
                                    ("picked", "Picked"),
                                    ("packed", "Packed"),
                                    ("labeled", "Labeled"),
                                    ("handed_over", "Handed over"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="open",
                                max_length=50,
                                verbose_name="status",
                            ),
                        ),
                        ("priority", models.IntegerField(default=0, verbose_name="priority")),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("blocked_scopes", models.JSONField(default=dict, verbose_name="blocked")),
                        ("released_by", models.CharField(max_length=80)),
                        (
                            "picker",
                            models.CharField(blank=True, max_length=80, verbose_name="picker"),
                        ),
                        (
                            "packer",
                            models.CharField(blank=True, max_length=80, verbose_name="packer"),
                        ),
                        ("picked_at", models.DateTimeField(null=True, verbose_name="picked")),
                        ("packed_at", models.DateTimeField(null=True, verbose_name="packed")),
                        ("labeled_at", models.DateTimeField(null=True, verbose_name="labeled")),
                        (
                            "handed_over_at",
                            models.DateTimeField(null=True, verbose_name="handed over"),
                        ),
                        ("claimed_by", models.CharField(blank=True, max_length=80)),
                        ("claimed_until", models.DateTimeField(null=True)),
                        ("merged_count", models.PositiveSmallIntegerField(default=0)),
                        (
                            "cancel_asked_at",
                            models.DateTimeField(null=True, verbose_name="cancellation asked"),
                        ),
                        (
                            "cancel_reason",
                            models.CharField(blank=True, max_length=200, verbose_name="why"),
                        ),
                        (
                            "merged_into",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merged",
                                to="warehouse.workorder",
                            ),
                        ),
                        (
                            "node",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="nodes.node",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "work order",
                        "indexes": [
                            models.Index(
                                condition=models.Q(
                                    ("status__in", ["handed_over", "cancelled"]), _negated=True
                                ),
                                fields=["node", "status", "due_at", "-priority"],
                                name="warehouse_queue",
                            ),
                            models.Index(fields=["correlation_id"], name="warehouse_correlation"),
                            models.Index(
                                condition=models.Q(("status", "handed_over")),
                                fields=["node", "handed_over_at"],
                                name="warehouse_done",
                            ),
                            models.Index(
                                condition=models.Q(("cancel_asked_at__isnull", False)),
                                fields=["cancel_asked_at"],
                                name="warehouse_asked",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("merged_into", None),
                                    models.Q(
                                        ("merged_count", 0),
                                        models.Q(("merged_into", models.F("id")), _negated=True),
                                    ),
                                    _connector="OR",
                                ),
                                name="warehouse_follows_a_lead",
                            ),
                            models.UniqueConstraint(
                                fields=("demand_kind", "demand_ref"),
                                name="warehouse_one_per_demand",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WorkOrderStatusChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        ("trigger", models.CharField(max_length=40)),
                        ("from_status", models.CharField(max_length=40)),
                        ("to_status", models.CharField(max_length=40)),
                        ("actor", models.CharField(max_length=80)),
                        ("reason", models.CharField(blank=True, max_length=200)),
                        ("at", models.DateTimeField()),
                        (
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="status_changes",
                                to="warehouse.workorder",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="WorkLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        ("line_ref", models.CharField(max_length=60)),
                        ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                        ("picked", models.PositiveIntegerField(default=0, verbose_name="picked")),
                        (
                            "cancel_asked",
                            models.PositiveIntegerField(default=0, verbose_name="to be cancelled"),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                        (
                            "work_order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="warehouse.workorder",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("work_order", "line_ref", "variant"),
                                name="warehouse_line_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("picked__lte", models.F("quantity")), ("quantity__gte", 1)
                                ),
                                name="warehouse_picks_within_line",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("cancel_asked__lte", models.F("quantity"))),
                                name="warehouse_asks_within_line",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Parcel",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                default=oms.core.models._clock_now, editable=False
                            ),
                        ),
                        (
                            "public_id",
                            oms.core.models.PublicIdField(
                                editable=False, max_length=40, prefix="pcl", unique=True
                            ),
                        ),
                        ("weight_g", models.PositiveIntegerField(verbose_name="weight, g")),
                        ("length_mm", models.PositiveIntegerField(verbose_name="length, mm")),
                        ("width_mm", models.PositiveIntegerField(verbose_name="width, mm")),
                        ("height_mm", models.PositiveIntegerField(verbose_name="height, mm")),
                        (
                            "tracking_number",
                            models.CharField(
                                blank=True, max_length=60, verbose_name="tracking number"
                            ),
                        ),
                        (
                            "work_order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="parcels",
                                to="warehouse.workorder",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "parcel",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("work_order",), name="warehouse_one_parcel"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PutBack",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True,
                                primary_key=True,
                                serialize=False,
                                verbose_name="ID",
                            ),
                        ),
                        (
                            "created_at",
                            models.DateTimeField(
                                default=oms.core.models._clock_now, editable=False
                            ),
                        ),
                        (
                            "public_id",
                            oms.core.models.PublicIdField(
                                editable=False, max_length=40, prefix="put", unique=True
                            ),
                        ),
                        ("quantity", models.PositiveIntegerField(verbose_name="units")),
                        ("done_at", models.DateTimeField(null=True, verbose_name="done")),
                        (
                            "done_by",
                            models.CharField(blank=True, max_length=80, verbose_name="done by"),
                        ),
                        (
                            "node",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="nodes.node",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                        (
                            "work_order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="put_backs",
                                to="warehouse.workorder",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "put-back",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("done_at", None)),
                                fields=["node", "id"],
                                name="warehouse_to_put_back",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("quantity__gte", 1)),
                                name="warehouse_puts_something",
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
