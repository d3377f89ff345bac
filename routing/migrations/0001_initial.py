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
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=oms.core.models._clock_now, editable=False),
                ),
                (
                    "public_id",
                    oms.core.models.PublicIdField(
                        editable=False, max_length=40, prefix="dec", unique=True
                    ),
                ),
                ("demand_kind", models.CharField(max_length=30)),
                ("demand_ref", models.CharField(max_length=60, verbose_name="demand")),
                ("policy", models.CharField(max_length=40, verbose_name="policy")),
                (
                    "request",
                    models.JSONField(help_text="What was asked: lines, destination, deadline."),
                ),
                (
                    "candidates",
                    models.JSONField(help_text="Every node and service, with why it lost."),
                ),
                (
                    "plan",
                    models.JSONField(help_text="The chosen legs; empty when nothing could serve."),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("full", "Full"), ("partial", "Partial"), ("none", "None")],
                        max_length=12,
                        verbose_name="outcome",
                    ),
                ),
                ("promised_on", models.DateField(null=True, verbose_name="promise")),
                (
                    "cost_amount",
                    oms.core.models.AmountField(
                        decimal_places=4, max_digits=18, null=True, verbose_name="cost"
                    ),
                ),
                ("cost_currency", oms.core.models.CurrencyField(blank=True, max_length=3)),
                ("duration_us", models.PositiveIntegerField(verbose_name="µs")),
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
                "verbose_name": "decision",
                "indexes": [
                    models.Index(fields=["demand_kind", "demand_ref"], name="routing_demand")
                ],
            },
        ),
    ]
