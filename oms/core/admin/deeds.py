"""What staff do: a form that asks for what the service needs, one call, an answer in words.

A deed is shown to those who may do it, asked for by GET and done by POST only; the service runs as
`staff:<id>`, and its refusal stands beside the form in its own words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from oms.core.admin.cells import Text
from oms.core.context import acting
from oms.core.errors import OmsError

Data = Mapping[str, Any]


class ConfirmForm(forms.Form):
    """Asks nothing but "yes"."""


class ReasonForm(forms.Form):
    """Asks why."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Others read it later. Leave out names and addresses."),
        widget=UnfoldAdminTextInputWidget(),
    )


def choice(label: Text, choices: Any, **options: Any) -> forms.ChoiceField:
    """This function will return a field that offers choices, in the look of the pages."""
    return forms.ChoiceField(
        label=label,  # type: ignore[arg-type]  # any promise of a text will do
        choices=choices,
        widget=UnfoldAdminSelectWidget(),
        **options,
    )


def told(error: OmsError) -> list[str]:
    """This function will return what a refusal says, each of its parts once."""
    return list(dict.fromkeys([error.detail, *(part.detail for part in error.errors)]))


def actor_of(request: HttpRequest) -> str:
    """This function will return how services know the person behind a request."""
    return f"staff:{request.user.pk}"


def _given(request: HttpRequest) -> tuple[Any, ...]:
    return (request.POST, request.FILES) if request.method == "POST" else ()


def carry_out(
    request: HttpRequest, form: forms.Form, run: Callable[[Data], Any]
) -> tuple[int, Any]:
    """This function will run a deed as the person who asks, with what the form holds.

    :returns: 200 and the answer; or the status of what it was told, which then stands in the form.
    """
    try:
        with acting(actor=actor_of(request)):
            return 200, run(form.cleaned_data)
    except OmsError as error:
        form.add_error(None, told(error))
        return error.status, None


class DeedsMixin:
    """Gives an admin class `perform`, the body of every deed."""

    model: Any
    opts: Any
    admin_site: Any

    def perform(
        self,
        request: HttpRequest,
        object_id: str | None,
        *,
        title: Text,
        run: Callable[[Any, Data], object],
        done: Text,
        form_class: Callable[..., forms.Form] = ConfirmForm,
        text: Text = "",
        submit: Text = "",
        is_grave: bool = False,
    ) -> HttpResponse:
        """This function will ask for what a deed needs, do it and say so.

        `run` takes the object (None for a deed on the whole list) and the form's data.
        """
        obj = self._subject(request, object_id)
        back = self._address(obj)
        form = form_class(*_given(request))
        code = 200
        if request.method == "POST" and form.is_valid():
            code, answer = carry_out(request, form, lambda data: run(obj, data))
            if not form.errors:
                if isinstance(answer, HttpResponse):
                    return answer
                messages.success(request, str(done))
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "text": text,
            "form": form,
            "back": back,
            "subject": self.named(obj) if obj else "",
            "submit": submit or title,
            "is_grave": is_grave,
        }
        return TemplateResponse(request, "admin/oms/deed.html", context, status=code)

    def named(self, obj: Any) -> Text:
        """This method will return what people call a row."""
        return str(obj)

    def _subject(self, request: HttpRequest, object_id: str | None) -> Any:
        if object_id is None:
            return None
        obj = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if obj is None:
            raise Http404
        return obj

    def _address(self, obj: Any) -> str:
        base = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"
        if obj is None:
            return reverse(f"{base}_changelist")
        return reverse(f"{base}_change", args=(obj.pk,))
