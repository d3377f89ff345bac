import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [
        ("carriers", "0001_initial"),
        ("carriers", "0002_notices_and_polls"),
        ("carriers", "0003_history_repeats_identifiers"),
        ("carriers", "0004_label_stops"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("contacts", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="Carrier",
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
                        ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        ("adapter", models.SlugField(max_length=40, verbose_name="adapter")),
                    ],
                    options={
                        "verbose_name": "carrier",
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalCarrierAccount",
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
                                prefix="cac",
                                unique=False,
                            ),
                        ),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        (
                            "is_sandbox",
                            models.BooleanField(default=False, verbose_name="is a sandbox"),
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
                            "carrier",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="carriers.carrier",
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
                        "verbose_name": "historical carrier account",
                        "verbose_name_plural": "historical carrier accounts",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="CarrierAccount",
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
                                editable=False, max_length=40, prefix="cac", unique=True
                            ),
                        ),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        ("credentials", models.BinaryField(default=b"")),
                        (
                            "is_sandbox",
                            models.BooleanField(default=False, verbose_name="is a sandbox"),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="is active")),
                        (
                            "carrier",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="accounts",
                                to="carriers.carrier",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "carrier account",
                    },
                ),
                migrations.CreateModel(
                    name="AccountAllowance",
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
                            "organization",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="allowances",
                                to="carriers.carrieraccount",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("account", "organization"), name="carriers_allowed_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HistoricalService",
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
                            "speed",
                            models.CharField(
                                choices=[
                                    ("same_day", "Same day"),
                                    ("express", "Express"),
                                    ("standard", "Standard"),
                                    ("economy", "Economy"),
                                ],
                                max_length=20,
                                verbose_name="speed",
                            ),
                        ),
                        (
                            "max_weight_g",
                            models.PositiveIntegerField(default=30000, verbose_name="heaviest, g"),
                        ),
                        (
                            "max_distance_km",
                            models.PositiveIntegerField(
                                blank=True, null=True, verbose_name="farthest, km"
                            ),
                        ),
                        (
                            "is_international",
                            models.BooleanField(default=False, verbose_name="crosses borders"),
                        ),
                        (
                            "delivery_days",
                            models.PositiveSmallIntegerField(
                                default=63,
                                help_text="Bits, Monday first.",
                                verbose_name="delivery days",
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
                            "carrier",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="carriers.carrier",
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
                        "verbose_name": "historical service",
                        "verbose_name_plural": "historical services",
                        "ordering": ("-history_date", "-history_id"),
                        "get_latest_by": ("history_date", "history_id"),
                    },
                    bases=(simple_history.models.HistoricalChanges, models.Model),
                ),
                migrations.CreateModel(
                    name="Service",
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
                        ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        (
                            "speed",
                            models.CharField(
                                choices=[
                                    ("same_day", "Same day"),
                                    ("express", "Express"),
                                    ("standard", "Standard"),
                                    ("economy", "Economy"),
                                ],
                                max_length=20,
                                verbose_name="speed",
                            ),
                        ),
                        (
                            "max_weight_g",
                            models.PositiveIntegerField(default=30000, verbose_name="heaviest, g"),
                        ),
                        (
                            "max_distance_km",
                            models.PositiveIntegerField(
                                blank=True, null=True, verbose_name="farthest, km"
                            ),
                        ),
                        (
                            "is_international",
                            models.BooleanField(default=False, verbose_name="crosses borders"),
                        ),
                        (
                            "delivery_days",
                            models.PositiveSmallIntegerField(
                                default=63,
                                help_text="Bits, Monday first.",
                                verbose_name="delivery days",
                            ),
                        ),
                        ("is_active", models.BooleanField(default=True, verbose_name="is active")),
                        (
                            "carrier",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="services",
                                to="carriers.carrier",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "service",
                    },
                ),
                migrations.CreateModel(
                    name="RateSheet",
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
                        ("currency", oms.core.models.CurrencyField(max_length=3)),
                        ("valid_from", models.DateField(verbose_name="valid from")),
                        (
                            "dim_divisor",
                            models.PositiveIntegerField(default=5000, verbose_name="cm³ per kg"),
                        ),
                        (
                            "service",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rate_sheets",
                                to="carriers.service",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "rate sheet",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("service", "currency", "valid_from"),
                                name="carriers_sheet_from",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rate",
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
                        ("zone", models.PositiveSmallIntegerField(verbose_name="zone")),
                        ("max_distance_km", models.PositiveIntegerField(verbose_name="up to km")),
                        ("max_weight_g", models.PositiveIntegerField(verbose_name="up to g")),
                        (
                            "amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="price"
                            ),
                        ),
                        (
                            "transit_days",
                            models.PositiveSmallIntegerField(verbose_name="transit days"),
                        ),
                        (
                            "sheet",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rates",
                                to="carriers.ratesheet",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "rate",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("sheet", "zone", "max_weight_g"), name="carriers_cell"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Shipment",
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
                                editable=False, max_length=40, prefix="shp", unique=True
                            ),
                        ),
                        ("demand_kind", models.CharField(max_length=30)),
                        ("demand_ref", models.CharField(max_length=60)),
                        ("parcel_ref", models.CharField(max_length=60)),
                        ("correlation_id", models.CharField(blank=True, max_length=60)),
                        ("order_number", models.CharField(max_length=40, verbose_name="order")),
                        (
                            "origin",
                            models.JSONField(help_text="The node's public address and position."),
                        ),
                        ("origin_code", models.CharField(max_length=40, verbose_name="from")),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("planned", "Planned"),
                                    ("label_requested", "Label requested"),
                                    ("label_in_doubt", "Label in doubt"),
                                    ("labeled", "Labeled"),
                                    ("label_failed", "Label failed"),
                                    ("manifested", "Manifested"),
                                    ("handed_over", "Handed over"),
                                    ("in_transit", "On its way"),
                                    ("out_for_delivery", "Out for delivery"),
                                    ("available_for_pickup", "Ready for pickup"),
                                    ("delivery_attempted", "Delivery attempted"),
                                    ("exception", "Delayed"),
                                    ("delivered", "Delivered"),
                                    ("returning", "On its way back"),
                                    ("returned_to_sender", "Returned to sender"),
                                    ("lost", "Lost"),
                                    ("voided", "Voided"),
                                ],
                                default="planned",
                                max_length=50,
                                verbose_name="status",
                            ),
                        ),
                        ("weight_g", models.PositiveIntegerField(verbose_name="weight, g")),
                        ("length_mm", models.PositiveIntegerField()),
                        ("width_mm", models.PositiveIntegerField()),
                        ("height_mm", models.PositiveIntegerField()),
                        (
                            "tracking_number",
                            models.CharField(
                                blank=True, max_length=60, verbose_name="tracking number"
                            ),
                        ),
                        (
                            "cost_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, null=True, verbose_name="cost"
                            ),
                        ),
                        ("cost_currency", oms.core.models.CurrencyField(blank=True, max_length=3)),
                        ("promised_on", models.DateField(null=True, verbose_name="promised")),
                        ("labeled_at", models.DateTimeField(null=True, verbose_name="labeled")),
                        (
                            "handed_over_at",
                            models.DateTimeField(null=True, verbose_name="handed over"),
                        ),
                        ("last_scan_at", models.DateTimeField(null=True, verbose_name="last scan")),
                        ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered")),
                        ("polled_at", models.DateTimeField(null=True)),
                        ("notice_due_at", models.DateTimeField(null=True)),
                        (
                            "label_blocked_by",
                            models.CharField(
                                blank=True, max_length=20, verbose_name="label stopped by"
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="carriers.carrieraccount",
                            ),
                        ),
                        (
                            "contact",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="contacts.contact",
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
                            "service",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="carriers.service",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "shipment",
                        "indexes": [
                            models.Index(
                                fields=["demand_kind", "demand_ref"], name="carriers_demand"
                            ),
                            models.Index(fields=["status", "id"], name="carriers_by_status"),
                            models.Index(
                                condition=models.Q(("tracking_number", ""), _negated=True),
                                fields=["tracking_number"],
                                name="carriers_by_tracking",
                            ),
                            models.Index(fields=["organization", "-id"], name="carriers_by_owner"),
                            models.Index(
                                condition=models.Q(("notice_due_at__isnull", False)),
                                fields=["notice_due_at"],
                                name="carriers_notices_due",
                            ),
                            models.Index(
                                condition=models.Q(
                                    (
                                        "status__in",
                                        (
                                            "handed_over",
                                            "in_transit",
                                            "out_for_delivery",
                                            "available_for_pickup",
                                            "delivery_attempted",
                                            "exception",
                                            "returning",
                                        ),
                                    )
                                ),
                                fields=["polled_at"],
                                name="carriers_polls_due",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("parcel_ref",), name="carriers_one_per_parcel"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("tracking_number", ""), _negated=True),
                                fields=("account", "tracking_number"),
                                name="carriers_tracking_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ShipmentStatusChange",
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
                                to="carriers.shipment",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="LabelIntent",
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
                            "attempt",
                            models.PositiveSmallIntegerField(default=1, verbose_name="attempt"),
                        ),
                        (
                            "reference",
                            models.CharField(max_length=60, unique=True, verbose_name="reference"),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("due", "Due"),
                                    ("calling", "Calling the carrier"),
                                    ("in_doubt", "In doubt"),
                                    ("bought", "Bought"),
                                    ("refused", "Refused"),
                                ],
                                default="due",
                                max_length=12,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "tries",
                            models.PositiveSmallIntegerField(default=0, verbose_name="tries"),
                        ),
                        ("available_at", models.DateTimeField(verbose_name="next try")),
                        ("lease_until", models.DateTimeField(null=True)),
                        (
                            "is_instant",
                            models.BooleanField(
                                default=False, help_text="Bulk imports: scans come at once."
                            ),
                        ),
                        (
                            "error_code",
                            models.CharField(blank=True, max_length=60, verbose_name="error"),
                        ),
                        (
                            "shipment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="label_intents",
                                to="carriers.shipment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "label intent",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["due", "calling", "in_doubt"])),
                                fields=["available_at"],
                                name="carriers_intents_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("shipment", "attempt"), name="carriers_attempt_once"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["due", "calling", "in_doubt"])),
                                fields=("shipment",),
                                name="carriers_one_open_intent",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LabelFile",
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
                            "format",
                            models.CharField(
                                choices=[("pdf", "PDF"), ("zpl", "ZPL")], max_length=4
                            ),
                        ),
                        ("sealed", models.BinaryField()),
                        (
                            "shipment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="label_files",
                                to="carriers.shipment",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("shipment", "format"), name="carriers_label_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TrackingEvent",
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
                        ("event_key", models.CharField(max_length=80)),
                        ("tracking_number", models.CharField(max_length=60)),
                        ("carrier_code", models.CharField(max_length=60)),
                        ("status", models.CharField(max_length=24)),
                        ("city", models.CharField(blank=True, max_length=120)),
                        ("region", models.CharField(blank=True, max_length=60)),
                        ("country", models.CharField(blank=True, max_length=2)),
                        ("latitude", models.FloatField(null=True)),
                        ("longitude", models.FloatField(null=True)),
                        ("occurred_at", models.DateTimeField(verbose_name="at")),
                        ("received_at", models.DateTimeField(verbose_name="received")),
                        (
                            "carrier",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="carriers.carrier",
                            ),
                        ),
                        (
                            "shipment",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="events",
                                to="carriers.shipment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "tracking event",
                        "indexes": [
                            models.Index(fields=["shipment", "occurred_at"], name="carriers_story"),
                            models.Index(
                                condition=models.Q(("shipment", None)),
                                fields=["tracking_number"],
                                name="carriers_unmatched",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("carrier", "event_key"), name="carriers_event_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookCall",
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
                        ("message_id", models.CharField(max_length=120)),
                        ("sealed", models.BinaryField()),
                        ("received_at", models.DateTimeField()),
                        ("processed_at", models.DateTimeField(null=True)),
                        ("error_code", models.CharField(blank=True, max_length=60)),
                        (
                            "carrier",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="carriers.carrier",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("processed_at", None)),
                                fields=["id"],
                                name="carriers_calls_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("carrier", "message_id"), name="carriers_call_once"
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
