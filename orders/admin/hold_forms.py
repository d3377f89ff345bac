"""What staff say of holds, tags, notes and files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from oms.core.admin.deeds import Data, ReasonForm, choice
from orders.hold_terms import HoldTerms
from orders.models import Hold
from orders.services import attachments, holding, notes

_TYPES = [pair for pair in Hold.Type.choices if pair[0] not in holding.ROUTED_HOLDS]


def _moment(label: Any, hint: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=False,
        help_text=hint,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )


class PlaceHoldForm(ReasonForm):
    """Asks which hold, why, what it stops and until when."""

    type = choice(_("Type"), _TYPES, initial=Hold.Type.OPERATOR)
    scopes = forms.MultipleChoiceField(
        label=_("Stops"),
        choices=Hold.Scope.choices,
        required=False,
        initial=Hold.Scope.values,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=_("Picking includes packing. None chosen: everything."),
    )
    due_at = _moment(_("Answer due"), _("UTC. Four hours from now unless you say otherwise."))
    releases_at = _moment(_("Ends by itself"), _("UTC. Empty: somebody has to release it."))
    field_order = ["type", "reason", "scopes", "due_at", "releases_at"]


class ReleaseHoldsForm(ReasonForm):
    """Asks which holds, and why."""

    type = choice(_("Type"), _TYPES, initial=Hold.Type.OPERATOR)
    field_order = ["type", "reason"]


class TagsForm(forms.Form):
    """Asks for words."""

    add = forms.CharField(
        label=_("Add"),
        required=False,
        max_length=400,
        help_text=_("Words of a-z, 0-9, - and _, with spaces between them."),
        widget=UnfoldAdminTextInputWidget(),
    )
    remove = forms.CharField(
        label=_("Remove"), required=False, max_length=400, widget=UnfoldAdminTextInputWidget()
    )


class NoteForm(forms.Form):
    """Asks for a note."""

    text = forms.CharField(
        label=_("Note"),
        max_length=notes.MAX_LENGTH,
        help_text=_("Kept under the customer's key: names and addresses may stand here."),
        widget=UnfoldAdminTextareaWidget(),
    )


class FileForm(forms.Form):
    """Asks for a file."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, PNG, JPEG, WebP or plain text; at most 5 MB."),
        widget=UnfoldAdminFileFieldWidget(),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > attachments.MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 5 MB."))
        return file


def terms_of(data: Data) -> HoldTerms:
    """This function will return what a form for a hold says."""
    due_at: datetime | None = data["due_at"]
    releases_at: datetime | None = data["releases_at"]
    return HoldTerms(data["type"], data["reason"], tuple(data["scopes"]), due_at, releases_at)
