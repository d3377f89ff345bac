"""Routes of the boards, the public page and the probes."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from oms.cockpit.dashboards import health, views

urlpatterns = [
    path("", RedirectView.as_view(url="/board/"), name="start"),
    path("board/", views.board, name="board"),
    path("board/data.json", views.board_data, name="board-data"),
    path("track/<str:token>/", views.track, name="track"),
    path("track/<str:token>/data.json", views.track_data, name="track-data"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
