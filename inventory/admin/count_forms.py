"""What the pages of counts ask for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from inventory.models import CountLine
from inventory.nodes import selectors as nodes
from inventory.services import counts
from oms.core.admin.deeds import choice


class _NodeForm(forms.Form):
    """Asks where, among the nodes a person may see."""

    node = choice(_("Node"), ())

    def __init__(self, *args: Any, codes: set[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = nodes.list_nodes(codes=codes)
        self.fields["node"].choices = [(n.pk, n.name) for n in known]  # type: ignore[attr-defined]


def _skus(*, required: bool) -> forms.CharField:
    return forms.CharField(
        label=_("SKUs"),
        required=required,
        help_text=_("One a line."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )


class StartForm(_NodeForm):
    """Asks what to count: a bin, or SKUs."""

    bin = forms.CharField(
        label=_("Bin"),
        required=False,
        max_length=40,
        help_text=_("All that has its home there. Or leave it empty and name SKUs."),
        widget=UnfoldAdminTextInputWidget(),
    )
    skus = _skus(required=False)
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=80,
        help_text=_("It stays in the ledger."),
        widget=UnfoldAdminTextInputWidget(),
    )


class HomeForm(_NodeForm):
    """Asks which bin is the home of which SKUs."""

    bin = forms.CharField(
        label=_("Bin"),
        required=False,
        max_length=40,
        help_text=_("A new one is made. Empty: they have no home any more."),
        widget=UnfoldAdminTextInputWidget(),
    )
    skus = _skus(required=True)


class EnterForm(forms.Form):
    """One number a place; without what the books say. Empty is not counted yet, 0 is none."""

    def __init__(self, *args: Any, lines: Sequence[CountLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for line in lines:
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=_label(line),
                required=False,
                initial=line.counted,
                min_value=0,
                max_value=counts.MAX_COUNT,
                widget=UnfoldAdminIntegerFieldWidget(
                    attrs={"inputmode": "numeric", "autocomplete": "off"}
                ),
            )


def _label(line: CountLine) -> str:
    variant, home = line.position.variant, line.position.bin
    parts = [variant.sku, variant.name]
    if line.lot:
        parts.append(gettext("lot %(code)s") % {"code": line.lot.code})
    if home:
        parts.append(home.code)
    return " · ".join(parts)
