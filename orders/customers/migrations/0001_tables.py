import django.db.models.deletion
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [("customers", "0001_initial"), ("customers", "0002_verification")]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
        ("contacts", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="Customer",
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
                                editable=False, max_length=40, prefix="cus", unique=True
                            ),
                        ),
                        ("reference", models.CharField(max_length=80, verbose_name="reference")),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                        (
                            "subject",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="contacts.subject",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "customer",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "reference"), name="customers_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CreditAccount",
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
                            "currency",
                            oms.core.models.CurrencyField(max_length=3, verbose_name="currency"),
                        ),
                        (
                            "limit_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="limit"
                            ),
                        ),
                        (
                            "exposure_amount",
                            oms.core.models.AmountField(
                                decimal_places=4,
                                default=0,
                                max_digits=18,
                                verbose_name="owed by open orders",
                            ),
                        ),
                        (
                            "terms_days",
                            models.PositiveSmallIntegerField(
                                default=30, verbose_name="days to pay"
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=1, editable=False)),
                        (
                            "customer",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="credit_account",
                                to="customers.customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "credit account",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("exposure_amount__gte", 0),
                                    ("limit_amount__gte", 0),
                                    ("terms_days__lte", 365),
                                ),
                                name="customers_credit_amounts",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CreditUse",
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
                        ("order_ref", models.CharField(max_length=40, verbose_name="order")),
                        (
                            "amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="amount"
                            ),
                        ),
                        (
                            "authorized_by",
                            models.CharField(
                                blank=True, max_length=80, verbose_name="beyond the limit by"
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="uses",
                                to="customers.creditaccount",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "credit use",
                        "indexes": [
                            models.Index(fields=["order_ref"], name="customers_credit_of"),
                            models.Index(
                                condition=models.Q(("amount__gt", 0)),
                                fields=["account", "-id"],
                                name="customers_credit_open",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("account", "order_ref"), name="customers_credit_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gte", 0)), name="customers_credit_use"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CreditChange",
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
                        ("version", models.PositiveIntegerField(verbose_name="version")),
                        (
                            "limit_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="limit"
                            ),
                        ),
                        (
                            "terms_days",
                            models.PositiveSmallIntegerField(verbose_name="days to pay"),
                        ),
                        ("author", models.CharField(max_length=80, verbose_name="author")),
                        ("reason", models.CharField(max_length=200, verbose_name="why")),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="changes",
                                to="customers.creditaccount",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "credit change",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("account", "version"), name="customers_credit_version"
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
