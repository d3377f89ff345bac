"""What staff do with many rows of a list: choose, say why, run; asked for once, done by POST."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext

from oms.core.admin.cells import Text
from oms.core.admin.deeds import Data, ReasonForm, carry_out

#: Rows that one deed may be about.
MOST = 5_000
_KEYS = "keys"


class ManyMixin:
    """Gives an admin class `perform_many`, the body of every action on a list."""

    opts: Any
    admin_site: Any

    def perform_many(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        *,
        name: str,
        title: Text,
        run: Callable[[Sequence[int], Data], Text | HttpResponse],
        form_class: Callable[..., forms.Form] = ReasonForm,
        text: Text = "",
    ) -> HttpResponse | None:
        """This function will ask for what a deed on the chosen rows needs, do it and say so.

        `run` gets the keys of those rows the person may see, and the form's data; what it returns
        is shown. The form names the rows, so that what was chosen is what is done.
        """
        keys = self._chosen(request, queryset)
        if len(keys) > MOST:
            messages.error(request, gettext("Choose at most %(n)d rows.") % {"n": MOST})
            return None
        is_answered = _KEYS in request.POST
        form = form_class(request.POST if is_answered else None)
        code = 200
        if is_answered and form.is_valid():
            code, answer = carry_out(request, form, lambda data: run(keys, data))
            if not form.errors:
                if isinstance(answer, HttpResponse):
                    return answer
                messages.success(request, str(answer))
                return HttpResponseRedirect(request.get_full_path())
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "text": text,
            "form": form,
            "back": request.get_full_path(),
            "many": ngettext("%(n)d row is chosen.", "%(n)d rows are chosen.", len(keys))
            % {"n": len(keys)},
            "submit": title,
            "hidden": [
                ("action", name),
                (ACTION_CHECKBOX_NAME, keys[0] if keys else ""),
                (_KEYS, ",".join(map(str, keys))),
            ],
        }
        return TemplateResponse(request, "admin/oms/deed.html", context, status=code)

    def _chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[int]:
        if _KEYS not in request.POST:
            return list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
        named = [int(key) for key in request.POST[_KEYS].split(",") if key.isdigit()]
        visible: QuerySet[Any] = self.get_queryset(request)  # type: ignore[attr-defined]
        rows = visible.filter(pk__in=named[: MOST + 1]).order_by("pk")
        return list(rows.values_list("pk", flat=True))
