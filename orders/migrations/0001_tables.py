import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import oms.core.migrating
import oms.core.models


class Migration(migrations.Migration):
    replaces = [
        ("orders", "0001_initial"),
        ("orders", "0002_depth"),
        ("orders", "0006_verification"),
        ("orders", "0007_imports"),
        ("orders", "0009_cancellation"),
        ("orders", "0010_due_first"),
    ]

    initial = True

    dependencies = [
        ("accounts", "0001_tables"),
        ("catalog", "0001_tables"),
        ("channels", "0001_tables"),
        ("contacts", "0001_tables"),
        ("customers", "0001_tables"),
        ("jobs", "0001_initial"),
        ("nodes", "0001_tables"),
    ]

    operations = [
        oms.core.migrating.CreateModels(
            operations=[
                migrations.CreateModel(
                    name="ImportMapping",
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
                        ("columns", models.JSONField(default=dict, verbose_name="columns")),
                        (
                            "channel",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="channels.channel",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "import mapping",
                    },
                ),
                migrations.CreateModel(
                    name="ImportFile",
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
                                editable=False, max_length=40, prefix="imp", unique=True
                            ),
                        ),
                        ("name", models.CharField(max_length=120, verbose_name="file")),
                        ("format", models.CharField(max_length=8, verbose_name="format")),
                        ("size_bytes", models.PositiveIntegerField(verbose_name="size")),
                        ("columns", models.JSONField(default=list, verbose_name="columns")),
                        ("mapping", models.JSONField(default=dict, verbose_name="mapping")),
                        ("preview", models.JSONField(default=dict, verbose_name="preview")),
                        (
                            "wants",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "Nothing"),
                                    ("check", "To be checked"),
                                    ("import", "To be imported"),
                                ],
                                default="",
                                max_length=8,
                                verbose_name="work to do",
                            ),
                        ),
                        (
                            "problem",
                            models.CharField(blank=True, max_length=400, verbose_name="problem"),
                        ),
                        ("created_by", models.CharField(max_length=80, verbose_name="uploaded by")),
                        (
                            "deleted_at",
                            models.DateTimeField(null=True, verbose_name="content deleted"),
                        ),
                        (
                            "channel",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="channels.channel",
                            ),
                        ),
                        (
                            "job",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="jobs.job",
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
                        "verbose_name": "import of orders",
                        "verbose_name_plural": "imports of orders",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("wants", ""), _negated=True),
                                fields=["id"],
                                name="orders_imports_to_do",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Order",
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
                                editable=False, max_length=40, prefix="ord", unique=True
                            ),
                        ),
                        ("number", models.PositiveBigIntegerField(verbose_name="number")),
                        (
                            "external_ref",
                            models.CharField(max_length=80, verbose_name="channel's reference"),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("draft", "Draft"),
                                    ("received", "Received"),
                                    ("verifying", "Being verified"),
                                    ("confirmed", "Confirmed"),
                                    ("released", "Released"),
                                    ("completed", "Completed"),
                                    ("cancelled", "Cancelled"),
                                    ("rejected", "Rejected"),
                                    ("expired", "Expired"),
                                ],
                                default="draft",
                                max_length=50,
                                verbose_name="status",
                            ),
                        ),
                        (
                            "origin",
                            models.CharField(
                                choices=[
                                    ("channel", "Channel"),
                                    ("staff", "Staff"),
                                    ("replacement", "Replacement"),
                                ],
                                default="channel",
                                max_length=12,
                                verbose_name="made by",
                            ),
                        ),
                        (
                            "tier",
                            models.CharField(
                                default="standard", max_length=20, verbose_name="tier"
                            ),
                        ),
                        ("priority", models.IntegerField(default=0, verbose_name="priority")),
                        (
                            "currency",
                            oms.core.models.CurrencyField(max_length=3, verbose_name="currency"),
                        ),
                        (
                            "total_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="total"
                            ),
                        ),
                        (
                            "shipping_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="shipping"
                            ),
                        ),
                        (
                            "shipping_tax_amount",
                            oms.core.models.AmountField(
                                decimal_places=4,
                                default=0,
                                max_digits=18,
                                verbose_name="tax on shipping",
                            ),
                        ),
                        (
                            "cancelled_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="cancelled"
                            ),
                        ),
                        ("country", models.CharField(max_length=2, verbose_name="country")),
                        (
                            "region",
                            models.CharField(blank=True, max_length=60, verbose_name="region"),
                        ),
                        ("city", models.CharField(blank=True, max_length=120, verbose_name="city")),
                        ("latitude", models.FloatField(null=True)),
                        ("longitude", models.FloatField(null=True)),
                        (
                            "address_verdict",
                            models.CharField(
                                choices=[
                                    ("deliverable", "Deliverable"),
                                    ("corrected", "Corrected"),
                                    ("doubtful", "Doubtful"),
                                    ("undeliverable", "Undeliverable"),
                                ],
                                default="deliverable",
                                max_length=14,
                                verbose_name="address",
                            ),
                        ),
                        (
                            "tags",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=40),
                                default=list,
                                size=None,
                                verbose_name="tags",
                            ),
                        ),
                        (
                            "is_partial_allowed",
                            models.BooleanField(
                                default=False,
                                help_text="What is there ships at once; the rest follows.",
                                verbose_name="may ship in parts",
                            ),
                        ),
                        ("line_count", models.PositiveIntegerField(verbose_name="lines")),
                        ("unit_count", models.PositiveIntegerField(verbose_name="units")),
                        ("placed_at", models.DateTimeField(verbose_name="placed")),
                        ("promised_on", models.DateField(null=True, verbose_name="promised")),
                        ("latest_ship_at", models.DateTimeField(null=True, verbose_name="ship by")),
                        ("confirmed_at", models.DateTimeField(null=True, verbose_name="confirmed")),
                        ("released_at", models.DateTimeField(null=True, verbose_name="released")),
                        ("picked_at", models.DateTimeField(null=True, verbose_name="picked")),
                        ("packed_at", models.DateTimeField(null=True, verbose_name="packed")),
                        ("shipped_at", models.DateTimeField(null=True, verbose_name="shipped")),
                        ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered")),
                        (
                            "at_risk_of",
                            models.CharField(
                                blank=True, max_length=12, verbose_name="at risk of missing"
                            ),
                        ),
                        (
                            "at_risk_at",
                            models.DateTimeField(null=True, verbose_name="at risk since"),
                        ),
                        ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                        (
                            "tracking_hash",
                            models.CharField(editable=False, max_length=64, unique=True),
                        ),
                        ("content_hash", models.CharField(editable=False, max_length=32)),
                        (
                            "channel",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="channels.channel",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="orders",
                                to="customers.customer",
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
                            "replaces",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replacements",
                                to="orders.order",
                            ),
                        ),
                        (
                            "ship_to",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="contacts.contact",
                            ),
                        ),
                        (
                            "split_from",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="split_off",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "order",
                        "indexes": [
                            models.Index(fields=["organization", "-id"], name="orders_newest"),
                            models.Index(fields=["status", "-id"], name="orders_by_status"),
                            models.Index(
                                condition=models.Q(
                                    (
                                        "status__in",
                                        ["received", "verifying", "confirmed", "released"],
                                    )
                                ),
                                fields=["latest_ship_at", "-priority"],
                                name="orders_urgent",
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("shipped_at", None), ("status__in", ["confirmed", "released"])
                                ),
                                fields=["latest_ship_at"],
                                name="orders_to_ship",
                            ),
                            models.Index(
                                condition=models.Q(("at_risk_of", ""), _negated=True),
                                fields=["at_risk_at"],
                                name="orders_at_risk",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                fields=["tags"], name="orders_tagged"
                            ),
                            models.Index(
                                fields=["customer", "content_hash"], name="orders_same_content"
                            ),
                            models.Index(
                                fields=["customer", "placed_at"], name="orders_of_customer"
                            ),
                            models.Index(fields=["ship_to", "placed_at"], name="orders_to_contact"),
                            models.Index(
                                condition=models.Q(("delivered_at__isnull", False)),
                                fields=["delivered_at"],
                                name="orders_done",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "number"), name="orders_number"
                            ),
                            models.UniqueConstraint(
                                fields=("channel", "external_ref"), name="orders_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("cancelled_amount__gte", 0),
                                    ("shipping_amount__gte", 0),
                                    ("shipping_tax_amount__gte", 0),
                                    ("total_amount__gte", models.F("cancelled_amount")),
                                ),
                                name="orders_amounts",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("at_risk_at", None), ("at_risk_of", "")),
                                    models.Q(
                                        models.Q(("at_risk_of", ""), _negated=True),
                                        ("at_risk_at__isnull", False),
                                    ),
                                    _connector="OR",
                                ),
                                name="orders_at_risk_since",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Amendment",
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
                                editable=False, max_length=40, prefix="amd", unique=True
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Open"),
                                    ("confirmed", "Confirmed"),
                                    ("discarded", "Discarded"),
                                ],
                                default="open",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "base_version",
                            models.PositiveIntegerField(verbose_name="begun on version"),
                        ),
                        ("actions", models.JSONField(default=list, verbose_name="actions")),
                        ("outcome", models.JSONField(default=dict, verbose_name="outcome")),
                        ("author", models.CharField(max_length=80, verbose_name="author")),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=200, verbose_name="why"),
                        ),
                        (
                            "closed_by",
                            models.CharField(blank=True, max_length=80, verbose_name="closed by"),
                        ),
                        ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="amendments",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "amendment",
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "open")),
                                fields=("order",),
                                name="orders_one_open_amendment",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Cancellation",
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
                                editable=False, max_length=40, prefix="can", unique=True
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("customer", "Customer asked"),
                                    ("declined", "Payment declined"),
                                    ("fraud", "Fraud"),
                                    ("inventory", "No stock"),
                                    ("staff", "Our mistake"),
                                    ("duplicate", "Ordered twice"),
                                    ("other", "Other"),
                                ],
                                max_length=10,
                                verbose_name="reason",
                            ),
                        ),
                        ("text", models.CharField(blank=True, max_length=200, verbose_name="why")),
                        ("author", models.CharField(max_length=80, verbose_name="author")),
                        ("request_key", models.CharField(blank=True, max_length=255)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("pending", "Waits for the floor"),
                                    ("done", "Cancelled"),
                                    ("partly", "Partly cancelled"),
                                    ("refused", "Too late"),
                                ],
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("units", models.PositiveIntegerField(default=0, verbose_name="units")),
                        (
                            "amount",
                            oms.core.models.AmountField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="amount"
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="cancellations",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "cancellation",
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("request_key", ""), _negated=True),
                                fields=("order", "request_key"),
                                name="orders_cancel_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NodeExclusion",
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
                        ("reason", models.CharField(max_length=200, verbose_name="why")),
                        ("author", models.CharField(max_length=80, verbose_name="author")),
                        (
                            "is_refusal",
                            models.BooleanField(default=False, verbose_name="the node refused"),
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
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="exclusions",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "excluded node",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("order", "node"), name="orders_excluded_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FulfillmentOrder",
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
                                editable=False, max_length=40, prefix="ful", unique=True
                            ),
                        ),
                        ("decision_ref", models.CharField(max_length=40, verbose_name="decision")),
                        (
                            "attempt",
                            models.PositiveSmallIntegerField(default=1, verbose_name="attempt"),
                        ),
                        ("part", models.PositiveSmallIntegerField(default=1, verbose_name="part")),
                        ("service_code", models.CharField(max_length=40, verbose_name="service")),
                        ("latest_ship_at", models.DateTimeField(verbose_name="ship by")),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("proposed", "Proposed"),
                                    ("open", "Open"),
                                    ("scheduled", "Scheduled"),
                                    ("in_progress", "In progress"),
                                    ("packed", "Packed"),
                                    ("closed", "Closed"),
                                    ("incomplete", "Incomplete"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="proposed",
                                max_length=50,
                                verbose_name="status",
                            ),
                        ),
                        (
                            "request",
                            models.CharField(
                                choices=[
                                    ("unsubmitted", "Not sent"),
                                    ("submitted", "Sent"),
                                    ("accepted", "Accepted"),
                                    ("rejected", "Rejected"),
                                    ("cancel_requested", "Cancellation asked"),
                                    ("cancel_accepted", "Cancellation accepted"),
                                    ("cancel_rejected", "Cancellation refused"),
                                ],
                                default="unsubmitted",
                                max_length=20,
                                verbose_name="request",
                            ),
                        ),
                        ("promised_on", models.DateField(null=True, verbose_name="promised")),
                        (
                            "submitted_at",
                            models.DateTimeField(null=True, verbose_name="sent to the node"),
                        ),
                        ("packed_at", models.DateTimeField(null=True, verbose_name="packed")),
                        ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                        (
                            "merged_into",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merged",
                                to="orders.fulfillmentorder",
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
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="fulfillment_orders",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "fulfillment order",
                        "indexes": [
                            models.Index(fields=["node", "status"], name="orders_work_at_node"),
                            models.Index(
                                condition=models.Q(("merged_into", None), ("status", "open")),
                                fields=["-created_at"],
                                name="orders_work_mergeable",
                            ),
                            models.Index(
                                condition=models.Q(("request", "submitted"), ("status", "open")),
                                fields=["submitted_at"],
                                name="orders_unanswered_work",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("order", "node", "attempt", "part"), name="orders_work_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("merged_into", models.F("id")), _negated=True),
                                name="orders_work_follows_another",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FulfillmentOrderStatusChange",
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
                                to="orders.fulfillmentorder",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="TimelineEntry",
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
                        ("event_id", models.UUIDField()),
                        ("kind", models.CharField(max_length=80, verbose_name="what")),
                        ("actor", models.CharField(max_length=80, verbose_name="who")),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("api", "API"),
                                    ("admin", "Staff"),
                                    ("import", "Import"),
                                    ("floor", "Floor"),
                                    ("carrier", "Carrier"),
                                    ("system", "Automatic"),
                                ],
                                max_length=8,
                                verbose_name="by way of",
                            ),
                        ),
                        (
                            "cause",
                            models.CharField(blank=True, max_length=60, verbose_name="cause"),
                        ),
                        ("data", models.JSONField(default=dict)),
                        ("at", models.DateTimeField(verbose_name="when")),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="timeline",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "timeline entry",
                        "indexes": [models.Index(fields=["order", "at"], name="orders_timeline")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("event_id", "order"), name="orders_told_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OrderNote",
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
                        ("author", models.CharField(max_length=80, verbose_name="author")),
                        ("sealed", models.BinaryField()),
                        (
                            "contact",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="contacts.contact",
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notes",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "note",
                        "indexes": [models.Index(fields=["order", "id"], name="orders_notes_of")],
                    },
                ),
                migrations.CreateModel(
                    name="Attachment",
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
                                editable=False, max_length=40, prefix="att", unique=True
                            ),
                        ),
                        ("author", models.CharField(max_length=80, verbose_name="author")),
                        ("sealed_name", models.BinaryField()),
                        ("media_type", models.CharField(max_length=80, verbose_name="kind")),
                        ("size_bytes", models.PositiveIntegerField(verbose_name="bytes")),
                        ("sha256", models.CharField(max_length=64)),
                        ("sealed", models.BinaryField()),
                        (
                            "contact",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="contacts.contact",
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="attachments",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "attachment",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("order", "sha256"), name="orders_attachment_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OrderStatusChange",
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
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="OrderLine",
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
                        ("position", models.PositiveIntegerField(verbose_name="line")),
                        ("sku", models.CharField(max_length=64, verbose_name="SKU")),
                        ("ordered", models.PositiveIntegerField(verbose_name="ordered")),
                        (
                            "cancelled",
                            models.PositiveIntegerField(default=0, verbose_name="cancelled"),
                        ),
                        (
                            "unallocated",
                            models.PositiveIntegerField(default=0, verbose_name="not allocated"),
                        ),
                        (
                            "backordered",
                            models.PositiveIntegerField(default=0, verbose_name="backordered"),
                        ),
                        (
                            "allocated",
                            models.PositiveIntegerField(default=0, verbose_name="allocated"),
                        ),
                        ("shipped", models.PositiveIntegerField(default=0, verbose_name="shipped")),
                        (
                            "delivered",
                            models.PositiveIntegerField(default=0, verbose_name="delivered"),
                        ),
                        (
                            "returned",
                            models.PositiveIntegerField(default=0, verbose_name="returned"),
                        ),
                        (
                            "unit_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, max_digits=18, verbose_name="unit price"
                            ),
                        ),
                        (
                            "discount_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="discount"
                            ),
                        ),
                        (
                            "tax_amount",
                            oms.core.models.AmountField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="tax"
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="orders.order",
                            ),
                        ),
                        (
                            "replaces",
                            models.ForeignKey(
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="replacements",
                                to="orders.orderline",
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
                        "verbose_name": "order line",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("replaces__isnull", False)),
                                fields=["replaces"],
                                name="orders_replaced_lines",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("order", "position"), name="orders_line_once"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "ordered",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        models.F("cancelled"),
                                                        "+",
                                                        models.F("unallocated"),
                                                    ),
                                                    "+",
                                                    models.F("backordered"),
                                                ),
                                                "+",
                                                models.F("allocated"),
                                            ),
                                            "+",
                                            models.F("shipped"),
                                        ),
                                    )
                                ),
                                name="orders_line_conserves",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("delivered__gte", models.F("returned")),
                                    ("shipped__gte", models.F("delivered")),
                                ),
                                name="orders_line_in_order",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("ordered__gte", 1), ("unit_amount__gte", 0)),
                                name="orders_line_something",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("discount_amount__gte", 0),
                                    (
                                        "discount_amount__lte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("unit_amount"), "*", models.F("ordered")
                                        ),
                                    ),
                                    ("tax_amount__gte", 0),
                                ),
                                name="orders_line_amounts",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CancellationPart",
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
                        ("quantity", models.PositiveIntegerField(verbose_name="units")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("pending", "Waits for the floor"),
                                    ("done", "Cancelled"),
                                    ("refused", "Too late"),
                                ],
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "answer",
                            models.CharField(blank=True, max_length=200, verbose_name="answer"),
                        ),
                        ("answered_at", models.DateTimeField(null=True, verbose_name="answered")),
                        (
                            "cancellation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="parts",
                                to="orders.cancellation",
                            ),
                        ),
                        (
                            "fulfillment_order",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="cancellation_parts",
                                to="orders.fulfillmentorder",
                            ),
                        ),
                        (
                            "order_line",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="orders.orderline",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("quantity__gte", 1)),
                                name="orders_cancels_something",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "pending")),
                                fields=("fulfillment_order", "order_line"),
                                name="orders_one_open_question",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FulfillmentLine",
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
                        ("shipped", models.PositiveIntegerField(default=0, verbose_name="shipped")),
                        (
                            "delivered",
                            models.PositiveIntegerField(default=0, verbose_name="delivered"),
                        ),
                        (
                            "fulfillment_order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="orders.fulfillmentorder",
                            ),
                        ),
                        (
                            "order_line",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="fulfillment_lines",
                                to="orders.orderline",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("fulfillment_order", "order_line"),
                                name="orders_work_line_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("quantity__gte", models.F("shipped")),
                                    ("shipped__gte", models.F("delivered")),
                                ),
                                name="orders_work_within_line",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Promise",
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
                        ("sequence", models.PositiveSmallIntegerField(verbose_name="sequence")),
                        ("promised_on", models.DateField(null=True, verbose_name="promised")),
                        ("latest_ship_at", models.DateTimeField(null=True, verbose_name="ship by")),
                        ("cause", models.CharField(max_length=40, verbose_name="cause")),
                        ("inputs", models.JSONField(default=dict, verbose_name="inputs")),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="promises",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "promise",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("order", "sequence"), name="orders_promise_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RuleResult",
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
                        ("rule", models.CharField(max_length=40, verbose_name="rule")),
                        (
                            "rule_version",
                            models.PositiveSmallIntegerField(default=0, verbose_name="version"),
                        ),
                        ("run", models.PositiveSmallIntegerField(default=1, verbose_name="run")),
                        (
                            "verdict",
                            models.CharField(
                                choices=[
                                    ("pass", "Passed"),
                                    ("warn", "Warning"),
                                    ("hold", "Hold"),
                                    ("reject", "Rejected"),
                                ],
                                max_length=8,
                                verbose_name="verdict",
                            ),
                        ),
                        ("reasons", models.JSONField(default=list, verbose_name="reasons")),
                        ("mark", models.CharField(blank=True, default="", max_length=64)),
                        (
                            "order",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rule_results",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "rule result",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("order", "run", "rule"), name="orders_rule_answers_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="VerificationRule",
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
                            "channel",
                            models.CharField(blank=True, max_length=40, verbose_name="channel"),
                        ),
                        ("rule", models.CharField(max_length=40, verbose_name="rule")),
                        ("version", models.PositiveSmallIntegerField(verbose_name="version")),
                        ("is_enabled", models.BooleanField(default=True, verbose_name="is used")),
                        (
                            "verdict",
                            models.CharField(
                                choices=[
                                    ("pass", "Passed"),
                                    ("warn", "Warning"),
                                    ("hold", "Hold"),
                                    ("reject", "Rejected"),
                                ],
                                max_length=8,
                                verbose_name="verdict",
                            ),
                        ),
                        ("settings", models.JSONField(default=dict, verbose_name="settings")),
                        (
                            "is_current",
                            models.BooleanField(default=True, verbose_name="is current"),
                        ),
                        ("author", models.CharField(max_length=80, verbose_name="author")),
                        (
                            "reason",
                            models.CharField(blank=True, max_length=200, verbose_name="why"),
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
                        "verbose_name": "verification rule",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("organization", "rule", "version"),
                                name="orders_rule_version_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("is_current", True)),
                                fields=("organization", "channel", "rule"),
                                name="orders_rule_current",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Override",
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
                        ("rule", models.CharField(max_length=40, verbose_name="rule")),
                        ("covers", models.CharField(blank=True, default="", max_length=64)),
                        ("author", models.CharField(max_length=80, verbose_name="author")),
                        ("reason", models.CharField(max_length=200, verbose_name="why")),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="overrides",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "override",
                        "indexes": [
                            models.Index(fields=["order", "rule"], name="orders_overrides")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Approval",
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
                            "state",
                            models.CharField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("approved", "Approved"),
                                    ("rejected", "Rejected"),
                                    ("expired", "Expired"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="pending",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "level",
                            models.PositiveSmallIntegerField(default=1, verbose_name="level"),
                        ),
                        ("reason", models.CharField(max_length=200, verbose_name="what for")),
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
                        ("requested_by", models.CharField(max_length=80, verbose_name="asked by")),
                        ("expires_at", models.DateTimeField(verbose_name="expires")),
                        (
                            "decided_by",
                            models.CharField(blank=True, max_length=80, verbose_name="decided by"),
                        ),
                        ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                        (
                            "decision_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why decided"
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="approvals",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "approval",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "pending")),
                                fields=["expires_at"],
                                name="orders_approvals_open",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "pending")),
                                fields=("order",),
                                name="orders_one_open_approval",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Hold",
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
                            "type",
                            models.CharField(
                                choices=[
                                    ("address", "Address"),
                                    ("contact", "Contact"),
                                    ("restriction", "Restricted goods"),
                                    ("credit", "Credit limit"),
                                    ("price", "Price or tax"),
                                    ("quantity", "Quantity"),
                                    ("approval", "Approval"),
                                    ("duplicate", "Possible duplicate"),
                                    ("fraud", "Fraud check"),
                                    ("payment", "Payment"),
                                    ("stock", "No stock"),
                                    ("routing", "No route"),
                                    ("operator", "Operator"),
                                    ("customer", "Customer asked"),
                                ],
                                max_length=20,
                                verbose_name="type",
                            ),
                        ),
                        (
                            "scopes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
                                    choices=[
                                        ("routing", "Routing"),
                                        ("picking", "Picking"),
                                        ("label", "Label"),
                                        ("shipping", "Shipping"),
                                    ],
                                    max_length=10,
                                ),
                                size=None,
                            ),
                        ),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        (
                            "rule",
                            models.CharField(
                                blank=True, default="", max_length=40, verbose_name="rule"
                            ),
                        ),
                        ("author", models.CharField(max_length=80, verbose_name="author")),
                        ("opened_at", models.DateTimeField(verbose_name="opened")),
                        ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                        (
                            "releases_at",
                            models.DateTimeField(null=True, verbose_name="ends by itself"),
                        ),
                        ("escalated_at", models.DateTimeField(null=True, verbose_name="escalated")),
                        ("released_at", models.DateTimeField(null=True, verbose_name="released")),
                        (
                            "released_by",
                            models.CharField(blank=True, max_length=80, verbose_name="released by"),
                        ),
                        (
                            "release_reason",
                            models.CharField(
                                blank=True, max_length=200, verbose_name="why released"
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="holds",
                                to="orders.order",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "hold",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("released_at", None)),
                                fields=["opened_at"],
                                name="orders_open_holds",
                            ),
                            models.Index(
                                condition=models.Q(
                                    ("released_at", None), ("releases_at__isnull", False)
                                ),
                                fields=["releases_at"],
                                name="orders_holds_ending",
                            ),
                            models.Index(
                                condition=models.Q(("escalated_at", None), ("released_at", None)),
                                fields=["due_at"],
                                name="orders_holds_due",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("released_at", None)),
                                fields=("order", "type"),
                                name="orders_one_open_hold",
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
