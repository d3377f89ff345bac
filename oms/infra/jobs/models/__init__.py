"""Long work people can watch, leave, cancel and resume."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_fsm import transition

from oms.core.models import Created, PublicIdField, StatusChange, Versioned
from oms.core.state_fields import StatusField


class Job(Created, Versioned):
    """One long task: progress counters, a cursor to resume from, a result file.

    `done` counts items dealt with, the `failed` ones included. `version` is the runner's token: who
    takes the job over, or cancels it, raises it, and the former runner's next write is refused.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    public_id = PublicIdField("job")
    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=60)
    key = models.CharField(_("key"), max_length=120, help_text=_("Same work, same key: resumes."))
    status = StatusField(_("status"), default=Status.QUEUED, choices=Status.choices)
    total = models.PositiveIntegerField(_("total"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    cursor = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    result_file = models.CharField(max_length=400, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("job")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="jobs_one_per_key"),
            models.CheckConstraint(
                condition=models.Q(done__gte=0) & models.Q(failed__lte=models.F("done")),
                name="jobs_failed_within_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @transition(
        status, source=[Status.QUEUED, Status.FAILED, Status.CANCELLED], target=Status.RUNNING
    )
    def start(self) -> None:
        """Begin, or begin again from the cursor."""

    @transition(status, source=Status.RUNNING, target=Status.SUCCEEDED)
    def succeed(self, result: dict[str, Any] | None = None, result_file: str = "") -> None:
        """All items were dealt with."""
        self.result, self.result_file = result or {}, result_file

    @transition(status, source=Status.RUNNING, target=Status.FAILED)
    def fail(self, error_code: str = "") -> None:
        """Stopped by an error; resumable."""
        self.error_code = error_code

    @transition(status, source=[Status.QUEUED, Status.RUNNING], target=Status.CANCELLED)
    def cancel(self) -> None:
        """Stopped by a person; resumable."""


class JobStatusChange(StatusChange):
    subject = models.ForeignKey(Job, models.CASCADE, related_name="status_changes")


Job.STATUS_CHANGE = JobStatusChange  # type: ignore[attr-defined]
