"""What staff do with many orders at once: hold, release, tag. Above fifty it becomes a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from oms.core.admin.bulk import ManyMixin
from oms.core.admin.deeds import Data
from oms.core.waking import wake
from orders import tasks
from orders.admin.hold_forms import PlaceHoldForm, ReleaseHoldsForm, TagsForm, terms_of
from orders.hold_terms import HoldTerms
from orders.services import bulk_holds, holds, tags

Answer = str | Promise


def place(keys: Sequence[int], terms: HoldTerms) -> Answer:
    """This function will put the orders on hold, now or as a job, and say what came of it."""
    if len(keys) > bulk_holds.AT_ONCE:
        return _later(keys, terms)
    return _counted(holds.place_many(order_ids=keys, terms=terms))


def lift(keys: Sequence[int], terms: HoldTerms) -> Answer:
    """This function will lift the orders' holds of one type, now or as a job, and say so."""
    if len(keys) > bulk_holds.AT_ONCE:
        return _later(keys, terms, is_release=True)
    return _counted(holds.release_many(order_ids=keys, type=terms.type, reason=terms.reason))


def _later(keys: Sequence[int], terms: HoldTerms, *, is_release: bool = False) -> Answer:
    job = bulk_holds.submit(order_ids=keys, terms=terms, is_release=is_release)
    wake(tasks.change_holds)
    link = reverse("admin:jobs_job_change", args=(job.pk,))
    return format_html(
        '{} <a href="{}">{}</a>',
        gettext("So many are changed in the background."),
        link,
        gettext("Watch the progress"),
    )


def _counted(answers: Sequence[holds.Answer]) -> str:
    failed = [answer for answer in answers if answer.error is not None]
    done = len(answers) - len(failed)
    text = ngettext("%(n)d order was changed.", "%(n)d orders were changed.", done) % {"n": done}
    if not failed:
        return text
    why = list(dict.fromkeys(answer.error.detail for answer in failed if answer.error))
    left = ngettext("%(n)d was not:", "%(n)d were not:", len(failed)) % {"n": len(failed)}
    return f"{text} {left} {' '.join(why[:5])}"


class ManyOrders(ManyMixin):
    """The actions of the list of orders."""

    actions = ["place_holds", "release_holds", "change_tags"]

    @action(description=_("Place hold"), permissions=["act"])
    def place_holds(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self.perform_many(
            request,
            queryset,
            name="place_holds",
            title=_("Place holds"),
            text=_("What you choose stops at once, also in the middle of a pick."),
            form_class=PlaceHoldForm,
            run=lambda keys, data: place(keys, terms_of(data)),
        )

    @action(description=_("Release holds"), permissions=["act"])
    def release_holds(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self.perform_many(
            request,
            queryset,
            name="release_holds",
            title=_("Release holds"),
            text=_("With its last hold released an order goes on where it stopped."),
            form_class=ReleaseHoldsForm,
            run=lambda keys, data: lift(keys, HoldTerms(data["type"], data["reason"])),
        )

    @action(description=_("Change tags"), permissions=["act"])
    def change_tags(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return self.perform_many(
            request,
            queryset,
            name="change_tags",
            title=_("Change tags"),
            form_class=TagsForm,
            run=_tag,
        )


def _tag(keys: Sequence[int], data: Data) -> str:
    changed = tags.change(order_ids=keys, add=data["add"].split(), remove=data["remove"].split())
    count = len(changed)
    return ngettext("%(n)d order was changed.", "%(n)d orders were changed.", count) % {"n": count}
