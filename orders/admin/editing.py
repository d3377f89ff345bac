"""The page that changes an order: what is typed is previewed first, and done as it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from oms.core.admin.deeds import DeedsMixin, actor_of
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.infra.contacts.services import vault
from orders.admin import order_forms, previews
from orders.channels import selectors as channels
from orders.models import Amendment, Order, OrderLine
from orders.services.amending import amendments
from orders.services.amending.amendments import Given, OutcomeChanged, Recipient
from orders.services.drafts import recipient_of

_PRICES = ("unit_amount", "discount_amount", "tax_amount")


def may_see_people(request: HttpRequest) -> bool:
    """This function will tell whether the role of who asks includes personal data."""
    return request.user.has_perm("contacts.view_contact")


class EditDeeds(DeedsMixin):
    """Changes an order that stands."""

    @action(description=_("Edit order"), permissions=["act"], url_path="edit", icon="edit")
    def edit_order(self, request: HttpRequest, object_id: str) -> HttpResponse:
        order = self._subject(request, object_id)
        if not self.has_act_permission(request, order):  # type: ignore[attr-defined]
            raise PermissionDenied
        page = _Page(request, order)
        response = page.answer()
        return response or TemplateResponse(
            request,
            "admin/oms/order_form.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Edit order"),
                "subject": str(order.number),
                "back": self._address(order),
                "intro": _("Change what is wrong, look at what it does, then confirm."),
                **page.context(),
            },
            status=page.code,
        )


class _Page:
    """One request: the forms, what follows from them, and what is said."""

    def __init__(self, request: HttpRequest, order: Order) -> None:
        data = order_forms.posted(request)
        self._request, self._order = request, order
        self._lines = list(OrderLine.objects.filter(order=order).order_by("position"))
        self._lines = [line for line in self._lines if line.wanted]
        self.code = 200
        self._step = request.POST.get("step", "")
        self._refusal = ""
        self._outcome: dict[str, Any] = {}
        self._version = order.version
        self.rows = order_forms.LineFormSet(data, prefix="line", initial=_rows(self._lines))
        self.terms = order_forms.TermsForm(
            data, prefix="terms", initial=_terms(order), tiers=_tiers(order)
        )
        self.why = order_forms.WhyForm(data, prefix="why")
        self._before = _recipient(request, order)
        self.address = self._before and order_forms.AddressForm(
            data, prefix="to", initial=self._before
        )

    def answer(self) -> HttpResponse | None:
        """Where to go when it is done; None: the page is shown (again)."""
        forms = [form for form in (self.rows, self.terms, self.why, self.address) if form]
        is_asked = self._request.method == "POST" and self._step != order_forms.MORE
        if not is_asked or not all([form.is_valid() for form in forms]):
            return None
        try:
            with acting(actor=actor_of(self._request)):
                return self._act(self._actions())
        except OmsError as error:
            self.code, self._refusal = error.status, error.detail
            if isinstance(error, OutcomeChanged):
                self._outcome = error.data["preview"]
            self._version = Order.objects.values_list("version", flat=True).get(pk=self._order.pk)
        return None

    def _act(self, actions: Sequence[Given]) -> HttpResponse | None:
        post = self._request.POST
        if self._step == "discard":
            _discard_open(self._order)
            return None
        if not actions:
            self._refusal = str(_("Nothing is different yet."))
            return None
        if self._step != "confirm":
            self._version, self._outcome = amendments.look(order_id=self._order.pk, actions=actions)
            return None
        self._outcome = {}
        amendments.edit(
            order_id=self._order.pk,
            actions=actions,
            version=int(post.get("version") or -1),
            token=post.get("token", ""),
            reason=self.why.cleaned_data["reason"],
        )
        messages.success(self._request, str(_("The order is changed.")))
        return HttpResponseRedirect(reverse("admin:orders_order_change", args=(self._order.pk,)))

    def _actions(self) -> list[Given]:
        found: list[Given] = [a for form in self.rows for a in self._of_line(form.cleaned_data)]
        found += self._of_terms(self.terms)
        if self.address and self.address.has_changed():
            found.append(Recipient(self.address.recipient()))
        return found

    def _of_line(self, data: dict[str, Any]) -> list[Given]:
        if not data or not data.get("sku"):
            return []
        line = {line.position: line for line in self._lines}.get(data.get("position") or 0)
        if line is None:
            names = ("sku", "quantity", *_PRICES)
            given = order_forms.line_of({name: data[name] for name in names})
            return [{"action": "add_line", **given}] if data["quantity"] else []
        if data["quantity"] == 0:
            return [{"action": "remove_line", "line": line.position}]
        found: list[Given] = []
        prices = {
            n: data[n] for n in _PRICES if data[n] is not None and data[n] != getattr(line, n)
        }
        if prices:
            found.append({"action": "change_price", "line": line.position, **prices})
        if data["quantity"] != line.wanted:
            found.append(
                {"action": "change_quantity", "line": line.position, "quantity": data["quantity"]}
            )
        return found

    def _of_terms(self, form: order_forms.TermsForm) -> list[Given]:
        data, order = form.cleaned_data, self._order
        found: list[Given] = []
        names = ("shipping_amount", "shipping_tax_amount")
        amounts = {name: data[name] or 0 for name in names}
        if any(amounts[name] != getattr(order, name) for name in names):
            found.append({"action": "change_shipping", **amounts})
        if data["tier"] != order.tier:
            found.append({"action": "change_tier", "tier": data["tier"]})
        if data["is_partial_allowed"] != order.is_partial_allowed:
            found.append(
                {"action": "allow_parts", "is_partial_allowed": data["is_partial_allowed"]}
            )
        return found

    def context(self) -> dict[str, Any]:
        opened = Amendment.objects.filter(order=self._order, state="open").first()
        return {
            "rows": self.rows,
            "terms": self.terms,
            "why": self.why,
            "address": self.address,
            "refusal": self._refusal,
            "preview": previews.blocks(self._outcome) if self._outcome else [],
            "token": self._outcome.get("token", ""),
            "version": self._version,
            "opened": opened,
            "look": _("Preview"),
            "confirm": _("Confirm the change"),
        }


def _rows(lines: Sequence[OrderLine]) -> list[dict[str, Any]]:
    return [
        {
            "position": line.position,
            "sku": line.sku,
            "quantity": line.wanted,
            **{name: order_forms.plain(getattr(line, name)) for name in _PRICES},
        }
        for line in lines
    ]


def _terms(order: Order) -> dict[str, Any]:
    return {
        "shipping_amount": order_forms.plain(order.shipping_amount),
        "shipping_tax_amount": order_forms.plain(order.shipping_tax_amount),
        "tier": order.tier,
        "is_partial_allowed": order.is_partial_allowed,
    }


def _tiers(order: Order) -> list[tuple[str, str]]:
    levels = channels.levels_of(organization_id=order.organization_id, with_retired=True)
    offered = channels.offered_tiers(
        organization_id=order.organization_id, channel_id=order.channel_id
    )
    codes = dict.fromkeys([*offered, order.tier])
    return [(code, str(levels[code].name)) for code in codes if code in levels]


def _recipient(request: HttpRequest, order: Order) -> dict[str, Any] | None:
    if not may_see_people(request):
        return None
    try:
        return order_forms.address_of(recipient_of(order, purpose="admin order edit"))
    except vault.Erased:
        return None


def _discard_open(order: Order) -> None:
    for opened in Amendment.objects.filter(order=order, state="open"):
        amendments.discard(public_id=opened.public_id)
