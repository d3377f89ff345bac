"""Shapes of changes to orders; what they mean is decided in services."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from oms.core.api.fields import (
    AmountField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)
from oms.core.quantities import MAX_LINE_QUANTITY
from orders.api.serializers import ShipToIn, recipient_from
from orders.services.amending.actions import MAX_ACTIONS, NAMES
from orders.services.amending.amendments import Given, Recipient


class AmendmentActionIn(StrictSerializer):
    """One action; which of the fields it takes follows from its name."""

    action = serializers.ChoiceField(choices=list(NAMES))
    line = StrictIntegerField(
        min_value=1, required=False, help_text="The line's position in the order."
    )
    sku = StrictCharField(max_length=64, required=False)
    quantity = StrictIntegerField(
        min_value=1,
        max_value=MAX_LINE_QUANTITY,
        required=False,
        help_text="The units the line is to have, without cancelled ones.",
    )
    unit_amount = AmountField(required=False)
    discount_amount = AmountField(
        required=False, help_text="For all ordered units of the line together."
    )
    tax_amount = AmountField(
        required=False, help_text="For all ordered units of the line together."
    )
    shipping_amount = AmountField(required=False)
    shipping_tax_amount = AmountField(required=False)
    tier = StrictCharField(max_length=20, required=False)
    is_partial_allowed = serializers.BooleanField(required=False)
    ship_to = ShipToIn(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """An address comes with its action and with no other."""
        if ("ship_to" in attrs) != (attrs["action"] == "change_address"):
            raise serializers.ValidationError(
                {"ship_to": ["Give it with change_address, and only there."]}, code="required"
            )
        return attrs


_EXAMPLE = OpenApiExample(
    "One more of line 1, line 2 goes",
    request_only=True,
    value={
        "reason": "The customer called.",
        "actions": [
            {"action": "change_quantity", "line": 1, "quantity": 3},
            {"action": "remove_line", "line": 2},
        ],
    },
)


@extend_schema_serializer(examples=[_EXAMPLE])
class AmendmentIn(StrictSerializer):
    actions = AmendmentActionIn(many=True, min_length=1, max_length=MAX_ACTIONS)  # type: ignore[call-arg]
    reason = StrictCharField(max_length=200, required=False, allow_blank=True, default="")

    def to_actions(self) -> list[Given]:
        """The validated actions as the service takes them."""
        return [_given(dict(item)) for item in self.validated_data["actions"]]


def _given(item: dict[str, Any]) -> Given:
    if "ship_to" not in item:
        return item
    return Recipient(recipient_from(item["ship_to"]))


class AmendmentConfirmIn(StrictSerializer):
    version = StrictIntegerField(
        min_value=0, required=False, help_text="The order's, as you know it; or send If-Match."
    )
    token = StrictCharField(
        max_length=40,
        required=False,
        allow_blank=True,
        default="",
        help_text="Of the preview you saw: nothing else is done.",
    )
    reason = StrictCharField(max_length=200, required=False, allow_blank=True, default="")


class AmendmentOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    order = serializers.CharField()
    status = serializers.CharField()
    version = serializers.IntegerField(help_text="The order's, when it was previewed.")
    actions = serializers.ListField(child=serializers.DictField())
    reason = serializers.CharField()
    author = serializers.CharField()
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    preview = serializers.DictField(
        help_text="Money, lines, stock, promise and holds, before and after; and its token."
    )
