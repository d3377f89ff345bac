import django.db.models.deletion
from django.db import migrations, models

import oms.core.migrating


class Migration(migrations.Migration):
    replaces = [("outbox", "0001_initial"), ("outbox", "0003_fewer_indexes")]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="OutboxEvent",
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
                        ("event_id", models.UUIDField(unique=True)),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        ("aggregate_kind", models.CharField(max_length=40)),
                        ("aggregate_id", models.CharField(max_length=60)),
                        ("correlation_id", models.CharField(blank=True, max_length=60)),
                        ("causation_id", models.CharField(blank=True, max_length=60)),
                        ("actor", models.CharField(max_length=80)),
                        ("hops", models.PositiveSmallIntegerField(default=0)),
                        ("payload", models.JSONField()),
                        ("occurred_at", models.DateTimeField()),
                        ("recorded_at", models.DateTimeField()),
                        ("relayed_at", models.DateTimeField(null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "event",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("relayed_at", None)),
                                fields=["id"],
                                name="outbox_due",
                            ),
                            models.Index(fields=["correlation_id", "id"], name="outbox_story"),
                            models.Index(
                                fields=["aggregate_kind", "aggregate_id", "id"],
                                name="outbox_aggregate",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Receipt",
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
                        ("consumer", models.CharField(max_length=80)),
                        ("at", models.DateTimeField()),
                        (
                            "event",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="receipts",
                                to="outbox.outboxevent",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("event", "consumer"), name="outbox_effect_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Redelivery",
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
                        ("consumer", models.CharField(max_length=80, verbose_name="consumer")),
                        (
                            "attempts",
                            models.PositiveIntegerField(default=0, verbose_name="attempts"),
                        ),
                        ("available_at", models.DateTimeField(verbose_name="next try")),
                        (
                            "parked_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="parked"),
                        ),
                        (
                            "last_error",
                            models.CharField(blank=True, max_length=400, verbose_name="last error"),
                        ),
                        (
                            "event",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="redeliveries",
                                to="outbox.outboxevent",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "failed delivery",
                        "verbose_name_plural": "failed deliveries",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("parked_at", None)),
                                fields=["available_at"],
                                name="outbox_retry_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("event", "consumer"), name="outbox_retry_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RelayHeartbeat",
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
                        ("name", models.CharField(max_length=80, unique=True)),
                        ("at", models.DateTimeField()),
                        ("delivered", models.BigIntegerField(default=0)),
                    ],
                ),
            ],
        ),
    ]
