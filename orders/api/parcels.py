"""Parcels of orders: parts of a node's work, works that share one, and parts of orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms.core.api.fields import StrictCharField, StrictIntegerField, StrictSerializer
from oms.core.money import as_text
from oms.core.quantities import MAX_LINE_QUANTITY
from oms.infra.accounts.authentication import organization_of
from oms.infra.idempotency.http import Store, run_once
from orders.api import rendering
from orders.api.serializers import OrderOut
from orders.drafting import MAX_LINES
from orders.models import FulfillmentOrder, Order
from orders.selectors import orders as selectors
from orders.selectors import parcels
from orders.services import merging, moving, order_splitting, previewing, splitting

_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


class UnitsIn(StrictSerializer):
    position = StrictIntegerField(min_value=1, help_text="The line's position in the order.")
    quantity = StrictIntegerField(min_value=1, max_value=MAX_LINE_QUANTITY)


class PartIn(StrictSerializer):
    lines = UnitsIn(many=True, min_length=1, max_length=MAX_LINES)  # type: ignore[call-arg]

    def units(self) -> dict[int, int]:
        """Units by position; a position twice adds up."""
        found: dict[int, int] = {}
        for line in self.validated_data["lines"]:
            found[line["position"]] = found.get(line["position"], 0) + line["quantity"]
        return found


class WorkMoveIn(PartIn):
    node = StrictCharField(
        max_length=40, required=False, allow_blank=True, help_text="Left out: wherever is best."
    )


class WorkPreviewIn(PartIn):
    node = StrictCharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="Given: what a move there would be, empty for wherever is best.",
    )


class ParcelMergeIn(StrictSerializer):
    work = serializers.ListField(
        child=StrictCharField(max_length=40), min_length=2, max_length=50,
        help_text="Identifiers of works at one node; the most urgent leads.",
    )  # fmt: skip


class WorkPartsOut(serializers.Serializer[Any]):
    work = serializers.ListField(child=serializers.CharField(), help_text="The new works.")


class ParcelOut(serializers.Serializer[Any]):
    lead = serializers.CharField(help_text="The work whose label the parcel bears.")
    work = serializers.ListField(child=serializers.CharField())


class PartPreviewOut(serializers.Serializer[Any]):
    units = serializers.IntegerField()
    weight_g = serializers.IntegerField()
    node = serializers.CharField(source="node_code")
    service = serializers.CharField(source="service_code")
    cost_amount = serializers.SerializerMethodField()
    currency = serializers.CharField()
    arrives_on = serializers.DateField(allow_null=True)
    why = serializers.CharField(help_text="Why nobody can serve it, else empty.")

    def get_cost_amount(self, part: Any) -> str | None:
        return None if part.cost_amount is None else as_text(part.cost_amount, part.currency)


class MergeableWorkOut(serializers.Serializer[Any]):
    work = serializers.CharField(source="work_ref")
    order = serializers.CharField(source="order_ref")
    number = serializers.CharField()
    node = serializers.CharField(source="node_code")
    service = serializers.CharField(source="service_code")
    ship_by = serializers.DateTimeField(source="latest_ship_at")


class MergeableOut(serializers.Serializer[Any]):
    work = MergeableWorkOut(many=True)


def _given(serializer: Any) -> Any:
    serializer.is_valid(raise_exception=True)
    return serializer


def _order(request: Request, public_id: str) -> Order:
    return selectors.get_for(organization_id=organization_of(request), public_id=public_id)


def _work(request: Request, public_id: str, work_id: str) -> FulfillmentOrder:
    """The order's own work, or none: identifiers of others are unknown here."""
    for work in _order(request, public_id).fulfillment_orders.all():
        if work.public_id == work_id:
            return work
    raise parcels.UnknownWork(f"The order has no work {work_id}.")


def _once(request: Request, route: str, act: Callable[[Callable[[Any], None]], Any]) -> Response:
    """Runs a service whose `within` gets what is to be answered, 201, once per key."""

    def work(store: Store) -> tuple[int, dict[str, Any]]:
        bodies: list[dict[str, Any]] = []

        def within(body: Any) -> None:
            bodies.append(body)
            store(201, body)

        act(within)
        return 201, bodies[0]

    return run_once(request, route, work)


