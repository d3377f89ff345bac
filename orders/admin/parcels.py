"""What staff do with parcels of orders: split, send from elsewhere, put together, take apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from inventory.nodes import selectors as nodes
from oms.core.admin import cells, links
from oms.core.admin.deeds import choice
from oms.core.admin.pages import Page, Table
from oms.core.errors import Invalid
from oms.core.money import as_text
from orders.models import FulfillmentOrder, Order
from orders.selectors import parcels
from orders.services import merging, moving, order_splitting, parting, previewing, splitting
from orders.services.previewing import PartPreview

#: What becomes of the units.
PARCEL, ORDER, ELSEWHERE = "parcel", "order", "elsewhere"
#: More groups than a person looks through at once.
SHOWN = 100


class NothingFits(Invalid):
    """There is no work to do this with any more."""

    code = "orders.nothing_fits"


class _SplitForm(forms.Form):
    """Asks what becomes of how many units of each line; shows it first, then does it."""

    #: Set by the page that shows what would happen.
    is_seen = forms.BooleanField(required=False, widget=forms.HiddenInput())

    def units(self) -> dict[int, int]:
        """This method will return what was asked for, by position."""
        given = {
            int(name.removeprefix("line_")): value
            for name, value in self.cleaned_data.items()
            if name.startswith("line_")
        }
        return {position: units for position, units in given.items() if units}


def open_works(order: Order) -> list[FulfillmentOrder]:
    """This function will return the order's works that nobody has begun with."""
    return [work for work in order.fulfillment_orders.all() if work.status in parting.UNBEGUN]


def is_shared(work: FulfillmentOrder) -> bool:
    """This function will tell whether a work goes in one parcel with another."""
    return work.merged_into_id is not None or bool(work.merged.all())


def parcel_name(work: FulfillmentOrder) -> str:
    """This function will return which parcel of an order a work is, and whom it is shared with."""
    lead = work.merged_into
    numbers = [lead.order.number] if lead else [other.order.number for other in work.merged.all()]
    if numbers:
        return gettext("with %(orders)s") % {"orders": ", ".join(f"#{n}" for n in numbers)}
    return gettext("part %(n)d") % {"n": work.part} if work.part > 1 else ""


def split_form(order: Order) -> type[forms.Form]:
    """This function will return a form for the order's lines, works and nodes."""
    works = [(work.public_id, _work_name(work)) for work in open_works(order)]
    ways: list[tuple[str, Any]] = [(ORDER, _("An order of their own"))]
    if works:
        ways = [
            (PARCEL, _("A parcel of their own")),
            *ways,
            (ELSEWHERE, _("Another node, whichever is best")),
            *[(f"node:{n.code}", _("From %(node)s") % {"node": n.name})
              for n in nodes.list_active()],
        ]  # fmt: skip
    fields: dict[str, Any] = {"way": choice(_("They become"), ways)}
    if works:
        fields["work"] = choice(_("Of the work at"), works)
    for line in order.lines.all():
        there = line.ordered - line.cancelled - line.shipped
        if there:
            fields[f"line_{line.position}"] = forms.IntegerField(
                label=f"{line.variant.name} ({line.sku})",
                help_text=ngettext("%(n)d unit is there", "%(n)d units are there", there)
                % {"n": there},
                min_value=0,
                max_value=there,
                initial=0,
                required=False,
                widget=UnfoldAdminIntegerFieldWidget(),
            )
    return type("SplitForm", (_SplitForm,), fields)


def _work_name(work: FulfillmentOrder) -> str:
    units = sum(line.quantity for line in work.lines.all())
    said = ngettext("%(node)s, part %(part)d: %(n)d unit", "%(node)s, part %(part)d: %(n)d units",
                    units)  # fmt: skip
    return said % {"node": work.node.name, "part": work.part, "n": units}


def in_words(parts: Sequence[PartPreview], names: Mapping[str, str]) -> str:
    """This function will tell of parcels: units, weight, cost and day, as far as they are known."""
    return " ".join(_part_in_words(part, names) for part in parts)


def _part_in_words(part: PartPreview, names: Mapping[str, str]) -> str:
    units = ngettext("%(n)d unit", "%(n)d units", part.units) % {"n": part.units}
    if part.why:
        return gettext("%(units)s: %(why)s") % {"units": units, "why": part.why}
    told = [units, gettext("%(kg).2f kg") % {"kg": part.weight_g / 1000}]
    if part.cost_amount is not None:
        told.append(f"{as_text(part.cost_amount, part.currency)} {part.currency}")
    if part.arrives_on is not None:
        told.append(gettext("there on %(day)s") % {"day": date_format(part.arrives_on, "M j, Y")})
    place = names.get(part.node_code, part.node_code)
    return gettext("From %(place)s: %(what)s.") % {"place": place, "what": ", ".join(told)}


def merge_form(order: Order) -> type[forms.Form]:
    """This function will return a form that offers what the order's works could go with."""
    pairs = [
        (",".join(work.work_ref for work in group), _group_name(group, order))
        for group in parcels.list_mergeable(organization_id=order.organization_id)
        if any(work.order_id == order.pk for work in group)
    ]
    return type("MergeForm", (forms.Form,), {"together": choice(_("In one parcel with"), pairs)})


def _group_name(group: Sequence[parcels.Mergeable], order: Order) -> str:
    others = dict.fromkeys(f"#{w.number}" for w in group if w.order_id != order.pk)
    return gettext("%(orders)s from %(node)s") % {
        "orders": ", ".join(others), "node": group[0].node_name,
    }  # fmt: skip


