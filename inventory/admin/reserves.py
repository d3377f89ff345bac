"""Staff pages of what is kept for single channels: movements, like all that stock does."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from inventory.admin import policy_forms as forms
from inventory.admin import scoping
from inventory.models import ChannelAllotment, StockMovement
from inventory.selectors import policies as selectors
from inventory.services import policies
from inventory.types import ChannelReserve
from oms.core.admin import cells, links
from oms.core.admin.cells import Text
from oms.core.admin.deeds import Data
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.core.transactions import unit
from oms.infra.accounts import selectors as accounts

#: Movements shown on a page.
SHOWN = 25


@admin.register(ChannelAllotment)
class ChannelAllotmentAdmin(ReadAdmin):
    list_display = ("item", "place", "channel", "remaining")
    list_filter = ("channel", "position__node")
    list_select_related = ("position__node", "position__variant")
    search_fields = ("=position__variant__sku", "=channel")
    search_help_text = _("SKU or channel")
    ordering = ("position__variant__sku", "position__node__code", "channel")
    empty_title = _("Nothing is kept for a channel")
    empty_text = _("Units that are kept for a channel can be sold there alone.")
    actions_list = ["keep"]
    actions_detail = ["keep_more", "give_up"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return scoping.mine(request, selectors.list_allotments(), "position__node__code")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        moved = StockMovement.objects.filter(
            position=obj.position_id, document_kind="channel_reserve", document_ref=obj.channel
        )
        movements = list(moved.order_by("-pk")[:SHOWN])
        names = accounts.names_of(actors={movement.actor for movement in movements})
        rows = [
            [f"{m.earmarked_delta:+d}", m.reason, names[m.actor], cells.moment(m.occurred_at)]
            for m in movements
        ]
        headers = [_("units"), _("why"), _("who"), _("when")]
        position = links.row_link("inventory.stockposition", obj.position_id, obj.position.node)
        about: list[tuple[Text, Any]] = [
            (_("item"), obj.position.variant.name),
            (_("node"), position),
            (_("channel"), obj.channel),
            (_("units left"), cells.number(obj.remaining)),
        ]
        return Page(
            name=self.named(obj),
            main=[Table(_("Kept and given up"), headers, rows, _("Nothing yet."), frozenset({0}))],
            side=[Facts(_("Reserve"), about)],
        )

    def named(self, obj: ChannelAllotment) -> str:
        return f"{obj.position.variant.sku} · {obj.channel}"

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return {"keep_more", "give_up"} if obj.remaining else {"keep_more"}

    @display(description=_("item"), ordering="position__variant__sku")
    def item(self, obj: ChannelAllotment) -> SafeString:
        return cells.two_lines(obj.position.variant.sku, obj.position.variant.name)

    @display(description=_("node"), ordering="position__node__code")
    def place(self, obj: ChannelAllotment) -> str:
        return obj.position.node.name

    @action(
        description=_("Keep units"),
        permissions=["act"],
        url_path="keep",
        icon="add",
        variant=ActionVariant.PRIMARY,
    )
    def keep(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Keep units for a channel"),
            text=_("Nobody else can buy them until they are given up."),
            form_class=partial(forms.ReserveForm, places=scoping.places(request)),
            run=_keep,
            done=_("The units are kept."),
        )

    @action(description=_("Keep more"), permissions=["act"], url_path="keep-more", icon="add")
    def keep_more(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Keep more for the channel"),
            form_class=forms.UnitsForm,
            run=partial(_move, policies.keep_for_channel),
            done=_("The units are kept."),
        )

    @action(description=_("Give up"), permissions=["act"], url_path="give-up", icon="undo")
    def give_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Give units up"),
            text=_("Everybody can buy them again. What is taken already stays taken."),
            form_class=forms.UnitsForm,
            run=partial(_move, policies.give_up),
            done=_("The units are everybody's again."),
        )


def _keep(nothing: None, data: Data) -> None:
    variant_id = forms.variant_of(data)
    assert variant_id is not None
    reserve = ChannelReserve(
        int(data["node"]), variant_id, data["channel"], data["quantity"], data["reason"]
    )
    with unit():
        policies.keep_for_channel(reserves=[reserve])


def _move(service: Any, allotment: ChannelAllotment, data: Data) -> None:
    position = allotment.position
    reserve = ChannelReserve(
        position.node_id,
        position.variant_id,
        allotment.channel,
        data["quantity"],
        data["reason"],
    )
    with unit():
        service(reserves=[reserve])
