import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [("billing", "0001_initial")]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="PaymentBalance",
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
                            "order_ref",
                            models.CharField(max_length=40, unique=True, verbose_name="order"),
                        ),
                        (
                            "order_number",
                            models.CharField(max_length=20, verbose_name="order number"),
                        ),
                        (
                            "currency",
                            oms.core.models.CurrencyField(max_length=3, verbose_name="currency"),
                        ),
                        (
                            "owed_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="owed"
                            ),
                        ),
                        (
                            "authorized_amount",
                            oms.core.models.AmountField(
                                decimal_places=4,
                                default=0,
                                max_digits=18,
                                verbose_name="authorized",
                            ),
                        ),
                        (
                            "voided_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="voided"
                            ),
                        ),
                        (
                            "captured_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="captured"
                            ),
                        ),
                        (
                            "refunded_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="refunded"
                            ),
                        ),
                        (
                            "goodwill_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="goodwill"
                            ),
                        ),
                        (
                            "is_required",
                            models.BooleanField(default=False, verbose_name="must be covered"),
                        ),
                        (
                            "expires_at",
                            models.DateTimeField(null=True, verbose_name="to be covered by"),
                        ),
                        (
                            "open_amount",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.functions.comparison.Greatest(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("authorized_amount"),
                                            "-",
                                            models.F("voided_amount"),
                                        ),
                                        "-",
                                        models.F("captured_amount"),
                                    ),
                                    models.Value(0),
                                    output_field=oms.core.models.AmountField(
                                        decimal_places=4, max_digits=18
                                    ),
                                ),
                                output_field=oms.core.models.AmountField(
                                    decimal_places=4, max_digits=18
                                ),
                            ),
                        ),
                        (
                            "due_amount",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("captured_amount"),
                                        "-",
                                        models.F("refunded_amount"),
                                    ),
                                    "-",
                                    django.db.models.functions.comparison.Greatest(
                                        models.F("owed_amount"),
                                        models.F("goodwill_amount"),
                                        output_field=oms.core.models.AmountField(
                                            decimal_places=4, max_digits=18
                                        ),
                                    ),
                                ),
                                output_field=oms.core.models.AmountField(
                                    decimal_places=4, max_digits=18
                                ),
                            ),
                        ),
                        (
                            "is_covered",
                            models.GeneratedField(
                                db_persist=True,
                                expression=models.ExpressionWrapper(
                                    models.Q(
                                        (
                                            "owed_amount__lte",
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.functions.comparison.Greatest(
                                                        django.db.models.expressions.CombinedExpression(
                                                            django.db.models.expressions.CombinedExpression(
                                                                models.F("authorized_amount"),
                                                                "-",
                                                                models.F("voided_amount"),
                                                            ),
                                                            "-",
                                                            models.F("captured_amount"),
                                                        ),
                                                        models.Value(0),
                                                        output_field=oms.core.models.AmountField(
                                                            decimal_places=4, max_digits=18
                                                        ),
                                                    ),
                                                    "+",
                                                    models.F("captured_amount"),
                                                ),
                                                "-",
                                                models.F("refunded_amount"),
                                            ),
                                        )
                                    ),
                                    output_field=models.BooleanField(),
                                ),
                                output_field=models.BooleanField(),
                            ),
                        ),
                        (
                            "state",
                            models.GeneratedField(
                                db_persist=True,
                                expression=models.Case(
                                    models.When(
                                        authorized_amount__gt=models.F("voided_amount"),
                                        captured_amount=0,
                                        then=models.Value("authorized"),
                                    ),
                                    models.When(captured_amount=0, then=models.Value("none")),
                                    models.When(
                                        captured_amount=django.db.models.expressions.CombinedExpression(
                                            models.F("refunded_amount"),
                                            "+",
                                            models.F("goodwill_amount"),
                                        ),
                                        then=models.Value("refunded"),
                                    ),
                                    models.When(
                                        captured_amount__gt=django.db.models.expressions.CombinedExpression(
                                            models.F("refunded_amount"),
                                            "+",
                                            django.db.models.functions.comparison.Greatest(
                                                models.F("owed_amount"),
                                                models.F("goodwill_amount"),
                                                output_field=oms.core.models.AmountField(
                                                    decimal_places=4, max_digits=18
                                                ),
                                            ),
                                        ),
                                        then=models.Value("overcharged"),
                                    ),
                                    models.When(
                                        models.Q(
                                            ("refunded_amount__gt", 0),
                                            ("goodwill_amount__gt", 0),
                                            _connector="OR",
                                        ),
                                        then=models.Value("partially_refunded"),
                                    ),
                                    models.When(
                                        captured_amount__lt=models.F("owed_amount"),
                                        then=models.Value("partially_paid"),
                                    ),
                                    default=models.Value("paid"),
                                ),
                                output_field=models.CharField(
                                    choices=[
                                        ("none", "Not paid"),
                                        ("authorized", "Authorized"),
                                        ("partially_paid", "Partly paid"),
                                        ("paid", "Paid"),
                                        ("partially_refunded", "Partly refunded"),
                                        ("refunded", "Refunded"),
                                        ("overcharged", "Overcharged"),
                                    ],
                                    max_length=20,
                                ),
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
                        "verbose_name": "payment balance",
                        "indexes": [
                            models.Index(fields=["state", "order_ref"], name="billing_by_state"),
                            models.Index(
                                condition=models.Q(
                                    ("expires_at__isnull", False), ("is_covered", False)
                                ),
                                fields=["expires_at"],
                                name="billing_to_expire",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "captured_amount__gte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("refunded_amount"),
                                            "+",
                                            models.F("goodwill_amount"),
                                        ),
                                    )
                                ),
                                name="billing_refunds_within_captured",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("authorized_amount__gte", models.F("voided_amount"))
                                ),
                                name="billing_voids_within_authorized",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("authorized_amount__gte", 0),
                                    ("captured_amount__gte", 0),
                                    ("goodwill_amount__gte", 0),
                                    ("owed_amount__gte", 0),
                                    ("refunded_amount__gte", 0),
                                    ("voided_amount__gte", 0),
                                ),
                                name="billing_not_below_zero",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PaymentEntry",
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
                                editable=False, max_length=40, prefix="pay", unique=True
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("authorized", "Authorized"),
                                    ("captured", "Captured"),
                                    ("refunded", "Refunded"),
                                    ("goodwill", "Goodwill refund"),
                                    ("voided", "Authorization voided"),
                                ],
                                max_length=12,
                                verbose_name="what",
                            ),
                        ),
                        (
                            "amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="amount"
                            ),
                        ),
                        (
                            "currency",
                            oms.core.models.CurrencyField(max_length=3, verbose_name="currency"),
                        ),
                        ("reference", models.CharField(max_length=80, verbose_name="reference")),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("intake", "With the order"),
                                    ("api", "API"),
                                    ("staff", "Staff"),
                                ],
                                max_length=8,
                                verbose_name="reported by",
                            ),
                        ),
                        ("actor", models.CharField(max_length=80, verbose_name="actor")),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=200, verbose_name="why"),
                        ),
                        ("occurred_at", models.DateTimeField(verbose_name="at")),
                        (
                            "balance",
                            models.ForeignKey(
                                db_column="order_ref",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entries",
                                to="billing.paymentbalance",
                                to_field="order_ref",
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
                        "verbose_name": "payment entry",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("balance", "kind", "reference"), name="billing_entry_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("amount__gt", 0)),
                                name="billing_entry_something",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
