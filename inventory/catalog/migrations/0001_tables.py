import django.contrib.postgres.fields
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [
        ("catalog", "0001_initial"),
        ("catalog", "0002_history_repeats_identifiers"),
        ("catalog", "0003_stock_core"),
        ("catalog", "0004_restrictions"),
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
                    name="Product",
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
                        ("code", models.CharField(max_length=64, verbose_name="code")),
                        ("name", models.CharField(max_length=160, verbose_name="name")),
                        (
                            "category",
                            models.CharField(blank=True, max_length=80, verbose_name="category"),
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
                        "verbose_name": "product",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "code"), name="catalog_product_code"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalVariant",
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
                                prefix="var",
                                unique=False,
                            ),
                        ),
                        ("sku", models.CharField(max_length=64, verbose_name="SKU")),
                        ("name", models.CharField(max_length=160, verbose_name="name")),
                        (
                            "barcode",
                            models.CharField(blank=True, max_length=14, verbose_name="barcode"),
                        ),
                        ("weight_g", models.PositiveIntegerField(verbose_name="weight, g")),
                        ("length_mm", models.PositiveIntegerField(verbose_name="length, mm")),
                        ("width_mm", models.PositiveIntegerField(verbose_name="width, mm")),
                        ("height_mm", models.PositiveIntegerField(verbose_name="height, mm")),
                        (
                            "price_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="price"
                            ),
                        ),
                        (
                            "price_currency",
                            oms.core.models.CurrencyField(max_length=3, verbose_name="currency"),
                        ),
                        (
                            "cost_amount",
                            oms.core.models.AmountField(
                                blank=True,
                                decimal_places=4,
                                help_text="What a unit costs us, in the currency of the price. Empty: not known.",
                                max_digits=18,
                                null=True,
                                verbose_name="cost",
                            ),
                        ),
                        (
                            "is_hazmat",
                            models.BooleanField(default=False, verbose_name="is hazardous"),
                        ),
                        (
                            "min_age",
                            models.PositiveSmallIntegerField(
                                default=0,
                                help_text="Years; 0: anyone may buy it.",
                                verbose_name="minimum age",
                            ),
                        ),
                        (
                            "is_export_controlled",
                            models.BooleanField(
                                default=False,
                                help_text="It leaves the country only to where the rules let it.",
                                verbose_name="is export controlled",
                            ),
                        ),
                        (
                            "allowed_countries",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=2),
                                blank=True,
                                default=list,
                                help_text="Codes of countries; empty: everywhere.",
                                size=None,
                                verbose_name="sold to",
                            ),
                        ),
                        (
                            "blocked_countries",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=2),
                                blank=True,
                                default=list,
                                help_text="Codes of countries.",
                                size=None,
                                verbose_name="not sold to",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="is active")),
                        (
                            "tracking",
                            models.CharField(
                                choices=[
                                    ("none", "By quantity"),
                                    ("lot", "By lot"),
                                    ("serial", "By serial number"),
                                ],
                                default="none",
                                max_length=8,
                                verbose_name="tracked",
                            ),
                        ),
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
                        (
                            "product",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="catalog.product",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical variant",
                        "verbose_name_plural": "historical variants",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Variant",
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
                                editable=False, max_length=40, prefix="var", unique=True
                            ),
                        ),
                        ("sku", models.CharField(max_length=64, verbose_name="SKU")),
                        ("name", models.CharField(max_length=160, verbose_name="name")),
                        (
                            "barcode",
                            models.CharField(blank=True, max_length=14, verbose_name="barcode"),
                        ),
                        ("weight_g", models.PositiveIntegerField(verbose_name="weight, g")),
                        ("length_mm", models.PositiveIntegerField(verbose_name="length, mm")),
                        ("width_mm", models.PositiveIntegerField(verbose_name="width, mm")),
                        ("height_mm", models.PositiveIntegerField(verbose_name="height, mm")),
                        (
                            "price_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="price"
                            ),
                        ),
                        (
                            "price_currency",
                            oms.core.models.CurrencyField(max_length=3, verbose_name="currency"),
                        ),
                        (
                            "cost_amount",
                            oms.core.models.AmountField(
                                blank=True,
                                decimal_places=4,
                                help_text="What a unit costs us, in the currency of the price. Empty: not known.",
                                max_digits=18,
                                null=True,
                                verbose_name="cost",
                            ),
                        ),
                        (
                            "is_hazmat",
                            models.BooleanField(default=False, verbose_name="is hazardous"),
                        ),
                        (
                            "min_age",
                            models.PositiveSmallIntegerField(
                                default=0,
                                help_text="Years; 0: anyone may buy it.",
                                verbose_name="minimum age",
                            ),
                        ),
                        (
                            "is_export_controlled",
                            models.BooleanField(
                                default=False,
                                help_text="It leaves the country only to where the rules let it.",
                                verbose_name="is export controlled",
                            ),
                        ),
                        (
                            "allowed_countries",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=2),
                                blank=True,
                                default=list,
                                help_text="Codes of countries; empty: everywhere.",
                                size=None,
                                verbose_name="sold to",
                            ),
                        ),
                        (
                            "blocked_countries",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=2),
                                blank=True,
                                default=list,
                                help_text="Codes of countries.",
                                size=None,
                                verbose_name="not sold to",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="is active")),
                        (
                            "tracking",
                            models.CharField(
                                choices=[
                                    ("none", "By quantity"),
                                    ("lot", "By lot"),
                                    ("serial", "By serial number"),
                                ],
                                default="none",
                                max_length=8,
                                verbose_name="tracked",
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
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="variants",
                                to="catalog.product",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "variant",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "sku"), name="catalog_variant_sku"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("min_age__lte", 99),
                                    models.Q(
                                        ("cost_amount", None),
                                        ("cost_amount__gte", 0),
                                        _connector="OR",
                                    ),
                                ),
                                name="catalog_variant_limits",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="KitComponent",
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
                        ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                        (
                            "component",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                        (
                            "kit",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="components",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "kit component",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("kit", "component"), name="catalog_component_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("quantity__gte", 1),
                                    models.Q(("kit", models.F("component")), _negated=True),
                                ),
                                name="catalog_component_something",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="VariantUnit",
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
                        ("code", models.CharField(max_length=12, verbose_name="unit")),
                        ("factor", models.PositiveIntegerField(verbose_name="pieces")),
                        (
                            "variant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="units",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "unit of measure",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("variant", "code"), name="catalog_unit_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("factor__gte", 2), ("factor__lte", 100000)),
                                name="catalog_unit_factor",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
