"""Shapes of the return API; what they mean is decided in services."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from oms.core.api.fields import StrictCharField, StrictIntegerField, StrictSerializer
from oms.core.errors import FieldError
from oms.core.quantities import MAX_LINE_QUANTITY
from returns.eligibility import InvalidReturn
from returns.models import Return
from returns.types import ReceivedLine, WantedLine

MAX_LINES = 500


class ReturnLineIn(StrictSerializer):
    position = StrictIntegerField(min_value=1, help_text="The line's position in the order.")
    quantity = StrictIntegerField(min_value=1, max_value=MAX_LINE_QUANTITY)


class ReturnCreateIn(StrictSerializer):
    order = StrictCharField(max_length=40, help_text="The order's identifier, ord_….")
    reason = serializers.ChoiceField(choices=Return.Reason.values)
    lines = serializers.ListField(child=ReturnLineIn(), min_length=1, max_length=MAX_LINES)

    def to_lines(self) -> list[WantedLine]:
        return [WantedLine(**line) for line in self.validated_data["lines"]]


class ReturnReceiptLineIn(StrictSerializer):
    position = StrictIntegerField(min_value=1)
    restock = StrictIntegerField(min_value=0, max_value=MAX_LINE_QUANTITY, default=0)
    quarantine = StrictIntegerField(min_value=0, max_value=MAX_LINE_QUANTITY, default=0)
    missing = StrictIntegerField(min_value=0, max_value=MAX_LINE_QUANTITY, default=0)


class ReturnReceiptIn(StrictSerializer):
    lines = serializers.ListField(child=ReturnReceiptLineIn(), min_length=1, max_length=MAX_LINES)

    def to_lines(self, parent: Return) -> list[ReceivedLine]:
        """The validated data as receiving takes it.

        :raises InvalidReturn: the return has no such line.
        """
        known = {line.order_line.position: line.pk for line in parent.lines.all()}
        given = self.validated_data["lines"]
        errors = [
            FieldError(f"/lines/{index}/position", "unknown_line", "The return has no such line.")
            for index, line in enumerate(given)
            if line["position"] not in known
        ]
        if errors:
            raise InvalidReturn("The return has no such line.", errors=errors)
        return [
            ReceivedLine(
                line_id=known[line["position"]],
                restock=line["restock"],
                quarantine=line["quarantine"],
                missing=line["missing"],
            )
            for line in given
        ]


class ReturnLineOut(serializers.Serializer[Any]):
    position = serializers.IntegerField(source="order_line.position")
    sku = serializers.CharField(source="order_line.sku")
    quantity = serializers.IntegerField()
    restocked = serializers.IntegerField()
    quarantined = serializers.IntegerField()
    missing = serializers.IntegerField()


class ReturnOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    order = serializers.CharField(source="order.public_id")
    node = serializers.CharField(source="node.code")
    reason = serializers.CharField()
    status = serializers.CharField()
    why_declined = serializers.SerializerMethodField()
    requested_at = serializers.DateTimeField(source="created_at")
    closed_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    allowed_actions = serializers.SerializerMethodField()
    lines = ReturnLineOut(many=True)

    def get_why_declined(self, parent: Return) -> str:
        declined = [c for c in parent.status_changes.all() if c.trigger == "decline"]
        return declined[0].reason if declined else ""

    def get_allowed_actions(self, parent: Return) -> list[str]:
        may_arrive = parent.status in (Return.Status.APPROVED, Return.Status.IN_PROGRESS)
        return ["receipt"] if may_arrive else []
