import django.db.models.deletion
from django.db import migrations, models

import oms.core.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    oms.core.models.PublicIdField(
                        editable=False, max_length=40, prefix="cas", unique=True
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("hold", "On hold"),
                            ("no_stock", "No stock"),
                            ("no_route", "No route"),
                            ("label_failed", "Label refused"),
                            ("delivery_exception", "Delivery exception"),
                            ("returned_to_sender", "Returned to sender"),
                            ("lost", "Lost parcel"),
                            ("dead_letter", "Undeliverable message"),
                        ],
                        max_length=24,
                        verbose_name="kind",
                    ),
                ),
                ("subject_kind", models.CharField(max_length=30)),
                ("subject_ref", models.CharField(max_length=60)),
                ("correlation_id", models.CharField(blank=True, max_length=60)),
                ("label", models.CharField(blank=True, max_length=40, verbose_name="order")),
                ("why", models.CharField(max_length=200, verbose_name="why")),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                (
                    "closed_by",
                    models.CharField(blank=True, max_length=80, verbose_name="closed by"),
                ),
                (
                    "resolution",
                    models.CharField(blank=True, max_length=80, verbose_name="resolution"),
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
                "verbose_name": "case",
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at", None)),
                        fields=["due_at"],
                        name="control_tower_open",
                    ),
                    models.Index(fields=["correlation_id"], name="control_tower_story"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)),
                        fields=("kind", "subject_kind", "subject_ref"),
                        name="control_tower_one_open",
                    )
                ],
            },
        ),
    ]
