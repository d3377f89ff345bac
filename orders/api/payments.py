"""The money of an order, as channels and payment services report it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.api.fields import AmountField, StrictCharField, StrictSerializer
from oms.core.money import as_text
from oms.infra.accounts.authentication import organization_of
from oms.infra.idempotency.http import Store, run_once
from orders.api import rendering
from orders.api.serializers import OrderMoneyOut
from orders.billing import selectors as balances
from orders.billing.types import PaymentDraft, Reported
from orders.selectors import orders as selectors
from orders.services import paying

_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


class PaymentReportIn(StrictSerializer):
    kind = serializers.ChoiceField(
        choices=balances.KINDS.values,
        help_text="`goodwill` is a refund of what is owed all the same; `refunded` of what is not.",
    )
    amount = AmountField()
    currency = StrictCharField(min_length=3, max_length=3, help_text="The order's.")
    reference = StrictCharField(
        max_length=80,
        required=False,
        help_text=(
            "Your own. The same kind and reference is the same payment: reported again it is "
            "answered with 200, with another amount it is refused."
        ),
    )
    reason = StrictCharField(max_length=200, required=False, help_text="No personal data.")
    occurred_at = serializers.DateTimeField(required=False)


class PaymentOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(choices=balances.KINDS.choices)
    amount = serializers.SerializerMethodField()
    currency = serializers.CharField()
    reference = serializers.CharField()
    source = serializers.ChoiceField(choices=balances.SOURCES.choices)  # type: ignore[assignment]
    reason = serializers.CharField()
    occurred_at = serializers.DateTimeField()

    def get_amount(self, entry: Any) -> str:
        return as_text(entry.amount, entry.currency)


class PaymentReportOut(serializers.Serializer[Any]):
    payment = PaymentOut()
    money = OrderMoneyOut()


class PaymentListOut(serializers.Serializer[Any]):
    money = OrderMoneyOut()
    payments = PaymentOut(many=True)


class OrderPayments(APIView):
    """Takes a report of what happened to the money of an order, or lists what was reported."""

    required_scope = {"GET": "orders:read", "POST": ("orders:write", "payments:write")}

    @extend_schema(
        operation_id="orders_report_payment",
        summary="Report a payment",
        description=(
            "Authorized, captured, refunded or voided at your payment service; several of each add "
            "up. An order that waited for its payment goes on once it is covered."
        ),
        request=PaymentReportIn,
        responses={201: PaymentReportOut, 200: PaymentReportOut},
        parameters=[_KEY],
    )
    def post(self, request: Request, public_id: str) -> Response:
        serializer = PaymentReportIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        payment = PaymentDraft(**serializer.validated_data)
        organization_id = organization_of(request)
        return run_once(
            request,
            "orders.report_payment",
            lambda store: _report(organization_id, public_id, payment, store),
        )

    @extend_schema(
        operation_id="orders_payments", summary="Payments of an order", responses=PaymentListOut
    )
    def get(self, request: Request, public_id: str) -> Response:
        order = selectors.get_for(organization_id=organization_of(request), public_id=public_id)
        entries = balances.list_entries(order_ref=paying.payer_of(order))
        money = rendering.money_of(paying.standing_of(order))
        return Response({"money": money, "payments": PaymentOut(entries, many=True).data})


def _report(
    organization_id: int, public_id: str, payment: PaymentDraft, store: Store
) -> tuple[int, dict[str, Any]]:
    answer: list[tuple[int, dict[str, Any]]] = []

    def within(reported: Reported) -> None:
        answer.append(_answer(organization_id, public_id, reported))
        store(*answer[0])

    paying.report_one(
        organization_id=organization_id,
        source=balances.SOURCES.API,
        order_ref=public_id,
        payment=payment,
        within=within,
    )
    return answer[0]


def _answer(organization_id: int, public_id: str, reported: Reported) -> tuple[int, dict[str, Any]]:
    order = selectors.get_for(organization_id=organization_id, public_id=public_id)
    standing = paying.standing_of(order)
    body = {
        "payment": dict(PaymentOut(balances.get_entry(public_id=reported.entry_ref)).data),
        "money": rendering.money_of(standing),
    }
    return (200 if reported.is_replay else 201), body
