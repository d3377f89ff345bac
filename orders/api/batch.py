"""Many orders in one request: each is answered by itself, the whole may be repeated.

Up to 250 orders of one channel are placed in one transaction with their stored answers: a request
that broke off in the middle goes on there when it is repeated with its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.api import problems
from oms.core.api.fields import StrictSerializer
from oms.core.errors import OmsError
from oms.core.transactions import unit
from oms.infra.accounts.authentication import organization_of
from oms.infra.idempotency.http import Store, run_once, run_part
from orders.api import rendering
from orders.api.serializers import OrderPlacedOut, OrderPlaceIn
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.services import placement
from orders.types import OrderDraft, Placed

MAX_ORDERS = 1_000
_ROUTE = "orders.place_batch"


@extend_schema_field(OrderPlaceIn(many=True))
class _OrdersField(serializers.ListField):
    """Looked at one by one: a malformed order refuses itself only."""

    child = serializers.JSONField()


class OrderBatchIn(StrictSerializer):
    orders = _OrdersField(
        min_length=1, max_length=MAX_ORDERS, help_text=f"1 to {MAX_ORDERS}, each as for one order."
    )


class OrderBatchItemOut(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Its place in the request, from 0.")
    status = serializers.IntegerField(help_text="201 placed, 200 placed before, 4xx refused.")
    order = OrderPlacedOut(required=False)
    problem = serializers.DictField(required=False, help_text="As a single order is refused.")


class OrderBatchOut(serializers.Serializer[Any]):
    placed = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = OrderBatchItemOut(many=True)


@dataclass(frozen=True, slots=True)
class _Item:
    """One order of the request: as it came, and as a draft or a problem."""

    index: int
    given: Any
    channel: str = ""
    draft: OrderDraft | None = None
    problem: dict[str, Any] | None = None


class OrderBatch(APIView):
    """Places many orders at once."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_place_batch",
        summary="Place up to 1,000 orders",
        description=(
            "Every order is placed or refused by itself; results come in the order of the request. "
            "Repeat a request that got no answer with the same Idempotency-Key: what was placed is "
            "answered, the rest is placed."
        ),
        request=OrderBatchIn,
        responses={200: OrderBatchOut},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        serializer = OrderBatchIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        items = _read(serializer.validated_data["orders"])

        def work(store: Store) -> tuple[int, dict[str, Any]]:
            body = _summed(_place_all(request, items))
            with unit():
                store(200, body)
            return 200, body

        return run_once(request, _ROUTE, work)


def _read(orders: Sequence[Any]) -> list[_Item]:
    shape = OrderPlaceIn()
    return [_read_one(shape, index, given) for index, given in enumerate(orders)]


def _read_one(shape: OrderPlaceIn, index: int, given: Any) -> _Item:
    try:
        data = shape.run_validation(given)
    except serializers.ValidationError as error:
        return _Item(index, given, problem=problems.from_validation(error))
    return _Item(index, given, channel=data["channel"], draft=shape.draft_of(data))


def _place_all(request: Request, items: Sequence[_Item]) -> list[dict[str, Any]]:
    results = [_refused(item.index, item.problem) for item in items if item.problem]
    by_channel: dict[str, list[_Item]] = {}
    for item in items:
        if item.draft is not None:
            by_channel.setdefault(item.channel, []).append(item)
    for code, mine in by_channel.items():
        results += _place_in_channel(request, code, mine)
    return sorted(results, key=lambda result: result["index"])


def _place_in_channel(request: Request, code: str, items: Sequence[_Item]) -> list[dict[str, Any]]:
    try:
        channel = channels.get_facts(organization_id=organization_of(request), code=code)
    except channels.UnknownChannel as error:
        return [_refused(item.index, problems.from_error(error)) for item in items]
    results: list[dict[str, Any]] = []
    for number, chunk in enumerate(_chunks(items)):
        body = run_part(
            request,
            _ROUTE,
            f"{code} {number}",
            [item.given for item in chunk],
            partial(_place_chunk, channel, chunk),
        )
        results += body["results"]
    return results


def _chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), placement.MAX_BATCH):
        yield items[start : start + placement.MAX_BATCH]


def _place_chunk(
    channel: ChannelFacts, chunk: Sequence[_Item], store: Store
) -> tuple[int, dict[str, Any]]:
    body: dict[str, Any] = {}

    def within(answers: Sequence[Placed]) -> None:
        pairs = zip(chunk, answers, strict=True)
        body["results"] = [_result(item.index, answer) for item, answer in pairs]
        store(200, body)

    drafts = [item.draft for item in chunk if item.draft is not None]
    placement.place(channel=channel, drafts=drafts, within=within)
    return 200, body


def _result(index: int, answer: Placed) -> dict[str, Any]:
    error: OmsError | None = answer.error
    if error is not None:
        return _refused(index, problems.from_error(error))
    status = 200 if answer.is_replay else 201
    return {"index": index, "status": status, "order": rendering.placed(answer)}


def _refused(index: int, problem: dict[str, Any] | None) -> dict[str, Any]:
    assert problem is not None
    return {"index": index, "status": problem["status"], "problem": problem}


def _summed(results: list[dict[str, Any]]) -> dict[str, Any]:
    found = [result["status"] for result in results]
    placed, repeated = found.count(201), found.count(200)
    return {
        "placed": placed,
        "repeated": repeated,
        "refused": len(found) - placed - repeated,
        "results": results,
    }
