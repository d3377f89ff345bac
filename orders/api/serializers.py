"""Shapes of the order API; what they mean is decided in services."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from oms.core.api.fields import (
    AmountField,
    StrictCharField,
    StrictFloatField,
    StrictIntegerField,
    StrictSerializer,
)
from oms.core.quantities import MAX_LINE_QUANTITY
from orders.billing.selectors import STATES
from orders.drafting import INTAKE_KINDS, MAX_LINES, MAX_PAYMENTS
from orders.models import Cancellation
from orders.types import LineDraft, OrderDraft, PaymentDraft, RecipientDraft


class ShipToIn(StrictSerializer):
    name = StrictCharField(max_length=120)
    company = StrictCharField(max_length=120, required=False, allow_blank=True)
    phone = StrictCharField(max_length=40, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    lines = serializers.ListField(
        child=StrictCharField(max_length=120), max_length=4, required=False
    )
    city = StrictCharField(max_length=120, required=False, allow_blank=True)
    region = StrictCharField(max_length=60, required=False, allow_blank=True)
    postcode = StrictCharField(max_length=12, required=False, allow_blank=True)
    country = StrictCharField(max_length=2, min_length=2, help_text="ISO 3166-1 alpha-2.")
    latitude = StrictFloatField(min_value=-90, max_value=90, required=False)
    longitude = StrictFloatField(min_value=-180, max_value=180, required=False)


class PaymentIn(StrictSerializer):
    """What happened to the money of an order that is being placed."""

    kind = serializers.ChoiceField(choices=INTAKE_KINDS)
    amount = AmountField()
    reference = StrictCharField(
        max_length=80, required=False, help_text="Your own: the same reference is the same payment."
    )
    occurred_at = serializers.DateTimeField(required=False)


def recipient_from(data: Mapping[str, Any]) -> RecipientDraft:
    """This function will return a validated recipient as services take it."""
    return RecipientDraft(**{"city": "", **data, "lines": tuple(data.get("lines", ()))})


class OrderLineIn(StrictSerializer):
    sku = StrictCharField(max_length=64)
    quantity = StrictIntegerField(min_value=1, max_value=MAX_LINE_QUANTITY)
    unit_amount = AmountField(required=False, help_text="Default: the catalog's price.")


_EXAMPLE = OpenApiExample(
    "Two mugs to Reno",
    request_only=True,
    value={
        "external_ref": "SHOP-10042",
        "channel": "shop",
        "currency": "USD",
        "tier": "standard",
        "ship_to": {
            "name": "Ada Example",
            "lines": ["1 Main Street"],
            "city": "Reno",
            "region": "NV",
            "postcode": "89501",
            "country": "US",
        },
        "lines": [{"sku": "MUG-BLUE", "quantity": 2, "unit_amount": "12.50"}],
    },
)


@extend_schema_serializer(examples=[_EXAMPLE])
class OrderPlaceIn(StrictSerializer):
    external_ref = StrictCharField(
        max_length=80, help_text="Your own reference; the same reference is the same order."
    )
    channel = StrictCharField(max_length=40, required=False, default="api")
    currency = StrictCharField(min_length=3, max_length=3)
    tier = StrictCharField(
        max_length=20,
        required=False,
        help_text=(
            "A service level that the channel offers: same_day, next_day, standard, economy, or "
            "one of your own. Default: the channel's."
        ),
    )
    customer_ref = StrictCharField(max_length=80, required=False, allow_blank=True)
    shipping_amount = AmountField(required=False)
    reservation = StrictCharField(
        max_length=40, required=False, help_text="The cart whose held stock becomes the order's."
    )
    ship_to = ShipToIn()
    lines = OrderLineIn(many=True, min_length=1, max_length=MAX_LINES)  # type: ignore[call-arg]
    payments = PaymentIn(many=True, required=False, max_length=MAX_PAYMENTS)  # type: ignore[call-arg]

    def to_draft(self) -> OrderDraft:
        """The validated data as placement takes it."""
        return self.draft_of(self.validated_data)

    @staticmethod
    def draft_of(data: Mapping[str, Any]) -> OrderDraft:
        """The same of data that was validated elsewhere."""
        return OrderDraft(
            external_ref=data["external_ref"],
            currency=data["currency"],
            tier=data.get("tier", ""),
            customer_ref=data.get("customer_ref", ""),
            shipping_amount=data.get("shipping_amount", Decimal(0)),
            reservation=data.get("reservation", ""),
            recipient=recipient_from(data["ship_to"]),
            payments=tuple(PaymentDraft(**payment) for payment in data.get("payments", ())),
            lines=tuple(
                LineDraft(line["sku"], line["quantity"], line.get("unit_amount"))
                for line in data["lines"]
            ),
        )


class OrderCancelLineIn(StrictSerializer):
    position = StrictIntegerField(min_value=1, help_text="The line, as the order shows it.")
    quantity = StrictIntegerField(min_value=1, help_text="Units of it to cancel.")


class OrderCancelIn(StrictSerializer):
    reason = StrictCharField(max_length=200, help_text="In words, without personal data.")
    reason_code = serializers.ChoiceField(
        choices=Cancellation.Reason.values, required=False, default=Cancellation.Reason.CUSTOMER
    )
    lines = OrderCancelLineIn(
        many=True,
        required=False,
        min_length=1,  # type: ignore[call-arg]
        max_length=MAX_LINES,
        help_text="What to cancel; without it, all of the order.",
    )

    def validate_lines(self, lines: list[dict[str, int]]) -> list[dict[str, int]]:
        positions = [line["position"] for line in lines]
        if len(set(positions)) < len(positions):
            raise serializers.ValidationError("Name each line once.", code="line_twice")
        return lines

    def quantities(self) -> dict[int, int] | None:
        """Units by line position, or None for all."""
        lines = self.validated_data.get("lines")
        return {x["position"]: x["quantity"] for x in lines} if lines is not None else None


class OrderPlacedOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    number = serializers.CharField()
    external_ref = serializers.CharField()
    status = serializers.CharField()
    holds = serializers.ListField(child=serializers.CharField())
    promised_on = serializers.DateField(allow_null=True)
    tracking_url = serializers.CharField()


class OrderLineOut(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    sku = serializers.CharField()
    ordered = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    backordered = serializers.IntegerField()
    allocated = serializers.IntegerField()
    shipped = serializers.IntegerField()
    delivered = serializers.IntegerField()
    returned = serializers.IntegerField()
    unit_amount = serializers.CharField()


class OrderHoldOut(serializers.Serializer[Any]):
    type = serializers.CharField()
    reason = serializers.CharField()
    opened_at = serializers.DateTimeField()


class OrderMoneyOut(serializers.Serializer[Any]):
    """Amounts as text in the order's currency."""

    state = serializers.ChoiceField(choices=STATES.choices)
    owed = serializers.CharField()
    authorized = serializers.CharField()
    voided = serializers.CharField()
    captured = serializers.CharField()
    refunded = serializers.CharField()
    goodwill = serializers.CharField()
    to_collect = serializers.CharField()
    to_refund = serializers.CharField()


class OrderFulfillmentOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    node = serializers.CharField()
    service = serializers.CharField()
    status = serializers.CharField()
    part = serializers.IntegerField(help_text="Counts the parcels of one route from one node.")
    parcel = serializers.CharField(
        help_text="The work whose parcel it goes in: itself, or another order's it is merged with."
    )
    ship_by = serializers.DateTimeField()


class OrderSummaryOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    number = serializers.CharField()
    external_ref = serializers.CharField()
    status = serializers.CharField()
    tier = serializers.CharField()
    placed_at = serializers.DateTimeField()
    promised_on = serializers.DateField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    total_amount = serializers.CharField()
    currency = serializers.CharField()
    country = serializers.CharField()
    version = serializers.IntegerField()


class OrderOut(OrderSummaryOut):
    channel = serializers.CharField(source="channel.code")
    fulfillment = serializers.CharField()
    priority = serializers.IntegerField()
    ship_by = serializers.DateTimeField(source="latest_ship_at", allow_null=True)
    at_risk_of = serializers.CharField(
        help_text="The milestone that keeps it from leaving in time; empty where nothing does."
    )
    payment = OrderMoneyOut()
    holds = OrderHoldOut(many=True)
    lines = OrderLineOut(many=True)
    work = OrderFulfillmentOut(many=True)
    tracking_url = serializers.CharField()
    replaces = serializers.CharField(
        allow_null=True, help_text="The order whose units this one sends again."
    )
    replacements = serializers.ListField(child=serializers.CharField())
    cancelled_amount = serializers.CharField(help_text="Of the total, what nobody owes any more.")
    is_cancellation_pending = serializers.BooleanField(
        help_text="The floor is asked whether units in its hands can still be cancelled."
    )
    allowed_actions = serializers.ListField(child=serializers.CharField())


class CancellationOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    state = serializers.CharField(
        help_text=(
            "`done`, or `pending`: the floor is asked about units in its hands; then `done`, "
            "`partly` or `refused`."
        )
    )
    reason_code = serializers.CharField(source="reason")
    reason = serializers.CharField(source="text")
    units = serializers.IntegerField(help_text="Cancelled so far.")
    amount = serializers.CharField(help_text="To be paid back for them, where they were paid.")


class OrderCancelledOut(OrderOut):
    cancellation = CancellationOut()


class TimelineEntryOut(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    actor = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    cause = serializers.CharField()
    data = serializers.SerializerMethodField()  # type: ignore[assignment]

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_data(self, entry: Any) -> dict[str, Any]:
        return dict(entry.data)