class WorkSplitView(APIView):
    """Makes a second parcel of a part of a node's work."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_split_work",
        summary="Send a part in a parcel of its own",
        description="Before anything of the work is picked. Stock and floor work go with it.",
        request=PartIn,
        responses={201: WorkPartsOut},
        parameters=[_KEY],
    )
    def post(self, request: Request, public_id: str, work_id: str) -> Response:
        units = _given(PartIn(data=request.data)).units()
        work = _work(request, public_id, work_id)
        part = splitting.WorkPart(work.public_id, units)
        return _once(
            request,
            "orders.split_work",
            lambda within: splitting.split_work(
                parts=[part], within=lambda made: within({"work": made})
            ),
        )


class WorkMoveView(APIView):
    """Sends a part of a node's work from another node."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_move_work",
        summary="Send a part from another node",
        description="Refused, and nothing changes, when no other node has the units.",
        request=WorkMoveIn,
        responses={201: WorkPartsOut},
        parameters=[_KEY],
    )
    def post(self, request: Request, public_id: str, work_id: str) -> Response:
        given = _given(WorkMoveIn(data=request.data))
        work = _work(request, public_id, work_id)
        move = moving.WorkMove(work.public_id, given.units(), given.validated_data.get("node", ""))
        return _once(
            request,
            "orders.move_work",
            lambda within: moving.move_units(
                moves=[move], within=lambda made: within({"work": made[0]})
            ),
        )


class WorkPreviewView(APIView):
    """Tells what the parts of a work would weigh and cost; changes nothing."""

    required_scope = "orders:read"

    @extend_schema(
        operation_id="orders_preview_split",
        summary="What the parts would weigh, cost and when they would arrive",
        request=WorkPreviewIn,
        responses=PartPreviewOut(many=True),
    )
    def post(self, request: Request, public_id: str, work_id: str) -> Response:
        given = _given(WorkPreviewIn(data=request.data))
        parts = previewing.preview(
            work=_work(request, public_id, work_id),
            units=given.units(),
            move_to=given.validated_data.get("node"),
        )
        return Response(PartPreviewOut(parts, many=True).data)


class WorkUnmergeView(APIView):
    """Takes a work out of the parcel that it shares."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_unmerge_work",
        summary="Send a work in a parcel of its own again",
        description="Before the parcel is picked; both are then as they were before.",
        request=None,
        responses=OrderOut,
    )
    def post(self, request: Request, public_id: str, work_id: str) -> Response:
        work = _work(request, public_id, work_id)
        merging.unmerge(work_refs=[work.public_id])
        return Response(rendering.full(_order(request, public_id)))


class OrderSplitView(APIView):
    """Makes an order of a part of an order."""

    required_scope = "orders:write"

    @extend_schema(
        operation_id="orders_split",
        summary="Make an order of a part",
        description=(
            "Units that wait go first, then those a node has not begun with. Stock, promise and "
            "holds are kept, money is divided to the cent, shipping stays with the original."
        ),
        request=PartIn,
        responses={201: OrderOut},
        parameters=[_KEY],
    )
    def post(self, request: Request, public_id: str) -> Response:
        units = _given(PartIn(data=request.data)).units()
        part = order_splitting.OrderUnits(_order(request, public_id).pk, units)
        return _once(
            request,
            "orders.split",
            lambda within: order_splitting.split_orders(
                parts=[part],
                within=lambda made: within(rendering.full(_order(request, made[0]))),
            ),
        )


class Parcels(APIView):
    """Puts works of several orders into one parcel, or tells which could go together."""

    required_scope = {"GET": "orders:read", "POST": "orders:write"}

    @extend_schema(
        operation_id="parcels_merge",
        summary="Send several orders in one parcel",
        description=(
            "Only works of one node, service, tier, recipient and address, none picked, none on "
            "hold. Each order keeps its number and shows the parcel."
        ),
        request=ParcelMergeIn,
        responses={201: ParcelOut},
        parameters=[_KEY],
    )
    def post(self, request: Request) -> Response:
        refs = _given(ParcelMergeIn(data=request.data)).validated_data["work"]
        parcels.require_owned(organization_id=organization_of(request), work_refs=refs)
        return _once(
            request,
            "parcels.merge",
            lambda within: merging.merge(
                parcels=[merging.Shared(refs)],
                within=lambda leads: within({"lead": leads[0], "work": refs}),
            ),
        )

    @extend_schema(
        operation_id="parcels_mergeable",
        summary="Works that could go in one parcel",
        description="Open works alike in all that matters, made within 30 minutes of each other.",
        responses=MergeableOut(many=True),
    )
    def get(self, request: Request) -> Response:
        groups = parcels.list_mergeable(organization_id=organization_of(request))
        return Response(MergeableOut([{"work": group} for group in groups], many=True).data)
