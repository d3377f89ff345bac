import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
        ("catalog", "0001_tables"),
        ("nodes", "0001_tables"),
        ("orders", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="Return",
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
                                editable=False, max_length=40, prefix="ret", unique=True
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("unwanted", "No longer wanted"),
                                    ("damaged", "Arrived damaged"),
                                    ("wrong_item", "Wrong item"),
                                    ("does_not_fit", "Does not fit"),
                                    ("other", "Other"),
                                ],
                                max_length=20,
                                verbose_name="reason",
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("requested", "Requested"),
                                    ("approved", "Approved"),
                                    ("declined", "Declined"),
                                    ("in_progress", "In progress"),
                                    ("closed", "Closed"),
                                    ("cancelled", "Cancelled"),
                                    ("expired", "Expired"),
                                ],
                                default="requested",
                                max_length=50,
                                verbose_name="status",
                            ),
                        ),
                        ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                        (
                            "node",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="nodes.node",
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="orders.order",
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
                        "verbose_name": "return",
                        "indexes": [
                            models.Index(fields=["organization", "-id"], name="returns_newest")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReturnStatusChange",
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
                                to="returns.return",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="ReturnLine",
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
                        ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                        (
                            "restocked",
                            models.PositiveIntegerField(default=0, verbose_name="restocked"),
                        ),
                        (
                            "quarantined",
                            models.PositiveIntegerField(default=0, verbose_name="quarantined"),
                        ),
                        ("missing", models.PositiveIntegerField(default=0, verbose_name="missing")),
                        (
                            "order_line",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="orders.orderline",
                            ),
                        ),
                        (
                            "parent",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="returns.return",
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
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("parent", "order_line"), name="returns_line_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "quantity__gte",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("restocked"), "+", models.F("quarantined")
                                            ),
                                            "+",
                                            models.F("missing"),
                                        ),
                                    )
                                ),
                                name="returns_within_line",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
