import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [("accounts", "0001_initial"), ("accounts", "0002_approval_limits")]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="Organization",
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
                                editable=False, max_length=40, prefix="org", unique=True
                            ),
                        ),
                        ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                        ("name", models.CharField(max_length=120, verbose_name="name")),
                        ("currency", oms.core.models.CurrencyField(default="USD", max_length=3)),
                        (
                            "is_operator",
                            models.BooleanField(default=False, verbose_name="is the operator"),
                        ),
                        (
                            "is_sandbox",
                            models.BooleanField(default=False, verbose_name="is a sandbox"),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="is active")),
                    ],
                    options={
                        "verbose_name": "organization",
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_operator", True)),
                                fields=("is_operator",),
                                name="accounts_one_operator",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("is_operator", True), ("is_sandbox", True), _negated=True
                                ),
                                name="accounts_operator_is_live",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ApiKey",
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
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        (
                            "key_id",
                            models.CharField(max_length=8, unique=True, verbose_name="key id"),
                        ),
                        ("secret_hash", models.CharField(editable=False, max_length=64)),
                        (
                            "scopes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40), default=list, size=None
                            ),
                        ),
                        ("created_by", models.CharField(max_length=80)),
                        ("expires_at", models.DateTimeField(verbose_name="expires")),
                        (
                            "revoked_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="revoked"),
                        ),
                        (
                            "last_used_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="last used"),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="keys",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "API key",
                    },
                ),
                migrations.CreateModel(
                    name="StaffProfile",
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
                            "role",
                            models.CharField(
                                choices=[
                                    ("admin", "Administrator"),
                                    ("operations", "Operations"),
                                    ("floor", "Warehouse floor"),
                                    ("support", "Customer support"),
                                    ("engineer", "Engineer"),
                                    ("viewer", "Viewer"),
                                ],
                                default="viewer",
                                max_length=20,
                                verbose_name="role",
                            ),
                        ),
                        (
                            "node_codes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40),
                                blank=True,
                                default=list,
                                size=None,
                                verbose_name="nodes",
                            ),
                        ),
                        (
                            "approval_limit",
                            oms.core.models.AmountField(
                                blank=True,
                                decimal_places=4,
                                help_text="In the operator's currency. Empty: nothing. Administrators have no limit.",
                                max_digits=18,
                                null=True,
                                verbose_name="may approve up to",
                            ),
                        ),
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="staff_profile",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "staff profile",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("approval_limit__gte", 0)),
                                name="accounts_approval_limit",
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