class ParcelDeeds:
    """The deeds on the page of an order."""

    @action(description=_("Split"), permissions=["act"], url_path="split", icon="call_split")
    def split(self, request: HttpRequest, object_id: str) -> HttpResponse:
        admin: Any = self
        order = _whole(admin, request, object_id)
        form_class = split_form(order)
        return admin.perform(
            request,
            object_id,
            title=_("Split"),
            text=_("Choose how many units of each line. You see what it means before it is done."),
            form_class=form_class,
            run=lambda _order, _data: self._split(request, order, form_class(request.POST)),
            submit=_("Look first"),
            done=_("The units go their own way."),
        )

    def _split(self, request: HttpRequest, order: Order, form: Any) -> HttpResponse | None:
        form.is_valid()
        units, data = form.units(), form.cleaned_data
        if not data["is_seen"]:
            return self._shown(request, order, form, _preview(order, data, units))
        if data["way"] == ORDER:
            order_splitting.split_orders(parts=[order_splitting.OrderUnits(order.pk, units)])
        elif data["way"] == PARCEL:
            splitting.split_work(parts=[splitting.WorkPart(data["work"], units)])
        else:
            move = moving.WorkMove(data["work"], units, _node_of(data["way"]))
            moving.move_units(moves=[move])
        return None

    def _shown(self, request: HttpRequest, order: Order, form: Any, text: str) -> HttpResponse:
        """The same form once more, with what would happen; the next answer does it."""
        admin: Any = self
        given = form.data.copy()
        given["is_seen"] = "on"
        context = {
            **admin.admin_site.each_context(request),
            "opts": admin.opts,
            "title": _("Split"),
            "text": text,
            "form": type(form)(given),
            "back": admin._address(order),
            "subject": admin.named(order),
            "submit": _("Split"),
            "is_grave": False,
        }
        return TemplateResponse(request, "admin/oms/deed.html", context)

    @action(description=_("Merge with…"), permissions=["act"], url_path="merge", icon="merge")
    def merge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        admin: Any = self
        order = _whole(admin, request, object_id)
        return admin.perform(
            request,
            object_id,
            title=_("Send in one parcel"),
            text=_("They are picked, packed and labeled as one. Each order keeps its number."),
            form_class=merge_form(order),
            run=lambda order, data: merging.merge(
                parcels=[merging.Shared(data["together"].split(","))]
            ),
            done=_("They go in one parcel."),
        )

    @action(description=_("Un-merge"), permissions=["act"], url_path="unmerge", icon="call_split")
    def unmerge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        admin: Any = self
        return admin.perform(
            request,
            object_id,
            title=_("Take the parcel apart"),
            text=_("This order goes in a parcel of its own again, as it was before."),
            run=lambda _order, _data: _unmerge(_whole(admin, request, object_id)),
            done=_("It goes in a parcel of its own."),
        )


def _whole(admin: Any, request: HttpRequest, object_id: str) -> Order:
    """The order with all that its page knows."""
    order = admin._find(request, object_id)
    if order is None:
        raise Http404
    return order


def offered(order: Order) -> set[str]:
    """This function will return which of these deeds make sense for an order now."""
    works = open_works(order) if order.closed_at is None else []
    shared = any(is_shared(work) for work in works)
    waits = any(line.backordered or line.unallocated for line in order.lines.all())
    found = {"split"} if order.closed_at is None and (works or waits) else set()
    found |= {"merge"} if works and not shared else set()
    return found | ({"unmerge"} if shared else set())


def _preview(order: Order, data: Mapping[str, Any], units: Mapping[int, int]) -> str:
    if not units:
        raise parting.NothingToSplit("Name at least one unit.")
    if data["way"] == ORDER:
        count = sum(units.values())
        said = ngettext(
            "%(n)d unit gets a number of its own. Stock, promise and holds stay as they are.",
            "%(n)d units get a number of their own. Stock, promise and holds stay as they are.",
            count,
        )
        return said % {"n": count}
    work = next((w for w in open_works(order) if w.public_id == data["work"]), None)
    if work is None:
        raise NothingFits("The floor has begun with that work.")
    target = None if data["way"] == PARCEL else _node_of(data["way"])
    parts = previewing.preview(work=work, units=units, move_to=target)
    known = nodes.facts_by_code(codes={part.node_code for part in parts if part.node_code})
    return in_words(parts, {code: facts.name for code, facts in known.items()})


def _node_of(way: str) -> str:
    return "" if way == ELSEWHERE else way.removeprefix("node:")


def _unmerge(order: Order) -> None:
    shared = [work.public_id for work in open_works(order) if is_shared(work)]
    if not shared:
        raise merging.NotMerged("It goes in a parcel of its own.")
    merging.unmerge(work_refs=shared)


def together(groups: Sequence[Sequence[parcels.Mergeable]]) -> Page:
    """This function will return the page of works that could go in one parcel."""
    rows = [
        [
            cells.pills(*(links.row_link("orders.order", w.order_id, f"#{w.number}")
                          for w in group)),
            group[0].node_name,
            cells.code(group[0].service_code),
            len(group),
            cells.due(min(w.latest_ship_at for w in group)),
            cells.link(
                reverse("admin:orders_order_merge", args=(group[0].order_id,)), _("Merge with…")
            ),
        ]
        for group in groups[:SHOWN]
    ]  # fmt: skip
    headers = [_("orders"), _("node"), _("service"), _("works"), _("ship by"), _("deed")]
    empty = _("Nothing to put together: no two open works go to one address within half an hour.")
    table = Table(_("In one parcel"), headers, rows, empty, numeric=frozenset({3}))
    return Page(name=gettext("Could go together"), main=[table])
