"""Admin classes: one to read (never saves), one to edit what people own, with its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin

from oms.core.admin import cells
from oms.core.admin.cells import Text
from oms.core.admin.deeds import DeedsMixin, actor_of
from oms.core.admin.pages import Facts, Page
from oms.core.admin.paging import EstimatedCountPaginator
from oms.core.context import acting
from oms.core.transactions import unit


@dataclass(frozen=True, slots=True)
class _Crumb:
    """What the path above a page calls its row: the page's own name, not an identifier."""

    row: Any
    name: Text

    def __str__(self) -> str:
        return str(self.name)

    @property
    def _meta(self) -> Any:
        return self.row._meta

    @property
    def pk(self) -> Any:
        return self.row.pk


class ListMixin:
    """What every list has: 50 rows, a capped count, words for an empty one."""

    list_per_page = 50
    list_max_show_all = 0
    paginator = EstimatedCountPaginator
    show_full_result_count = False
    #: Facets would count every value of every filter exactly.
    show_facets = ShowFacets.NEVER
    list_filter_sheet = True
    actions: Any = None
    empty_title: Text = _("Nothing here yet")
    empty_text: Text = _("It fills by itself as things happen.")


class ReadAdmin(ListMixin, DeedsMixin, ModelAdmin):
    """Shows rows that only services change. The page of a row comes from `page`."""

    #: Shown by the plain page; all fields without it.
    facts: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may do the deeds: those whose role may change such rows."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def offers(self, request: HttpRequest, obj: Any) -> set[str] | None:
        """This method will return the deeds that make sense now; None is all of them."""
        return None

    def get_page_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """This method will return the rows with all that a page shows of one."""
        rows: QuerySet[Any] = self.get_queryset(request)
        return rows

    def page(self, request: HttpRequest, obj: Any) -> Page:
        """This method will return what the page of a row says."""
        names = self.facts or tuple(f.name for f in self.opts.concrete_fields if _is_shown(f))
        rows = [
            (self.opts.get_field(name).verbose_name, cells.value_of(obj, name)) for name in names
        ]
        return Page(name=str(obj), main=[Facts(_("Details"), rows)])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        key = unquote(object_id)
        obj = self._find(request, key)
        if obj is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, key)
            return missing
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        page = self.page(request, obj)
        more = {
            "original": _Crumb(obj, page.name),
            "object_id": object_id,
            "actions_detail": self._deeds(request, obj, object_id),
            **(extra_context or {}),
        }
        return self.show(request, page, more)

    def show(
        self, request: HttpRequest, page: Page, context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """This method will answer with a page, which need not be of a single row."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": page.name,
            "page": page,
            **(context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/oms/read.html", context)

    def _find(self, request: HttpRequest, key: str) -> Any:
        try:
            value = self.opts.pk.to_python(key)
        except ValidationError:
            return None
        return self.get_page_queryset(request).filter(pk=value).first()

    def _deeds(self, request: HttpRequest, obj: Any, object_id: str) -> list[Any]:
        offered = self.offers(request, obj)
        wanted = [name for name in self.actions_detail or [] if offered is None or name in offered]
        allowed = self.get_actions_detail(request, object_id)
        found: list[Any] = self._get_actions_navigation(wanted, allowed, object_id)
        return found


class PlainEditAdmin(ListMixin, ModelAdmin):
    """Edits what people own. Nothing is deleted: what is not used any more is switched off."""

    warn_unsaved_form = True
    empty_text = _("Add the first one, or import them.")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class EditAdmin(SimpleHistoryAdmin, PlainEditAdmin):
    """The same, and every change of a field keeps its history."""


class ToldEditAdmin(EditAdmin):
    """The same, and what is told of a change commits with it: `save_model` may call services."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return self._form(request, *args, **kwargs)
        with unit(), acting(actor=actor_of(request)):
            return self._form(request, *args, **kwargs)

    def _form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return answer


def _is_shown(field: models.Field[Any, Any]) -> bool:
    return not isinstance(field, models.BinaryField | models.ForeignKey | models.AutoField)
