"""Brings `docs/state-machines.md` up to date with the code, or checks that it is."""

from __future__ import annotations

from oms.runtime.documents import machines
from oms.runtime.documents.writing import RenderCommand


class Command(RenderCommand):
    help = "Render docs/state-machines.md."
    file_name = "state-machines.md"

    def render(self) -> str:
        return machines.render()
