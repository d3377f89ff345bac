"""The steps an object's machine took, as a story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oms.core.admin import cells, tones
from oms.core.admin.pages import Moment, Story


def story(model: Any, changes: Sequence[Any], names: Mapping[str, str]) -> Story:
    """This function will tell status changes, newest first, with the names of who made them."""
    labels = {str(value): str(label) for value, label in model.Status.choices}
    moments = [
        Moment(
            at=cells.moment(change.at),
            text=_told(labels.get(change.to_status, change.to_status), change.reason),
            who=names.get(change.actor, ""),
            tone=tones.of(change.to_status),
        )
        for change in changes
    ]
    return Story(_("Steps"), moments, empty=_("No step was taken yet."))


def _told(label: str, reason: str) -> str:
    if not reason:
        return label
    return gettext("%(status)s: %(reason)s") % {"status": label, "reason": reason}
