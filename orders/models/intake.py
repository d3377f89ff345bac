"""Files of orders that people upload, and what their columns mean."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oms.core.models import Created, PublicIdField


class ImportMapping(models.Model):
    """Which field each column of a channel's files is; columns by their folded names."""

    channel = models.OneToOneField("channels.Channel", models.PROTECT, related_name="+")
    columns = models.JSONField(_("columns"), default=dict)

    class Meta:
        verbose_name = _("import mapping")


class ImportFile(Created):
    """An uploaded file. Its content, which is personal, lies outside of the database and is deleted
    after some days; the row says what it was and what became of it."""

    class Wants(models.TextChoices):
        NOTHING = "", _("Nothing")
        CHECK = "check", _("To be checked")
        IMPORT = "import", _("To be imported")

    public_id = PublicIdField("imp")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    channel = models.ForeignKey("channels.Channel", models.PROTECT, related_name="+")
    name = models.CharField(_("file"), max_length=120)
    format = models.CharField(_("format"), max_length=8)
    size_bytes = models.PositiveIntegerField(_("size"))
    #: The header of a table.
    columns = models.JSONField(_("columns"), default=list)
    #: Field by column.
    mapping = models.JSONField(_("mapping"), default=dict)
    #: What the last check found.
    preview = models.JSONField(_("preview"), default=dict)
    wants = models.CharField(
        _("work to do"), max_length=8, blank=True, choices=Wants.choices, default=Wants.NOTHING
    )
    #: The import's job.
    job = models.ForeignKey("jobs.Job", models.PROTECT, null=True, related_name="+")
    #: Why the last work stopped, as an error's code or words.
    problem = models.CharField(_("problem"), max_length=400, blank=True)
    created_by = models.CharField(_("uploaded by"), max_length=80)
    deleted_at = models.DateTimeField(_("content deleted"), null=True)

    class Meta:
        verbose_name = _("import of orders")
        verbose_name_plural = _("imports of orders")
        indexes = [
            models.Index(fields=["id"], condition=~Q(wants=""), name="orders_imports_to_do"),
        ]

    def __str__(self) -> str:
        return self.name
