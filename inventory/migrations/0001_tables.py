import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [
        ("inventory", "0001_initial"),
        ("inventory", "0003_stock_core"),
        ("inventory", "0004_stock_core"),
        ("inventory", "0008_drift_superseded"),
        ("inventory", "0009_preorder_ships_on"),
        ("inventory", "0010_fewer_indexes"),
        ("inventory", "0012_few_may_oversell"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("catalog", "0001_tables"),
        ("nodes", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="StockCount",
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
                                editable=False, max_length=40, prefix="cnt", unique=True
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=80, verbose_name="reason"),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("counting", "Being counted"),
                                    ("counted", "Counted, to review"),
                                    ("applied", "Booked"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="counting",
                                max_length=50,
                                verbose_name="status",
                            ),
                        ),
                        ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                        (
                            "bin",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="nodes.bin",
                            ),
                        ),
                        (
                            "node",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="nodes.node",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "stock count",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("status__in", ["counting", "counted"])),
                                fields=["node"],
                                name="inventory_counts_open",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StockCountStatusChange",
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
                                to="inventory.stockcount",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalLot",
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
                                prefix="lot",
                                unique=False,
                            ),
                        ),
                        ("code", models.CharField(max_length=60, verbose_name="lot")),
                        (
                            "expires_on",
                            models.DateField(blank=True, null=True, verbose_name="expires"),
                        ),
                        (
                            "removal_on",
                            models.DateField(
                                blank=True, null=True, verbose_name="remove from sale"
                            ),
                        ),
                        (
                            "cost_amount",
                            oms.core.models.AmountField(
                                blank=True,
                                decimal_places=4,
                                max_digits=18,
                                null=True,
                                verbose_name="unit cost",
                            ),
                        ),
                        (
                            "cost_currency",
                            oms.core.models.CurrencyField(
                                blank=True, max_length=3, verbose_name="currency"
                            ),
                        ),
                        (
                            "block",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "May be sold"),
                                    ("hold", "On hold"),
                                    ("quarantine", "In quarantine"),
                                    ("recalled", "Recalled"),
                                ],
                                default="",
                                max_length=12,
                                verbose_name="block",
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
                            "variant",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical lot",
                        "verbose_name_plural": "historical lots",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Lot",
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
                                editable=False, max_length=40, prefix="lot", unique=True
                            ),
                        ),
                        ("code", models.CharField(max_length=60, verbose_name="lot")),
                        (
                            "expires_on",
                            models.DateField(blank=True, null=True, verbose_name="expires"),
                        ),
                        (
                            "removal_on",
                            models.DateField(
                                blank=True, null=True, verbose_name="remove from sale"
                            ),
                        ),
                        (
                            "cost_amount",
                            oms.core.models.AmountField(
                                blank=True,
                                decimal_places=4,
                                max_digits=18,
                                null=True,
                                verbose_name="unit cost",
                            ),
                        ),
                        (
                            "cost_currency",
                            oms.core.models.CurrencyField(
                                blank=True, max_length=3, verbose_name="currency"
                            ),
                        ),
                        (
                            "block",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "May be sold"),
                                    ("hold", "On hold"),
                                    ("quarantine", "In quarantine"),
                                    ("recalled", "Recalled"),
                                ],
                                default="",
                                max_length=12,
                                verbose_name="block",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "lot",
                        "indexes": [models.Index(fields=["code"], name="inventory_lot_by_code")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("variant", "code"), name="inventory_lot_code"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("removal_on__isnull", True),
                                    ("expires_on__isnull", True),
                                    ("removal_on__lte", models.F("expires_on")),
                                    _connector="OR",
                                ),
                                name="inventory_lot_removed_before_expiry",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalSafetyRule",
                    fields=[
                        (
                            "id",
                            models.BigIntegerField(
                                auto_created=True, blank=True, db_index=True, verbose_name="ID"
                            ),
                        ),
                        (
                            "category",
                            models.CharField(blank=True, max_length=80, verbose_name="category"),
                        ),
                        ("quantity", models.PositiveIntegerField(verbose_name="units kept back")),
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
                            "node",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="nodes.node",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical safety stock rule",
                        "verbose_name_plural": "historical safety stock rules",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="SafetyRule",
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
                            "category",
                            models.CharField(blank=True, max_length=80, verbose_name="category"),
                        ),
                        ("quantity", models.PositiveIntegerField(verbose_name="units kept back")),
                        (
                            "node",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="nodes.node",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "safety stock rule",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("node", "variant", "category"),
                                name="inventory_one_safety_rule",
                                nulls_distinct=False,
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("category", ""), ("variant__isnull", True), _connector="OR"
                                ),
                                name="inventory_safety_one_scope",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalSellingRule",
                    fields=[
                        (
                            "id",
                            models.BigIntegerField(
                                auto_created=True, blank=True, db_index=True, verbose_name="ID"
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(blank=True, max_length=40, verbose_name="channel"),
                        ),
                        (
                            "oversell_limit",
                            models.PositiveIntegerField(
                                default=0, verbose_name="oversell at a node"
                            ),
                        ),
                        (
                            "backorder_limit",
                            models.PositiveIntegerField(
                                blank=True, default=0, null=True, verbose_name="backorders"
                            ),
                        ),
                        (
                            "preorder_limit",
                            models.PositiveIntegerField(
                                blank=True, default=0, null=True, verbose_name="preorders"
                            ),
                        ),
                        (
                            "preorder_ships_on",
                            models.DateField(
                                blank=True, null=True, verbose_name="preorders ship by"
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
                            "variant",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "historical selling rule",
                        "verbose_name_plural": "historical selling rules",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="SellingRule",
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
                            "channel",
                            models.CharField(blank=True, max_length=40, verbose_name="channel"),
                        ),
                        (
                            "oversell_limit",
                            models.PositiveIntegerField(
                                default=0, verbose_name="oversell at a node"
                            ),
                        ),
                        (
                            "backorder_limit",
                            models.PositiveIntegerField(
                                blank=True, default=0, null=True, verbose_name="backorders"
                            ),
                        ),
                        (
                            "preorder_limit",
                            models.PositiveIntegerField(
                                blank=True, default=0, null=True, verbose_name="preorders"
                            ),
                        ),
                        (
                            "preorder_ships_on",
                            models.DateField(
                                blank=True, null=True, verbose_name="preorders ship by"
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
                            "variant",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "selling rule",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "variant", "channel"),
                                name="inventory_one_selling_rule",
                                nulls_distinct=False,
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Recall",
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
                                editable=False, max_length=40, prefix="rcl", unique=True
                            ),
                        ),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        ("actor", models.CharField(max_length=80, verbose_name="called by")),
                        ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
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
                        "verbose_name": "recall",
                    },
                ),
                migrations.CreateModel(
                    name="StockPosition",
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
                        ("on_hand", models.IntegerField(default=0, verbose_name="on hand")),
                        ("held", models.IntegerField(default=0, verbose_name="held")),
                        ("allocated", models.IntegerField(default=0, verbose_name="allocated")),
                        (
                            "earmarked",
                            models.IntegerField(default=0, verbose_name="kept for channels"),
                        ),
                        ("quarantined", models.IntegerField(default=0, verbose_name="quarantined")),
                        ("damaged", models.IntegerField(default=0, verbose_name="damaged")),
                        (
                            "returned",
                            models.IntegerField(default=0, verbose_name="returned, not inspected"),
                        ),
                        (
                            "safety_stock",
                            models.IntegerField(default=0, verbose_name="safety stock"),
                        ),
                        (
                            "oversell_limit",
                            models.IntegerField(default=0, verbose_name="oversell limit"),
                        ),
                        (
                            "bin",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="nodes.bin",
                            ),
                        ),
                        (
                            "node",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="nodes.node",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "stock position",
                        "indexes": [
                            models.Index(fields=["variant", "node"], name="inventory_by_variant"),
                            models.Index(
                                condition=models.Q(("oversell_limit__gt", 0)),
                                fields=["variant"],
                                name="inventory_may_oversell",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("node", "variant"), name="inventory_one_position"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("allocated__gte", 0),
                                    ("damaged__gte", 0),
                                    ("earmarked__gte", 0),
                                    ("held__gte", 0),
                                    ("quarantined__gte", 0),
                                    ("returned__gte", 0),
                                ),
                                name="inventory_no_negative",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "on_hand__gte",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    models.F("held"), "+", models.F("allocated")
                                                ),
                                                "+",
                                                models.F("earmarked"),
                                            ),
                                            "-",
                                            models.F("oversell_limit"),
                                        ),
                                    )
                                ),
                                name="inventory_no_oversell",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("oversell_limit__gte", 0), ("safety_stock__gte", 0)
                                ),
                                name="inventory_limits_positive",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CountLine",
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
                        ("snapshot", models.IntegerField(verbose_name="known on hand")),
                        (
                            "picked",
                            models.PositiveIntegerField(default=0, verbose_name="picked already"),
                        ),
                        ("counted", models.PositiveIntegerField(null=True, verbose_name="counted")),
                        ("variance", models.IntegerField(null=True, verbose_name="difference")),
                        (
                            "lot",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="inventory.lot",
                            ),
                        ),
                        (
                            "count",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="inventory.stockcount",
                            ),
                        ),
                        (
                            "position",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="inventory.stockposition",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "count line",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("count", "position", "lot"),
                                name="inventory_count_line_once",
                                nulls_distinct=False,
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LotBalance",
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
                        ("on_hand", models.IntegerField(default=0, verbose_name="on hand")),
                        ("allocated", models.IntegerField(default=0, verbose_name="allocated")),
                        ("quarantined", models.IntegerField(default=0, verbose_name="quarantined")),
                        ("damaged", models.IntegerField(default=0, verbose_name="damaged")),
                        ("returned", models.IntegerField(default=0, verbose_name="returned")),
                        (
                            "lot",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="balances",
                                to="inventory.lot",
                            ),
                        ),
                        (
                            "position",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lot_balances",
                                to="inventory.stockposition",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "lot balance",
                        "indexes": [models.Index(fields=["lot"], name="inventory_lot_places")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("position", "lot"), name="inventory_one_lot_balance"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("allocated__gte", 0),
                                    ("damaged__gte", 0),
                                    ("quarantined__gte", 0),
                                    ("returned__gte", 0),
                                ),
                                name="inventory_lot_no_negative",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("on_hand__gte", models.F("allocated"))),
                                name="inventory_lot_no_oversell",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ChannelAllotment",
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
                        ("channel", models.CharField(max_length=40, verbose_name="channel")),
                        ("remaining", models.PositiveIntegerField(verbose_name="units left")),
                        (
                            "position",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="allotments",
                                to="inventory.stockposition",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "channel's reserve",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("position", "channel"), name="inventory_one_allotment"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Reservation",
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
                                editable=False, max_length=40, prefix="rsv", unique=True
                            ),
                        ),
                        ("demand_kind", models.CharField(max_length=30)),
                        ("demand_ref", models.CharField(max_length=60)),
                        ("line_ref", models.CharField(max_length=60)),
                        ("part", models.PositiveSmallIntegerField(default=0)),
                        ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                        (
                            "channel",
                            models.CharField(blank=True, max_length=40, verbose_name="channel"),
                        ),
                        ("earmarked", models.PositiveIntegerField(default=0)),
                        ("needed_on", models.DateField(null=True, verbose_name="needed")),
                        (
                            "extensions",
                            models.PositiveSmallIntegerField(default=0, verbose_name="extended"),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("held", "Held"),
                                    ("confirmed", "Confirmed"),
                                    ("allocated", "Allocated"),
                                    ("picked", "Picked"),
                                    ("consumed", "Consumed"),
                                    ("released", "Released"),
                                    ("expired", "Expired"),
                                ],
                                default="held",
                                max_length=50,
                                verbose_name="status",
                            ),
                        ),
                        ("expires_at", models.DateTimeField(null=True, verbose_name="expires")),
                        (
                            "lot",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="inventory.lot",
                            ),
                        ),
                        (
                            "organization",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                        (
                            "position",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reservations",
                                to="inventory.stockposition",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "reservation",
                        "indexes": [
                            models.Index(
                                fields=["demand_kind", "demand_ref"], name="inventory_demand"
                            ),
                            models.Index(
                                condition=models.Q(("status", "held")),
                                fields=["expires_at"],
                                name="inventory_expiring",
                            ),
                            models.Index(
                                condition=models.Q(("status", "held")),
                                fields=["variant", "expires_at"],
                                name="inventory_held",
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("status__in", ["held", "confirmed", "allocated", "picked"])
                                ),
                                fields=["position"],
                                name="inventory_live",
                            ),
                            models.Index(
                                condition=models.Q(("lot__isnull", False)),
                                fields=["lot"],
                                name="inventory_of_lot",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("quantity__gte", 1)),
                                name="inventory_reserves_something",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("earmarked__lte", models.F("quantity"))),
                                name="inventory_earmarked_within",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("status__in", ["allocated", "picked", "consumed"]),
                                        _negated=True,
                                    ),
                                    ("position__isnull", False),
                                    _connector="OR",
                                ),
                                name="inventory_allocation_has_position",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    ("status__in", ["held", "confirmed", "allocated", "picked"])
                                ),
                                fields=(
                                    "demand_kind",
                                    "demand_ref",
                                    "line_ref",
                                    "position",
                                    "lot",
                                    "part",
                                ),
                                name="inventory_one_live_leg",
                                nulls_distinct=False,
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Serial",
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
                        ("code", models.CharField(max_length=60, verbose_name="serial number")),
                        (
                            "condition",
                            models.CharField(
                                default="on_hand", max_length=12, verbose_name="condition"
                            ),
                        ),
                        (
                            "block",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "May be sold"),
                                    ("hold", "On hold"),
                                    ("quarantine", "In quarantine"),
                                    ("recalled", "Recalled"),
                                ],
                                default="",
                                max_length=12,
                                verbose_name="block",
                            ),
                        ),
                        (
                            "lot",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="serials",
                                to="inventory.lot",
                            ),
                        ),
                        (
                            "reservation",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="serials",
                                to="inventory.reservation",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                        (
                            "position",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="serials",
                                to="inventory.stockposition",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "serial number",
                        "indexes": [
                            models.Index(fields=["code"], name="inventory_serial_by_code"),
                            models.Index(
                                condition=models.Q(("reservation__isnull", True)),
                                fields=["position"],
                                name="inventory_serial_free",
                            ),
                            models.Index(
                                condition=models.Q(("reservation__isnull", False)),
                                fields=["reservation"],
                                name="inventory_serial_promised",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("variant", "code"), name="inventory_serial_code"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("reservation__isnull", True),
                                    ("position__isnull", False),
                                    _connector="OR",
                                ),
                                name="inventory_serial_promised_in_stock",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RecallItem",
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
                            "lot",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="inventory.lot",
                            ),
                        ),
                        (
                            "recall",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="items",
                                to="inventory.recall",
                            ),
                        ),
                        (
                            "serial",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="inventory.serial",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("recall", "lot", "serial"),
                                name="inventory_recalled_once",
                                nulls_distinct=False,
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("lot__isnull", False), ("serial__isnull", True)),
                                    models.Q(("lot__isnull", True), ("serial__isnull", False)),
                                    _connector="OR",
                                ),
                                name="inventory_recall_lot_or_serial",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReservationStatusChange",
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
                                to="inventory.reservation",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="StockSummary",
                    fields=[
                        (
                            "variant",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="+",
                                serialize=False,
                                to="catalog.variant",
                            ),
                        ),
                        (
                            "node_ids",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), default=list, size=None
                            ),
                        ),
                        (
                            "free",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.IntegerField(), default=list, size=None
                            ),
                        ),
                        ("version", models.BigIntegerField(default=0)),
                    ],
                    options={
                        "verbose_name": "stock summary",
                    },
                ),
                migrations.CreateModel(
                    name="StockMovement",
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
                            "kind",
                            models.CharField(
                                choices=[
                                    ("received", "Received"),
                                    ("held", "Held"),
                                    ("allocated", "Allocated"),
                                    ("unrouted", "Taken off its node"),
                                    ("released", "Released"),
                                    ("expired", "Hold expired"),
                                    ("moved", "Moved to another node"),
                                    ("earmarked", "Kept for a channel"),
                                    ("shipped", "Shipped"),
                                    ("adjusted", "Adjusted"),
                                    ("counted", "Counted"),
                                    ("transferred_out", "Transferred out"),
                                    ("transferred_in", "Transferred in"),
                                    ("returned", "Returned"),
                                    ("quarantined", "Quarantined"),
                                    ("damaged", "Damaged"),
                                    ("restocked", "Back to sellable"),
                                    ("scrapped", "Scrapped"),
                                ],
                                max_length=20,
                                verbose_name="kind",
                            ),
                        ),
                        ("on_hand_delta", models.IntegerField(default=0, verbose_name="on hand ±")),
                        ("held_delta", models.IntegerField(default=0, verbose_name="held ±")),
                        (
                            "allocated_delta",
                            models.IntegerField(default=0, verbose_name="allocated ±"),
                        ),
                        (
                            "earmarked_delta",
                            models.IntegerField(default=0, verbose_name="kept for channels ±"),
                        ),
                        (
                            "quarantined_delta",
                            models.IntegerField(default=0, verbose_name="quarantined ±"),
                        ),
                        ("damaged_delta", models.IntegerField(default=0, verbose_name="damaged ±")),
                        (
                            "returned_delta",
                            models.IntegerField(default=0, verbose_name="returned ±"),
                        ),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=80, verbose_name="reason"),
                        ),
                        ("actor", models.CharField(max_length=80, verbose_name="actor")),
                        (
                            "cause",
                            models.CharField(blank=True, max_length=60, verbose_name="cause"),
                        ),
                        ("document_kind", models.CharField(max_length=40, verbose_name="document")),
                        (
                            "document_ref",
                            models.CharField(max_length=60, verbose_name="document number"),
                        ),
                        ("occurred_at", models.DateTimeField(verbose_name="at")),
                        (
                            "lot",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="movements",
                                to="inventory.lot",
                            ),
                        ),
                        (
                            "serial",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="movements",
                                to="inventory.serial",
                            ),
                        ),
                        (
                            "position",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="movements",
                                to="inventory.stockposition",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "stock movement",
                        "indexes": [
                            models.Index(fields=["position", "-id"], name="inventory_story"),
                            models.Index(
                                fields=["document_kind", "document_ref"], name="inventory_document"
                            ),
                            models.Index(
                                condition=models.Q(("lot__isnull", False)),
                                fields=["lot"],
                                name="inventory_lot_story",
                            ),
                            models.Index(
                                condition=models.Q(("serial__isnull", False)),
                                fields=["serial"],
                                name="inventory_serial_story",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="InboundSupply",
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
                                editable=False, max_length=40, prefix="sup", unique=True
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("purchase_order", "Purchase order"),
                                    ("transfer", "Transfer"),
                                    ("return", "Return"),
                                ],
                                max_length=20,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "document_ref",
                            models.CharField(max_length=60, verbose_name="document number"),
                        ),
                        (
                            "line_ref",
                            models.CharField(default="1", max_length=60, verbose_name="line"),
                        ),
                        ("expected_on", models.DateField(verbose_name="expected")),
                        ("quantity", models.PositiveIntegerField(verbose_name="ordered")),
                        (
                            "received",
                            models.PositiveIntegerField(default=0, verbose_name="received"),
                        ),
                        ("lost", models.PositiveIntegerField(default=0, verbose_name="not coming")),
                        (
                            "promised",
                            models.PositiveIntegerField(default=0, verbose_name="promised"),
                        ),
                        (
                            "node",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="nodes.node",
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
                            "source_node",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="nodes.node",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "inbound supply",
                        "verbose_name_plural": "inbound supply",
                        "indexes": [
                            models.Index(
                                condition=models.Q(
                                    (
                                        "quantity__gt",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("received"), "+", models.F("lost")
                                        ),
                                    )
                                ),
                                fields=["variant", "expected_on"],
                                name="inventory_supply_open",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "kind", "document_ref", "line_ref"),
                                name="inventory_one_supply_line",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("quantity__gte", 1),
                                    (
                                        "quantity__gte",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("received"), "+", models.F("lost")
                                            ),
                                            "+",
                                            models.F("promised"),
                                        ),
                                    ),
                                ),
                                name="inventory_supply_within_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Backorder",
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
                                editable=False, max_length=40, prefix="bko", unique=True
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("backorder", "Backorder"), ("preorder", "Preorder")],
                                max_length=10,
                                verbose_name="kind",
                            ),
                        ),
                        ("demand_kind", models.CharField(max_length=30)),
                        ("demand_ref", models.CharField(max_length=60)),
                        ("line_ref", models.CharField(max_length=60)),
                        (
                            "channel",
                            models.CharField(blank=True, max_length=40, verbose_name="channel"),
                        ),
                        ("quantity", models.PositiveIntegerField(verbose_name="waits for")),
                        ("filled", models.PositiveIntegerField(default=0, verbose_name="filled")),
                        (
                            "cancelled",
                            models.PositiveIntegerField(default=0, verbose_name="cancelled"),
                        ),
                        ("priority", models.IntegerField(default=0, verbose_name="priority")),
                        ("promised_on", models.DateField(null=True, verbose_name="promised")),
                        ("ships_on", models.DateField(null=True, verbose_name="preorder ships")),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                        (
                            "supply",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="backorders",
                                to="inventory.inboundsupply",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "backorder",
                        "indexes": [
                            models.Index(
                                condition=models.Q(
                                    (
                                        "quantity__gt",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("filled"), "+", models.F("cancelled")
                                        ),
                                    )
                                ),
                                fields=["variant", "-priority", "created_at", "id"],
                                name="inventory_backlog",
                            ),
                            models.Index(
                                fields=["demand_kind", "demand_ref"], name="inventory_waits"
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("quantity__gte", 1),
                                    (
                                        "quantity__gte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("filled"), "+", models.F("cancelled")
                                        ),
                                    ),
                                ),
                                name="inventory_backorder_within",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(
                                    (
                                        "quantity__gt",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("filled"), "+", models.F("cancelled")
                                        ),
                                    )
                                ),
                                fields=("demand_kind", "demand_ref", "line_ref", "variant"),
                                name="inventory_one_open_backorder",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SyncSource",
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
                        ("code", models.SlugField(max_length=40, verbose_name="code")),
                        (
                            "kind",
                            models.CharField(
                                choices=[("erp", "ERP"), ("wms", "WMS"), ("pos", "Point of sale")],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "applied_sequence",
                            models.BigIntegerField(default=0, verbose_name="applied up to"),
                        ),
                        (
                            "last_seen_at",
                            models.DateTimeField(null=True, verbose_name="last message"),
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
                        "verbose_name": "stock feed",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "code"), name="inventory_source_code"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SyncMessage",
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
                        ("sequence", models.BigIntegerField(verbose_name="number")),
                        (
                            "kind",
                            models.CharField(
                                choices=[("delta", "Changes"), ("snapshot", "Snapshot")],
                                max_length=10,
                                verbose_name="kind",
                            ),
                        ),
                        ("body", models.JSONField(verbose_name="content")),
                        ("content_hash", models.CharField(max_length=64)),
                        ("applied_at", models.DateTimeField(null=True, verbose_name="applied")),
                        (
                            "problem",
                            models.CharField(blank=True, max_length=200, verbose_name="problem"),
                        ),
                        (
                            "source",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="messages",
                                to="inventory.syncsource",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "stock message",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("applied_at__isnull", True)),
                                fields=["source", "sequence"],
                                name="inventory_messages_waiting",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("source", "sequence"), name="inventory_message_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("sequence__gte", 1)),
                                name="inventory_message_numbered",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DriftReport",
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
                        ("compared", models.PositiveIntegerField(verbose_name="places compared")),
                        (
                            "differing",
                            models.PositiveIntegerField(verbose_name="places that differ"),
                        ),
                        (
                            "message",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="report",
                                to="inventory.syncmessage",
                            ),
                        ),
                        (
                            "source",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="reports",
                                to="inventory.syncsource",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "drift report",
                    },
                ),
                migrations.CreateModel(
                    name="Drift",
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
                        ("ours", models.IntegerField(verbose_name="ours")),
                        ("theirs", models.IntegerField(verbose_name="theirs")),
                        ("accepted_at", models.DateTimeField(null=True, verbose_name="taken over")),
                        (
                            "superseded_at",
                            models.DateTimeField(null=True, verbose_name="superseded"),
                        ),
                        (
                            "report",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="drifts",
                                to="inventory.driftreport",
                            ),
                        ),
                        (
                            "last_movement",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="inventory.stockmovement",
                            ),
                        ),
                        (
                            "position",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="inventory.stockposition",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "drift",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("report", "position"), name="inventory_drift_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PublishedAvailability",
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
                        ("channel", models.CharField(max_length=40, verbose_name="channel")),
                        ("quantity", models.PositiveIntegerField(verbose_name="can be sold")),
                        ("sequence", models.BigIntegerField()),
                        ("published_at", models.DateTimeField(verbose_name="told")),
                        (
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.variant",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "published availability",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "channel", "variant"),
                                name="inventory_published_once",
                            ),
                            models.UniqueConstraint(
                                fields=("organization", "channel", "sequence"),
                                name="inventory_published_in_order",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
