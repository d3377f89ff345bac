"""Staff pages of partners and people: keys are shown once, roles are given by one service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from oms.core import clock
from oms.core.admin import cells
from oms.core.admin.deeds import Data, actor_of, choice
from oms.core.admin.pages import Facts, Page
from oms.core.admin.reading import PlainEditAdmin, ReadAdmin
from oms.infra.accounts import scopes
from oms.infra.accounts import selectors as accounts
from oms.infra.accounts.models import ApiKey, Organization, StaffProfile
from oms.infra.accounts.services import keys, roles


@admin.register(Organization)
class OrganizationAdmin(PlainEditAdmin):
    list_display = ("named", "currency", "state")
    list_filter = ("is_active", "is_sandbox")
    search_fields = ("=code", "name")
    ordering = ("name",)
    readonly_fields = ("is_operator", "is_sandbox", "public_id")
    fields = (("code", "name"), "currency", "is_active", "is_operator", "is_sandbox", "public_id")

    @display(description=_("organization"), ordering="name")
    def named(self, obj: Organization) -> SafeString:
        return cells.two_lines(obj.name, obj.code)

    @display(description=_("state"))
    def state(self, obj: Organization) -> SafeString:
        found = [cells.pill(_("Active"), "ok") if obj.is_active else cells.pill(_("Off"))]
        if obj.is_operator:
            found.append(cells.pill(_("Operator"), "info"))
        if obj.is_sandbox:
            found.append(cells.pill(_("Sandbox"), "warn"))
        return cells.pills(*found)


class NewKeyForm(forms.Form):
    """Asks for whom, for what and how long."""

    organization = choice(_("Organization"), ())
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("What it is used for, such as the name of the shop system."),
        widget=UnfoldAdminTextInputWidget(),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=[(scope, scope) for scope in scopes.ALL],
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    days = forms.IntegerField(
        label=_("Days until it expires"),
        min_value=1,
        max_value=365,
        initial=365,
        widget=UnfoldAdminIntegerFieldWidget(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        active = Organization.objects.filter(is_active=True).order_by("name")
        self.fields["organization"].choices = [(o.pk, o.name) for o in active]  # type: ignore[attr-defined]


class KeyFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("usable", _("Usable")), ("revoked", _("Revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "usable":
            return queryset.filter(revoked_at=None, expires_at__gt=clock.real_now())
        return queryset.filter(revoked_at__isnull=False) if self.value() else queryset


@admin.register(ApiKey)
class ApiKeyAdmin(ReadAdmin):
    list_display = ("named", "organization", "state", "used", "expires")
    list_filter = (KeyFilter, "organization")
    list_select_related = ("organization",)
    search_fields = ("=key_id", "name")
    search_help_text = _("Key id or name")
    ordering = ("-id",)
    empty_title = _("No keys yet")
    empty_text = _("A partner needs one to call the API.")
    actions_list = ["create_key"]
    actions_detail = ["revoke"]

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perms(["accounts.add_apikey", "accounts.change_apikey"])

    def page(self, request: HttpRequest, obj: Any) -> Page:
        names = accounts.names_of(actors={obj.created_by})
        about: list[tuple[Any, Any]] = [
            (_("organization"), obj.organization.name),
            (_("may"), cells.pills(*(cells.pill(scope, "info") for scope in obj.scopes))),
            (_("key id"), cells.code(obj.key_id)),
            (_("made by"), names[obj.created_by]),
            (_("made"), cells.moment(obj.created_at)),
            (_("last used"), cells.ago(obj.last_used_at)),
            (_("expires"), cells.moment(obj.expires_at)),
            (_("revoked"), cells.moment(obj.revoked_at)),
        ]
        note = _("The key itself was shown once and is stored nowhere.")
        return Page(
            name=obj.name, pills=[_key_state(obj)], main=[Facts(_("Details"), about, note=note)]
        )

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return set() if obj.revoked_at else {"revoke"}

    @display(description=_("key"), ordering="name")
    def named(self, obj: ApiKey) -> SafeString:
        return cells.two_lines(obj.name, f"{obj.key_id}…")

    @display(description=_("state"))
    def state(self, obj: ApiKey) -> SafeString:
        return _key_state(obj)

    @display(description=_("last used"), ordering="last_used_at")
    def used(self, obj: ApiKey) -> SafeString:
        return cells.ago(obj.last_used_at)

    @display(description=_("expires"), ordering="expires_at")
    def expires(self, obj: ApiKey) -> SafeString:
        return cells.day(obj.expires_at.date())

    @action(
        description=_("Create a key"),
        permissions=["act"],
        url_path="create-key",
        icon="add",
        variant=ActionVariant.PRIMARY,
    )
    def create_key(self, request: HttpRequest) -> HttpResponse:
        return self.perform(
            request,
            None,
            title=_("Create a key"),
            text=_("Its text is shown once, on the next page."),
            form_class=NewKeyForm,
            run=lambda nothing, data: self._show_once(request, data),
            done="",
        )

    @action(
        description=_("Revoke"),
        permissions=["act"],
        url_path="revoke",
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.perform(
            request,
            object_id,
            title=_("Revoke the key"),
            text=_("Calls with it are refused from now on. This cannot be taken back."),
            run=lambda key, data: keys.revoke(key_id=key.key_id, actor=actor_of(request)),
            done=_("The key is revoked."),
            is_grave=True,
        )

    def _show_once(self, request: HttpRequest, data: Data) -> HttpResponse:
        made = keys.create(
            organization_id=int(data["organization"]),
            name=data["name"],
            scopes=data["scopes"],
            created_by=actor_of(request),
            expires_at=clock.real_now() + timedelta(days=data["days"]) - timedelta(minutes=1),
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("The key"),
            "key": made.key,
            "text": made.text,
            "back": self._address(made.key),
        }
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/oms/key.html", context, headers=headers)


def _key_state(key: ApiKey) -> SafeString:
    if key.revoked_at:
        return cells.pill(_("Revoked"), "bad")
    if key.expires_at <= clock.real_now():
        return cells.pill(_("Expired"), "warn")
    return cells.pill(_("Usable"), "ok")


@admin.register(StaffProfile)
class StaffProfileAdmin(PlainEditAdmin):
    """A role decides what a person sees and may do."""

    list_display = ("person", "role_pill", "nodes", "approves")
    list_filter = ("role",)
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("user__username",)
    autocomplete_fields = ("user",)
    fields = ("user", "role", "node_codes", "approval_limit")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("user",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the service: it also gives the permissions of the role."""
        profile = roles.assign(
            user=obj.user, role=StaffProfile.Role(obj.role), node_codes=obj.node_codes
        )
        roles.set_approval_limit(user=obj.user, limit=obj.approval_limit)
        obj.pk = profile.pk

    @display(description=_("person"), ordering="user__username")
    def person(self, obj: StaffProfile) -> SafeString:
        return cells.two_lines(obj.user.get_username(), obj.user.get_full_name())

    @display(description=_("role"), ordering="role")
    def role_pill(self, obj: StaffProfile) -> SafeString:
        return cells.pill(obj.get_role_display(), "info")

    @display(description=_("nodes"))
    def nodes(self, obj: StaffProfile) -> Any:
        return ", ".join(obj.node_codes) or _("All")

    @display(description=_("may approve up to"), ordering="approval_limit")
    def approves(self, obj: StaffProfile) -> Any:
        if obj.role == StaffProfile.Role.ADMIN:
            return cells.pill(_("Any amount"), "info")
        if obj.approval_limit is None:
            return cells.NOTHING
        return cells.amount(obj.approval_limit, accounts.operator_currency())


admin.site.unregister(User)
# What a role may do stands in code and is synchronized; a group edited here would change back.
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, PlainEditAdmin):  # type: ignore[misc]  # its paginator counts less
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "name", "is_active", "last_seen")
    list_filter = ("is_active",)
    readonly_fields = ("last_login", "date_joined", "is_staff", "is_superuser")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "last_login")}),
    )

    @display(description=_("name"))
    def name(self, obj: User) -> str:
        return obj.get_full_name()

    @display(description=_("last seen"), ordering="last_login")
    def last_seen(self, obj: User) -> SafeString:
        return cells.ago(obj.last_login)
