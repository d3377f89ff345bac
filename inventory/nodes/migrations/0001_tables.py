import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [
        ("nodes", "0001_initial"),
        ("nodes", "0002_history_repeats_identifiers"),
        ("nodes", "0003_stock_core"),
        ("nodes", "0004_acceptance"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="HistoricalNode",
                    fields=[
                        (
                            "id",
                            models.BigIntegerField(
                                auto_created=True, blank=True, db_index=True, verbose_name="ID"
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
                                db_index=True,
                                editable=False,
                                max_length=40,
                                prefix="nod",
                                unique=False,
                            ),
                        ),
                        ("code", models.SlugField(max_length=40, verbose_name="code")),
                        ("name", models.CharField(max_length=120, verbose_name="name")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("warehouse", "Warehouse"),
                                    ("store", "Store"),
                                    ("mfc", "Micro-fulfillment center"),
                                    ("dark_store", "Dark store"),
                                    ("locker", "Locker"),
                                    ("pickup_hub", "Pickup hub"),
                                ],
                                max_length=20,
                                verbose_name="kind",
                            ),
                        ),
                        ("country", models.CharField(max_length=2, verbose_name="country")),
                        (
                            "region",
                            models.CharField(blank=True, max_length=60, verbose_name="region"),
                        ),
                        ("city", models.CharField(max_length=120, verbose_name="city")),
                        (
                            "postcode",
                            models.CharField(blank=True, max_length=12, verbose_name="postcode"),
                        ),
                        (
                            "street",
                            models.CharField(blank=True, max_length=160, verbose_name="street"),
                        ),
                        (
                            "latitude",
                            models.FloatField(
                                validators=[
                                    django.core.validators.MinValueValidator(-90),
                                    django.core.validators.MaxValueValidator(90),
                                ],
                                verbose_name="latitude",
                            ),
                        ),
                        (
                            "longitude",
                            models.FloatField(
                                validators=[
                                    django.core.validators.MinValueValidator(-180),
                                    django.core.validators.MaxValueValidator(180),
                                ],
                                verbose_name="longitude",
                            ),
                        ),
                        ("timezone", models.CharField(max_length=60, verbose_name="time zone")),
                        ("cutoff_time", models.TimeField(verbose_name="cut-off, local time")),
                        (
                            "processing_minutes",
                            models.PositiveIntegerField(
                                default=120, verbose_name="processing, minutes"
                            ),
                        ),
                        (
                            "working_days",
                            models.PositiveSmallIntegerField(
                                default=31,
                                help_text="Bits, Monday first.",
                                verbose_name="working days",
                            ),
                        ),
                        (
                            "daily_capacity",
                            models.PositiveIntegerField(default=500, verbose_name="orders a day"),
                        ),
                        (
                            "can_ship",
                            models.BooleanField(default=True, verbose_name="ships parcels"),
                        ),
                        (
                            "can_pick_up",
                            models.BooleanField(default=False, verbose_name="customers pick up"),
                        ),
                        (
                            "takes_returns",
                            models.BooleanField(default=True, verbose_name="takes returns"),
                        ),
                        (
                            "needs_acceptance",
                            models.BooleanField(
                                default=False,
                                help_text="Work that is not accepted within two minutes goes to another node.",
                                verbose_name="accepts work first",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="is active")),
                        ("history_id", models.AutoField(primary_key=True, serialize=False)),
                        ("history_date", models.DateTimeField(db_index=True)),
                        ("history_change_reason", models.CharField(max_length=100, null=True)),
                        (
                            "history_type",
                            models.CharField(
                                choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")],
                                max_length=1,
                            ),
                        ),
                        (
                            "history_user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical node",
                        "verbose_name_plural": "historical nodes",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Node",
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
                                editable=False, max_length=40, prefix="nod", unique=True
                            ),
                        ),
                        ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                        ("name", models.CharField(max_length=120, verbose_name="name")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("warehouse", "Warehouse"),
                                    ("store", "Store"),
                                    ("mfc", "Micro-fulfillment center"),
                                    ("dark_store", "Dark store"),
                                    ("locker", "Locker"),
                                    ("pickup_hub", "Pickup hub"),
                                ],
                                max_length=20,
                                verbose_name="kind",
                            ),
                        ),
                        ("country", models.CharField(max_length=2, verbose_name="country")),
                        (
                            "region",
                            models.CharField(blank=True, max_length=60, verbose_name="region"),
                        ),
                        ("city", models.CharField(max_length=120, verbose_name="city")),
                        (
                            "postcode",
                            models.CharField(blank=True, max_length=12, verbose_name="postcode"),
                        ),
                        (
                            "street",
                            models.CharField(blank=True, max_length=160, verbose_name="street"),
                        ),
                        (
                            "latitude",
                            models.FloatField(
                                validators=[
                                    django.core.validators.MinValueValidator(-90),
                                    django.core.validators.MaxValueValidator(90),
                                ],
                                verbose_name="latitude",
                            ),
                        ),
                        (
                            "longitude",
                            models.FloatField(
                                validators=[
                                    django.core.validators.MinValueValidator(-180),
                                    django.core.validators.MaxValueValidator(180),
                                ],
                                verbose_name="longitude",
                            ),
                        ),
                        ("timezone", models.CharField(max_length=60, verbose_name="time zone")),
                        ("cutoff_time", models.TimeField(verbose_name="cut-off, local time")),
                        (
                            "processing_minutes",
                            models.PositiveIntegerField(
                                default=120, verbose_name="processing, minutes"
                            ),
                        ),
                        (
                            "working_days",
                            models.PositiveSmallIntegerField(
                                default=31,
                                help_text="Bits, Monday first.",
                                verbose_name="working days",
                            ),
                        ),
                        (
                            "daily_capacity",
                            models.PositiveIntegerField(default=500, verbose_name="orders a day"),
                        ),
                        (
                            "can_ship",
                            models.BooleanField(default=True, verbose_name="ships parcels"),
                        ),
                        (
                            "can_pick_up",
                            models.BooleanField(default=False, verbose_name="customers pick up"),
                        ),
                        (
                            "takes_returns",
                            models.BooleanField(default=True, verbose_name="takes returns"),
                        ),
                        (
                            "needs_acceptance",
                            models.BooleanField(
                                default=False,
                                help_text="Work that is not accepted within two minutes goes to another node.",
                                verbose_name="accepts work first",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="is active")),
                    ],
                    options={
                        "verbose_name": "node",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("working_days__gte", 1), ("working_days__lte", 127)
                                ),
                                name="nodes_working_days",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("latitude__range", (-90, 90)),
                                    ("longitude__range", (-180, 180)),
                                ),
                                name="nodes_on_earth",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NodeAllowance",
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
                            "node",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="allowances",
                                to="nodes.node",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("node", "organization"), name="nodes_allowed_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Bin",
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
                        ("code", models.CharField(max_length=40, verbose_name="bin")),
                        (
                            "node",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="bins",
                                to="nodes.node",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "bin",
                        "constraints": [
                            models.UniqueConstraint(fields=("node", "code"), name="nodes_bin_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalPool",
                    fields=[
                        (
                            "id",
                            models.BigIntegerField(
                                auto_created=True, blank=True, db_index=True, verbose_name="ID"
                            ),
                        ),
                        ("code", models.SlugField(max_length=40, verbose_name="code")),
                        ("name", models.CharField(max_length=120, verbose_name="name")),
                        ("history_id", models.AutoField(primary_key=True, serialize=False)),
                        ("history_date", models.DateTimeField(db_index=True)),
                        ("history_change_reason", models.CharField(max_length=100, null=True)),
                        (
                            "history_type",
                            models.CharField(
                                choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")],
                                max_length=1,
                            ),
                        ),
                        (
                            "history_user",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical pool",
                        "verbose_name_plural": "historical pools",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Pool",
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
                        ("code", models.SlugField(max_length=40, verbose_name="code")),
                        ("name", models.CharField(max_length=120, verbose_name="name")),
                        ("nodes", models.ManyToManyField(related_name="pools", to="nodes.node")),
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
                        "verbose_name": "pool",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "code"), name="nodes_pool_code"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalPool_nodes",
                    fields=[
                        (
                            "id",
                            models.BigIntegerField(
                                auto_created=True, blank=True, db_index=True, verbose_name="ID"
                            ),
                        ),
                        ("m2m_history_id", models.AutoField(primary_key=True, serialize=False)),
                        (
                            "history",
                            models.ForeignKey(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                to="nodes.historicalpool",
                            ),
                        ),
                        (
                            "node",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_tablespace="",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="nodes.node",
                            ),
                        ),
                        (
                            "pool",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                db_tablespace="",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="nodes.pool",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "HistoricalPool_nodes",
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
            ],
        ),
    ]
