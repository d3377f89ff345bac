"""The routes of carriers as the whole product mounts them."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("carriers.urls"))]
