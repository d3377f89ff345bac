import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.lookups
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [("channels", "0001_initial"), ("channels", "0002_rules_and_levels")]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="HistoricalChannel",
                    fields=[
                        (
                            "id",
                            models.BigIntegerField(
                                auto_created=True, blank=True, db_index=True, verbose_name="ID"
                            ),
                        ),
                        ("code", models.SlugField(max_length=40, verbose_name="code")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("storefront", "Storefront"),
                                    ("marketplace", "Marketplace"),
                                    ("pos", "Point of sale"),
                                    ("api", "API"),
                                    ("phone", "Phone"),
                                    ("file", "File import"),
                                ],
                                max_length=20,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "brand",
                            models.CharField(
                                blank=True, max_length=80, verbose_name="brand shown to customers"
                            ),
                        ),
                        (
                            "default_tier",
                            models.CharField(
                                default="standard", max_length=20, verbose_name="default tier"
                            ),
                        ),
                        (
                            "needs_street",
                            models.BooleanField(
                                default=True,
                                help_text="Off for marketplaces that keep the street to themselves.",
                                verbose_name="needs the street",
                            ),
                        ),
                        (
                            "auto_approve",
                            models.BooleanField(
                                default=True,
                                help_text="Off: every order waits for a person's approval.",
                                verbose_name="approves by itself",
                            ),
                        ),
                        (
                            "approval_above_amount",
                            oms.core.models.AmountField(
                                blank=True,
                                decimal_places=4,
                                help_text="Orders of more than this, in their own currency, need an approval.",
                                max_digits=18,
                                null=True,
                                verbose_name="approval above",
                            ),
                        ),
                        (
                            "requires_payment",
                            models.BooleanField(
                                default=False,
                                help_text="Nothing is released to a node before it is paid.",
                                verbose_name="requires payment",
                            ),
                        ),
                        (
                            "tiers",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20),
                                blank=True,
                                default=list,
                                help_text="None ticked: all of them.",
                                size=None,
                                verbose_name="offered service levels",
                            ),
                        ),
                        (
                            "carriers",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40),
                                blank=True,
                                default=list,
                                help_text="None ticked: all of them.",
                                size=None,
                                verbose_name="allowed carriers",
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
                        "verbose_name": "historical channel",
                        "verbose_name_plural": "historical channels",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Channel",
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
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("storefront", "Storefront"),
                                    ("marketplace", "Marketplace"),
                                    ("pos", "Point of sale"),
                                    ("api", "API"),
                                    ("phone", "Phone"),
                                    ("file", "File import"),
                                ],
                                max_length=20,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "brand",
                            models.CharField(
                                blank=True, max_length=80, verbose_name="brand shown to customers"
                            ),
                        ),
                        (
                            "default_tier",
                            models.CharField(
                                default="standard", max_length=20, verbose_name="default tier"
                            ),
                        ),
                        (
                            "needs_street",
                            models.BooleanField(
                                default=True,
                                help_text="Off for marketplaces that keep the street to themselves.",
                                verbose_name="needs the street",
                            ),
                        ),
                        (
                            "auto_approve",
                            models.BooleanField(
                                default=True,
                                help_text="Off: every order waits for a person's approval.",
                                verbose_name="approves by itself",
                            ),
                        ),
                        (
                            "approval_above_amount",
                            oms.core.models.AmountField(
                                blank=True,
                                decimal_places=4,
                                help_text="Orders of more than this, in their own currency, need an approval.",
                                max_digits=18,
                                null=True,
                                verbose_name="approval above",
                            ),
                        ),
                        (
                            "requires_payment",
                            models.BooleanField(
                                default=False,
                                help_text="Nothing is released to a node before it is paid.",
                                verbose_name="requires payment",
                            ),
                        ),
                        (
                            "tiers",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20),
                                blank=True,
                                default=list,
                                help_text="None ticked: all of them.",
                                size=None,
                                verbose_name="offered service levels",
                            ),
                        ),
                        (
                            "carriers",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40),
                                blank=True,
                                default=list,
                                help_text="None ticked: all of them.",
                                size=None,
                                verbose_name="allowed carriers",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="is active")),
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
                        "verbose_name": "channel",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "code"), name="channels_code"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("tiers", []),
                                    django.db.models.lookups.IsNull(
                                        models.Func(
                                            models.F("tiers"),
                                            models.F("default_tier"),
                                            function="array_position",
                                            output_field=models.IntegerField(),
                                        ),
                                        False,
                                    ),
                                    _connector="OR",
                                ),
                                name="channels_default_is_offered",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("approval_above_amount", None),
                                    ("approval_above_amount__gte", 0),
                                    _connector="OR",
                                ),
                                name="channels_approval_amount",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalServiceLevel",
                    fields=[
                        (
                            "id",
                            models.BigIntegerField(
                                auto_created=True, blank=True, db_index=True, verbose_name="ID"
                            ),
                        ),
                        ("code", models.SlugField(max_length=20, verbose_name="code")),
                        ("name", models.CharField(max_length=60, verbose_name="name")),
                        (
                            "rank",
                            models.PositiveSmallIntegerField(
                                help_text="1 to 99, the higher the more urgent. Economy is 10, standard 20, next day 30, same day 40.",
                                verbose_name="rank",
                            ),
                        ),
                        (
                            "deadline_days",
                            models.PositiveSmallIntegerField(
                                help_text="Calendar days from the day of the order to the last day of arrival.",
                                verbose_name="days to arrive",
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
                        "verbose_name": "historical service level",
                        "verbose_name_plural": "historical service levels",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="ServiceLevel",
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
                        ("code", models.SlugField(max_length=20, verbose_name="code")),
                        ("name", models.CharField(max_length=60, verbose_name="name")),
                        (
                            "rank",
                            models.PositiveSmallIntegerField(
                                help_text="1 to 99, the higher the more urgent. Economy is 10, standard 20, next day 30, same day 40.",
                                verbose_name="rank",
                            ),
                        ),
                        (
                            "deadline_days",
                            models.PositiveSmallIntegerField(
                                help_text="Calendar days from the day of the order to the last day of arrival.",
                                verbose_name="days to arrive",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="is active")),
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
                        "verbose_name": "service level",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "code"), name="channels_level_code"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("code__in", ["economy", "next_day", "same_day", "standard"]),
                                    _negated=True,
                                ),
                                name="channels_level_is_own",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("deadline_days__lte", 60), ("rank__range", (1, 99))
                                ),
                                name="channels_level_in_range",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
