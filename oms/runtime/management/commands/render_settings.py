"""Brings `docs/settings.md` up to date with the code, or checks that it is."""

from __future__ import annotations

from oms.runtime.documents import settings
from oms.runtime.documents.writing import RenderCommand


class Command(RenderCommand):
    help = "Render docs/settings.md."
    file_name = "settings.md"

    def render(self) -> str:
        return settings.render()
