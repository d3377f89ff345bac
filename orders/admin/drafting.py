"""Pages of drafts: written by staff, saved with a preview, submitted or discarded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.enums import ActionVariant

from oms.core.admin.deeds import DeedsMixin, actor_of
from oms.core.context import acting
from oms.core.errors import OmsError
from oms.infra.contacts.selectors import search
from orders.admin import order_forms, previews
from orders.admin.editing import may_see_people
from orders.channels import selectors as channels
from orders.channels.types import ChannelFacts
from orders.customers.selectors import finding as customers
from orders.models import Order, OrderLine
from orders.services import drafts
from orders.types import LineDraft, OrderDraft, RecipientDraft

_PRICES = ("unit_amount", "discount_amount", "tax_amount")


class DraftDeeds(DeedsMixin):
    """What staff may do with orders that nobody has submitted yet."""

    @action(description=_("New order"), permissions=["act"], url_path="new", icon="add")
    def new_order(self, request: HttpRequest) -> HttpResponse:
        return self._draft(request, None)

    @action(description=_("Edit draft"), permissions=["act"], url_path="draft", icon="edit")
    def edit_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        order = self._subject(request, object_id)
        if order.status != Order.Status.DRAFT:
            raise Http404
        return self._draft(request, order)

    @action(description=_("Submit"), permissions=["act"], url_path="submit", icon="send")
    def submit_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Submit the order"),
            text=_("It is verified, planned and confirmed like every order."),
            run=lambda order, data: drafts.submit(order_id=order.pk, version=order.version),
            done=_("The order is submitted."),
        )

    @action(
        description=_("Discard draft"),
        permissions=["act"],
        url_path="discard",
        icon="delete",
        variant=ActionVariant.DANGER,
    )
    def discard_draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def run(order: Any, data: Any) -> HttpResponse:
            drafts.discard(order_id=order.pk)
            messages.success(request, str(_("The draft is gone.")))
            return HttpResponseRedirect(self._address(None))

        return self.perform(
            request,
            object_id,
            title=_("Discard the draft"),
            text=_("It is deleted. Its number is not given again."),
            run=run,
            done="",
            is_grave=True,
        )

    def _draft(self, request: HttpRequest, order: Order | None) -> HttpResponse:
        if not self.has_act_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        page = _Page(request, order)
        response = page.answer()
        return response or TemplateResponse(
            request,
            "admin/oms/order_form.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Draft") if order else _("New order"),
                "subject": str(order.number) if order else "",
                "back": self._address(order),
                "intro": _(
                    "A draft has no effect on stock. Saving shows what submitting would do."
                ),
                **page.context(),
            },
            status=page.code,
        )


class _Page:
    """One request for the page of a draft."""

    def __init__(self, request: HttpRequest, order: Order | None) -> None:
        data = order_forms.posted(request)
        self._request, self._order = request, order
        self.code = 200
        self._step = request.POST.get("step", "")
        self._refusal = ""
        self.rows = order_forms.LineFormSet(data, prefix="line", initial=_rows(order))
        self.head = order_forms.DraftHeadForm(
            data, prefix="head", initial=_head(order), channels=channels.active_choices()
        )
        self.terms = order_forms.TermsForm(
            data, prefix="terms", initial=_terms(order), tiers=channels.level_choices()
        )
        self.address: order_forms.AddressForm | None = None
        if order is None or may_see_people(request):
            self.address = order_forms.AddressForm(data, prefix="to", initial=_address(order))

    def answer(self) -> HttpResponse | None:
        """Where to go when it is done; None: the page is shown (again)."""
        forms = [form for form in (self.rows, self.head, self.terms, self.address) if form]
        is_asked = self._request.method == "POST" and self._step != order_forms.MORE
        if not is_asked or not all([form.is_valid() for form in forms]):
            return None
        try:
            with acting(actor=actor_of(self._request)):
                return self._act(self._step)
        except OmsError as error:
            self.code, self._refusal = error.status, error.detail
        return None

    def _act(self, step: str) -> HttpResponse:
        channel = channels.facts_of_key(self.head.cleaned_data["channel"])
        draft = self._written(channel)
        if self._order is None:
            order = drafts.create(channel=channel, draft=draft)
        else:
            version = int(self._request.POST.get("version") or -1)
            order = drafts.save(
                order_id=self._order.pk, version=version, channel=channel, draft=draft
            )
        if step != "submit":
            messages.success(self._request, str(_("The draft is saved.")))
            return HttpResponseRedirect(reverse("admin:orders_order_edit_draft", args=(order.pk,)))
        drafts.submit(order_id=order.pk, version=order.version)
        messages.success(self._request, str(_("The order is submitted.")))
        return HttpResponseRedirect(reverse("admin:orders_order_change", args=(order.pk,)))

    def _written(self, channel: ChannelFacts) -> OrderDraft:
        terms = self.terms.cleaned_data
        known, reference = _customer(channel, self.head.cleaned_data["customer"].strip())
        return OrderDraft(
            external_ref="",
            currency=self.head.cleaned_data["currency"].upper(),
            customer_ref=reference,
            known_customer=known,
            tier=terms["tier"],
            shipping_amount=terms["shipping_amount"] or Decimal(0),
            shipping_tax_amount=terms["shipping_tax_amount"] or Decimal(0),
            is_partial_allowed=terms["is_partial_allowed"],
            origin=Order.Origin.STAFF,
            recipient=self._recipient(),
            lines=tuple(
                LineDraft(**_line(form.cleaned_data))
                for form in self.rows
                if form.cleaned_data.get("sku") and form.cleaned_data["quantity"]
            ),
        )

    def _recipient(self) -> RecipientDraft:
        if self.address:
            return self.address.recipient()
        assert self._order is not None
        return drafts.recipient_of(self._order, purpose="draft order")

    def context(self) -> dict[str, Any]:
        more = [("submit", _("Submit the order"))] if self._order else []
        return {
            "rows": self.rows,
            "head": self.head,
            "terms": self.terms,
            "address": self.address,
            "preview": self._preview(),
            "refusal": self._refusal,
            "version": self._order.version if self._order else "",
            "look": _("Save the draft"),
            "more_steps": more,
        }

    def _preview(self) -> list[Any]:
        if self._order is None or self._request.method == "POST":
            return []
        try:
            return previews.blocks(drafts.preview(order_id=self._order.pk))
        except OmsError as error:
            self._refusal = error.detail
            return []


def _line(data: dict[str, Any]) -> dict[str, Any]:
    return order_forms.line_of({name: data[name] for name in ("sku", "quantity", *_PRICES)})


def _customer(channel: ChannelFacts, text: str) -> tuple[str, str]:
    """The exact reference of who bought before, or else what the customer is to be called."""
    if "@" not in text:
        return "", text
    contacts = search.find_contact_ids(organization_id=channel.organization_id, email=text)
    known = customers.find_reference(organization_id=channel.organization_id, contact_ids=contacts)
    return known, "" if known else text


def _rows(order: Order | None) -> list[dict[str, Any]]:
    lines = OrderLine.objects.filter(order=order).order_by("position") if order else ()
    return [
        {
            "sku": line.sku,
            "quantity": line.ordered,
            **{name: order_forms.plain(getattr(line, name)) for name in _PRICES},
        }
        for line in lines
    ]


def _head(order: Order | None) -> dict[str, Any]:
    if order is None:
        return {"currency": "USD"}
    return {
        "channel": f"{order.organization_id}:{order.channel.code}",
        "currency": order.currency,
    }


def _terms(order: Order | None) -> dict[str, Any]:
    if order is None:
        return {"tier": Order.Tier.STANDARD}
    names = ("tier", "is_partial_allowed")
    amounts = ("shipping_amount", "shipping_tax_amount")
    return {name: getattr(order, name) for name in names} | {
        name: order_forms.plain(getattr(order, name)) for name in amounts
    }


def _address(order: Order | None) -> dict[str, Any]:
    if order is None:
        return {"country": "US"}
    return order_forms.address_of(drafts.recipient_of(order, purpose="draft order"))
