"""Staff pages of verification rules: versions, what each changed, and a form for the next one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from oms.core.admin import cells
from oms.core.admin.deeds import Data
from oms.core.admin.filters import StateFilter
from oms.core.admin.pages import Facts, Page, Table
from oms.core.admin.reading import ReadAdmin
from oms.core.errors import OmsError
from oms.infra.accounts import selectors as accounts
from orders import rules
from orders.admin.rule_forms import ChooseRuleForm, rule_form, settings_of, told
from orders.models import RuleResult, VerificationRule
from orders.rules import RULES, Tuned
from orders.selectors import rulebook
from orders.services import rulebook as changing
from orders.services import trying

#: Versions shown on a page.
SHOWN = 25


class Tried(OmsError):
    """What a trial found: told beside the form."""

    status = 200
    code = "orders.rule_tried"


class CurrentFilter(StateFilter):
    title = _("versions")
    parameter_name = "state"
    states = (("current", _("In force")), ("all", _("All")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.state == "all" else queryset.filter(is_current=True)


@admin.register(VerificationRule)
class VerificationRuleAdmin(ReadAdmin):
    list_display = ("named_rule", "in_channel", "follows", "version", "seller", "changed")
    list_filter = (CurrentFilter, "organization", "rule")
    list_select_related = ("organization",)
    ordering = ("organization_id", "rule", "channel", "-version")
    empty_title = _("Every rule is as built in")
    empty_text = _("Set a rule to change when it objects and what follows.")
    actions_list = ["set_rule"]
    actions_detail = ["change_rule"]

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("channels.change_channel")

    def get_page_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return VerificationRule.objects.select_related("organization")

    def page(self, request: HttpRequest, obj: Any) -> Page:
        tuned = rulebook.tuned(obj)
        about: list[tuple[Any, Any]] = [
            (_("seller"), obj.organization.name),
            (_("channel"), _channel(obj)),
            (_("version"), obj.version),
            (_("what follows"), cells.status(obj, "verdict")),
        ]
        return Page(
            name=self.named(obj),
            pills=[_state(obj)],
            main=[_settings(tuned), _versions(obj)],
            side=[Facts(_("Rule"), about)],
        )

    def named(self, obj: VerificationRule) -> str:
        return f"{_name(obj)} · {_channel(obj)}"

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        return {"change_rule"} if obj.is_current else set()

    @display(description=_("rule"), ordering="rule")
    def named_rule(self, obj: VerificationRule) -> Any:
        return _name(obj)

    @display(description=_("channel"), ordering="channel")
    def in_channel(self, obj: VerificationRule) -> Any:
        return _channel(obj)

    @display(description=_("what follows"), ordering="verdict")
    def follows(self, obj: VerificationRule) -> SafeString:
        return cells.status(obj, "verdict") if obj.is_enabled else cells.pill(_("Off"))

    @display(description=_("seller"), ordering="organization__name")
    def seller(self, obj: VerificationRule) -> str:
        return obj.organization.name

    @display(description=_("changed"), ordering="created_at")
    def changed(self, obj: VerificationRule) -> SafeString:
        return cells.ago(obj.created_at)

    @action(
        description=_("Set a rule"), permissions=["act"], url_path="set-rule", icon="tune",
        variant=ActionVariant.PRIMARY,
    )  # fmt: skip
    def set_rule(self, request: HttpRequest) -> HttpResponse:
        """First which, then how: what was chosen stands in the address."""
        asked = request.GET
        if {"organization", "rule"} <= asked.keys() and asked["organization"].isdigit():
            scope = (int(asked["organization"]), asked.get("channel", ""))
            return self._edit(request, None, scope, asked["rule"])
        return self.perform(
            request,
            None,
            title=_("Set a rule"),
            form_class=ChooseRuleForm,
            submit=_("Go on"),
            run=lambda nothing, data: HttpResponseRedirect(f"{request.path}?{urlencode(data)}"),
            done="",
        )

    @action(description=_("Change"), permissions=["act"], url_path="change-rule", icon="edit")
    def change_rule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._subject(request, object_id)
        return self._edit(request, object_id, (row.organization_id, row.channel), row.rule)

    def _edit(
        self, request: HttpRequest, object_id: str | None, scope: rulebook.Scope, code: str
    ) -> HttpResponse:
        if code not in RULES:
            return HttpResponseRedirect(self._address(None))
        current = rulebook.current(scopes=[scope])[scope][code]
        return self.perform(
            request,
            object_id,
            title=current.rule.name,
            text=_("A change is a new version; orders that were judged keep theirs."),
            form_class=rule_form(current.rule, current),
            submit=_("Save or try"),
            run=lambda _row, data: self._save(scope, current, data),
            done=_("The rule holds for new orders."),
        )

    def _save(self, scope: rulebook.Scope, current: Tuned, data: Data) -> HttpResponse | None:
        terms = {
            "organization_id": scope[0],
            "channel": scope[1],
            "rule": current.rule.code,
            "settings": settings_of(current.rule, data),
            "verdict": data["verdict"],
            "is_enabled": data["is_enabled"],
        }
        if data["is_trial"]:
            raise Tried(_told(trying.try_out(**terms)))
        made = changing.change(**terms, reason=data["reason"], based_on=data["based_on"])
        return HttpResponseRedirect(self._address(made))


def _told(trial: trying.Trial) -> str:
    if not trial.otherwise:
        said = gettext("All of the latest %(n)d orders would be judged the same.")
        return said % {"n": trial.orders}
    said = ngettext(
        "%(n)d of the latest %(all)d orders would be judged otherwise: %(how)s.",
        "%(n)d of the latest %(all)d orders would be judged otherwise: %(how)s.",
        trial.otherwise,
    )
    words = dict(RuleResult.Verdict.choices)
    parts = [f"{n} × {words[a]} → {words[b]}" for (a, b), n in sorted(trial.changes.items())]
    return said % {"n": trial.otherwise, "all": trial.orders, "how": ", ".join(parts)}


def _name(obj: VerificationRule) -> Any:
    return RULES[obj.rule].name if obj.rule in RULES else obj.rule


def _channel(obj: VerificationRule) -> Any:
    return obj.channel or _("All channels")


def _state(obj: VerificationRule) -> SafeString:
    if not obj.is_current:
        return cells.pill(_("Replaced"))
    return cells.pill(_("In force"), "ok") if obj.is_enabled else cells.pill(_("Off"))


def _settings(tuned: Tuned) -> Facts:
    built_in = rules.BUILT_IN[tuned.rule.code].settings
    shown = [
        (field.metadata["label"], _value(getattr(tuned.settings, name)))
        for name, field in type(built_in).__dataclass_fields__.items()
    ]
    return Facts(_("Settings"), shown)


def _value(value: Any) -> Any:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return told(value) if value not in ((), "") else cells.NOTHING


def _versions(obj: VerificationRule) -> Table:
    found = rulebook.list_versions(organization_id=obj.organization_id, rule=obj.rule)
    mine = list(found.filter(channel=obj.channel)[: SHOWN + 1])
    names = accounts.names_of(actors={row.author for row in mine})
    rows = [
        [row.version, _differences(row, older), row.reason or cells.NOTHING, names[row.author],
         cells.moment(row.created_at)]
        for row, older in zip(mine[:SHOWN], [*mine[1:], None], strict=False)
    ]  # fmt: skip
    headers = [_("version"), _("what changed"), _("why"), _("who"), _("when")]
    return Table(_("Versions"), headers, rows, _("No version yet."))


def _differences(row: VerificationRule, older: VerificationRule | None) -> str:
    before = _terms(older) if older else _built_in(row)
    after = _terms(row)
    changed = [f"{name}: {before.get(name)} → {value}" for name, value in after.items()
               if before.get(name) != value]  # fmt: skip
    return "; ".join(changed) or gettext("Nothing")


def _terms(row: VerificationRule) -> Mapping[str, Any]:
    return {"used": row.is_enabled, "verdict": row.verdict, **row.settings}


def _built_in(row: VerificationRule) -> Mapping[str, Any]:
    tuned = rules.BUILT_IN[row.rule]
    return {"used": True, "verdict": tuned.verdict, **rules.as_json(tuned.settings)}
