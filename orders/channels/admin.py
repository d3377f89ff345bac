"""Staff pages of channels and service levels: people own them; every change keeps its history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from carriers.selectors import carriers
from oms.core.admin import cells
from oms.core.admin.deeds import choice
from oms.core.admin.reading import EditAdmin, ToldEditAdmin
from orders.channels import selectors, services
from orders.channels.models import Channel, ServiceLevel


def _ticks(name: str) -> forms.MultipleChoiceField:
    field: Any = Channel._meta.get_field(name)
    return forms.MultipleChoiceField(
        label=field.verbose_name,
        help_text=field.help_text,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )


class ChannelForm(forms.ModelForm[Channel]):
    """Offers the levels of all sellers; those of others are refused by name."""

    default_tier = choice(_("Default tier"), ())
    tiers = _ticks("tiers")
    carriers = _ticks("carriers")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = selectors.level_choices()
        self.fields["default_tier"].choices = levels  # type: ignore[attr-defined]
        self.fields["tiers"].choices = levels  # type: ignore[attr-defined]
        self.fields["carriers"].choices = carriers.choices()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        organization, offered = data.get("organization"), data.get("tiers") or []
        if organization is None:
            return data
        known = selectors.levels_of(organization_id=organization.pk)
        for name in ("default_tier", "tiers"):
            asked = data.get(name) or []
            foreign = {asked} if isinstance(asked, str) else set(asked)
            if unknown := sorted(foreign - known.keys()):
                self.add_error(
                    name, _("This seller has no level %s; untick it.") % ", ".join(unknown)
                )
        if offered and data.get("default_tier") not in offered:
            self.add_error("default_tier", _("Choose one of the offered service levels."))
        return data


@admin.register(Channel)
class ChannelAdmin(EditAdmin):
    form = ChannelForm
    list_display = ("named", "kind_pill", "brand", "organization", "default_tier", "rules", "state")
    list_filter = ("kind", "organization", "is_active")
    list_select_related = ("organization",)
    search_fields = ("=code", "name")
    ordering = ("organization_id", "code")
    fieldsets = (
        (None, {"fields": ("organization", ("code", "name"), ("kind", "brand"))}),
        (_("Service"), {"fields": ("default_tier", "tiers", "carriers")}),
        (
            _("Rules"),
            {
                "fields": (
                    ("auto_approve", "approval_above_amount"),
                    ("requires_payment", "needs_street"),
                    "is_active",
                )
            },
        ),
    )

    @display(description=_("channel"), ordering="code")
    def named(self, obj: Channel) -> SafeString:
        return cells.two_lines(obj.name, obj.code)

    @display(description=_("kind"), ordering="kind")
    def kind_pill(self, obj: Channel) -> SafeString:
        return cells.status(obj, "kind")

    @display(description=_("rules"))
    def rules(self, obj: Channel) -> SafeString:
        words = [
            (not obj.auto_approve, _("Approval")),
            (obj.approval_above_amount is not None, _("Approval above an amount")),
            (obj.requires_payment, _("Paid first")),
            (bool(obj.carriers), _("Own carriers")),
        ]
        return cells.pills(*(cells.pill(word) for is_so, word in words if is_so))

    @display(description=_("state"), ordering="is_active")
    def state(self, obj: Channel) -> SafeString:
        return cells.pill(_("Active"), "ok") if obj.is_active else cells.pill(_("Off"))


@admin.register(ServiceLevel)
class ServiceLevelAdmin(ToldEditAdmin):
    list_display = ("named", "organization", "rank", "deadline_days", "state")
    list_filter = ("organization", "is_active")
    list_select_related = ("organization",)
    search_fields = ("=code", "name")
    ordering = ("organization_id", "-rank", "code")
    empty_title = _("No levels of your own")
    empty_text = _("Same day, next day, standard and economy are always there. Add what you sell.")
    fieldsets = (
        (None, {"fields": ("organization", ("code", "name"))}),
        (_("Promise"), {"fields": (("rank", "deadline_days"), "is_active")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Orders name their level by its code.
        return ("organization", "code") if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "rank" in form.changed_data:
            services.tell_ranked(level=obj)

    @display(description=_("level"), ordering="code")
    def named(self, obj: ServiceLevel) -> SafeString:
        return cells.two_lines(obj.name, obj.code)

    @display(description=_("state"), ordering="is_active")
    def state(self, obj: ServiceLevel) -> SafeString:
        return cells.pill(_("Active"), "ok") if obj.is_active else cells.pill(_("Off"))
