"""What a member of staff may do, and at which nodes."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from oms.core.models import AmountField


class StaffProfile(models.Model):
    """One role per person; an empty list of nodes means all of them."""

    class Role(models.TextChoices):
        ADMIN = "admin", _("Administrator")
        OPERATIONS = "operations", _("Operations")
        FLOOR = "floor", _("Warehouse floor")
        SUPPORT = "support", _("Customer support")
        ENGINEER = "engineer", _("Engineer")
        VIEWER = "viewer", _("Viewer")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="staff_profile"
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.VIEWER)
    node_codes = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, verbose_name=_("nodes")
    )
    approval_limit = AmountField(
        _("may approve up to"),
        null=True,
        blank=True,
        help_text=_("In the operator's currency. Empty: nothing. Administrators have no limit."),
    )

    class Meta:
        verbose_name = _("staff profile")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(approval_limit__gte=0), name="accounts_approval_limit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"
