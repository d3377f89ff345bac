"""The one table of routes; each app brings its own under it."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

urlpatterns = [
    path("", include("oms.cockpit.dashboards.urls")),
    path("api/v1/", include("carriers.urls")),
    path("api/v1/", include("inventory.urls")),
    path("api/v1/", include("orders.urls")),
    path("api/v1/", include("returns.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    # Split: its script is a file of its own, so that no page needs inline scripts.
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
]

handler400 = "oms.cockpit.dashboards.error_pages.bad_request"
handler403 = "oms.cockpit.dashboards.error_pages.forbidden"
handler404 = "oms.cockpit.dashboards.error_pages.not_found"
handler500 = "oms.cockpit.dashboards.error_pages.server_error"
