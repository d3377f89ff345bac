"""The supply API: what a partner sends in, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from inventory.catalog import selectors as catalog
from inventory.models import InboundSupply
from inventory.nodes import selectors as nodes
from inventory.selectors import supply as selectors
from inventory.services import supply
from inventory.services.stock import MAX_CHANGE
from inventory.services.supply import InvalidSupply
from inventory.types import SupplyDraft, SupplyRef
from oms.core.api.fields import StrictCharField, StrictIntegerField, StrictSerializer
from oms.core.api.pagination import NewestFirst
from oms.core.api.queries import require_known
from oms.core.errors import FieldError
from oms.core.transactions import unit
from oms.infra.accounts.authentication import organization_of

#: Lines of one document in one request.
MAX_LINES = 500

#: Transfers are announced by sending them.
_KINDS = (InboundSupply.Kind.PURCHASE_ORDER, InboundSupply.Kind.RETURN)


class SupplyLineIn(StrictSerializer):
    line_ref = StrictCharField(max_length=60, required=False, default="1")
    sku = StrictCharField(max_length=64)
    node = StrictCharField(max_length=40, help_text="The node's code.")
    quantity = StrictIntegerField(min_value=1, max_value=MAX_CHANGE)
    expected_on = serializers.DateField()


class SupplyAnnounceIn(StrictSerializer):
    kind = serializers.ChoiceField(choices=_KINDS, default=InboundSupply.Kind.PURCHASE_ORDER)
    document_ref = StrictCharField(max_length=60)
    lines = SupplyLineIn(many=True, min_length=1, max_length=MAX_LINES)  # type: ignore[call-arg]


class SupplyOut(serializers.Serializer[Any]):
    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(choices=InboundSupply.Kind.choices)
    document_ref = serializers.CharField()
    line_ref = serializers.CharField()
    sku = serializers.CharField(source="variant.sku")
    node = serializers.CharField(source="node.code")
    expected_on = serializers.DateField()
    quantity = serializers.IntegerField()
    received = serializers.IntegerField()
    lost = serializers.IntegerField(help_text="Will never come.")
    promised = serializers.IntegerField(help_text="Of what is to come, promised to orders.")


class SupplyAnnouncedOut(serializers.Serializer[Any]):
    created = serializers.IntegerField(help_text="Lines that were not known before.")
    updated = serializers.IntegerField()


class Supply(APIView):
    """What is on its way in for the organization."""

    required_scope = {"GET": "availability:read", "POST": "supply:write"}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="supply_list",
        summary="What is on its way in, the newest first",
        tags=["supply"],
        responses=SupplyOut(many=True),
    )
    def get(self, request: Request) -> Response:
        require_known(request, set())
        found = selectors.list_supply(organization_id=organization_of(request))
        page = self.pagination_class()
        rows = page.paginate_queryset(found, request, view=self)
        return page.get_paginated_response(SupplyOut(rows or [], many=True).data)

    @extend_schema(
        operation_id="supply_announce",
        summary="Announce what will arrive, or when it arrives instead",
        description=(
            "A line is known by kind, document_ref and line_ref; the same line again takes the new "
            "quantity and day, and orders that wait for it are promised the new day."
        ),
        tags=["supply"],
        request=SupplyAnnounceIn,
        responses=SupplyAnnouncedOut,
    )
    def post(self, request: Request) -> Response:
        serializer = SupplyAnnounceIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        drafts = _drafts(organization_of(request), serializer.validated_data)
        with unit():
            created = supply.announce(lines=drafts)
        counts = {"created": created, "updated": len(drafts) - created}
        return Response(SupplyAnnouncedOut(counts).data)


def _drafts(organization_id: int, data: dict[str, Any]) -> list[SupplyDraft]:
    lines: Sequence[dict[str, Any]] = data["lines"]
    variants = catalog.facts_by_sku(
        organization_id=organization_id, skus={line["sku"] for line in lines}
    )
    places = {node.code: node.id for node in nodes.list_for(organization_id=organization_id)}
    errors = [
        FieldError(f"/lines/{index}/{name}", f"unknown_{name}", f"There is no {line[name]!r}.")
        for index, line in enumerate(lines)
        for name, known in (("sku", variants), ("node", places))
        if line[name] not in known
    ]
    if errors:
        raise InvalidSupply("Some lines cannot be.", errors=errors)
    return [
        SupplyDraft(
            ref=SupplyRef(organization_id, data["kind"], data["document_ref"], line["line_ref"]),
            node_id=places[line["node"]],
            variant_id=variants[line["sku"]].id,
            quantity=line["quantity"],
            expected_on=line["expected_on"],
        )
        for line in lines
    ]
