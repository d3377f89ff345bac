import django.db.models.deletion
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="Job",
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
                                editable=False, max_length=40, prefix="job", unique=True
                            ),
                        ),
                        ("kind", models.CharField(max_length=60, verbose_name="kind")),
                        (
                            "key",
                            models.CharField(
                                help_text="Same work, same key: resumes.",
                                max_length=120,
                                verbose_name="key",
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("queued", "Queued"),
                                    ("running", "Running"),
                                    ("succeeded", "Succeeded"),
                                    ("failed", "Failed"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="queued",
                                max_length=50,
                                verbose_name="status",
                            ),
                        ),
                        ("total", models.PositiveIntegerField(default=0, verbose_name="total")),
                        ("done", models.PositiveIntegerField(default=0, verbose_name="done")),
                        ("failed", models.PositiveIntegerField(default=0, verbose_name="failed")),
                        ("cursor", models.JSONField(blank=True, default=dict)),
                        ("result", models.JSONField(blank=True, default=dict)),
                        ("result_file", models.CharField(blank=True, max_length=400)),
                        ("error_code", models.CharField(blank=True, max_length=80)),
                        ("heartbeat_at", models.DateTimeField(null=True)),
                        ("created_by", models.CharField(max_length=80)),
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
                        "verbose_name": "job",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("kind", "key"), name="jobs_one_per_key"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("done__gte", 0), ("failed__lte", models.F("done"))
                                ),
                                name="jobs_failed_within_done",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="JobStatusChange",
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
                                to="jobs.job",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
            ],
        ),
    ]
