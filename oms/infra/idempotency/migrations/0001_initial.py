from django.db import migrations, models

import oms.core.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="IdempotencyRecord",
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
                ("scope", models.CharField(max_length=80)),
                ("key", models.CharField(max_length=255)),
                ("route", models.CharField(max_length=120)),
                ("fingerprint", models.CharField(max_length=64)),
                ("locked_until", models.DateTimeField()),
                ("response_status", models.PositiveSmallIntegerField(null=True)),
                ("response_body", models.TextField(null=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "key"), name="idempotency_once")
                ],
            },
        ),
    ]
