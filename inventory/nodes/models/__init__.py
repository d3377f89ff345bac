"""Places that hold stock or hand parcels over: six kinds, each with hours, cut-off and capacity."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from oms.core.models import Created, PublicIdField

#: Monday is bit 0; Monday to Friday.
WORKWEEK = 0b0011111


class Node(Created):
    """A place of the operator's network."""

    class Kind(models.TextChoices):
        WAREHOUSE = "warehouse", _("Warehouse")
        STORE = "store", _("Store")
        MFC = "mfc", _("Micro-fulfillment center")
        DARK_STORE = "dark_store", _("Dark store")
        LOCKER = "locker", _("Locker")
        PICKUP_HUB = "pickup_hub", _("Pickup hub")

    public_id = PublicIdField("nod")
    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    country = models.CharField(_("country"), max_length=2)
    region = models.CharField(_("region"), max_length=60, blank=True)
    city = models.CharField(_("city"), max_length=120)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    street = models.CharField(_("street"), max_length=160, blank=True)
    latitude = models.FloatField(
        _("latitude"), validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        _("longitude"), validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    timezone = models.CharField(_("time zone"), max_length=60)
    cutoff_time = models.TimeField(_("cut-off, local time"))
    processing_minutes = models.PositiveIntegerField(_("processing, minutes"), default=120)
    working_days = models.PositiveSmallIntegerField(
        _("working days"), default=WORKWEEK, help_text=_("Bits, Monday first.")
    )
    daily_capacity = models.PositiveIntegerField(_("orders a day"), default=500)
    can_ship = models.BooleanField(_("ships parcels"), default=True)
    can_pick_up = models.BooleanField(_("customers pick up"), default=False)
    takes_returns = models.BooleanField(_("takes returns"), default=True)
    #: Work that it does not take on in time is routed elsewhere.
    needs_acceptance = models.BooleanField(
        _("accepts work first"),
        default=False,
        help_text=_("Work that is not accepted within two minutes goes to another node."),
    )
    is_active = models.BooleanField(_("is active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("node")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(working_days__gte=1, working_days__lte=127),
                name="nodes_working_days",
            ),
            models.CheckConstraint(
                condition=models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="nodes_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class NodeAllowance(models.Model):
    """An organization may be served from a node. Without a row it may not."""

    node = models.ForeignKey(Node, models.CASCADE, related_name="allowances")
    organization = models.ForeignKey("accounts.Organization", models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "organization"], name="nodes_allowed_once"),
        ]


class Bin(models.Model):
    """A place inside a node where goods lie."""

    node = models.ForeignKey(Node, models.CASCADE, related_name="bins")
    code = models.CharField(_("bin"), max_length=40)

    class Meta:
        verbose_name = _("bin")
        constraints = [models.UniqueConstraint(fields=["node", "code"], name="nodes_bin_once")]

    def __str__(self) -> str:
        return self.code


class Pool(models.Model):
    """Nodes that are promised from together, under one name."""

    organization = models.ForeignKey("accounts.Organization", models.PROTECT, related_name="+")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    nodes = models.ManyToManyField(Node, related_name="pools")
    history = HistoricalRecords(m2m_fields=[nodes])

    class Meta:
        verbose_name = _("pool")
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="nodes_pool_code"),
        ]

    def __str__(self) -> str:
        return self.name
