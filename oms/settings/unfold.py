"""The staff pages' theme: the product's colors, and a menu that shows what a role may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oms.settings.env import env

#: Shades of the brand color of static/css/tokens.css, #0f766e.
_TEAL = {
    "50": "#f0fdfa",
    "100": "#ccfbf1",
    "200": "#99f6e4",
    "300": "#5eead4",
    "400": "#2dd4bf",
    "500": "#14b8a6",
    "600": "#0f766e",
    "700": "#0d645d",
    "800": "#115e59",
    "900": "#134e4a",
    "950": "#042f2e",
}
#: The grays of the same file.
_SLATE = {
    "50": "#f6f7f9",
    "100": "#f1f5f9",
    "200": "#e2e8f0",
    "300": "#cbd5e1",
    "400": "#8e9bae",
    "500": "#5b6a80",
    "600": "#475569",
    "700": "#334155",
    "800": "#243042",
    "900": "#131b27",
    "950": "#0b111a",
}


def environment(request: HttpRequest) -> list[Any] | None:
    """This function will return the label that tells a demo from the real thing."""
    return [_("DEMO"), "warning"] if env.bool("OMS_DEMO", default=False) else None


def _asset(path: str) -> Callable[[HttpRequest], str]:
    return lambda request: static(path)


def _may(*permissions: str) -> Callable[[HttpRequest], bool]:
    return lambda request: any(request.user.has_perm(name) for name in permissions)


def _list(title: str | Promise, icon: str, label: str, **options: Any) -> dict[str, Any]:
    """A menu line to the list of one model, for those who may see it."""
    app, model = label.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": _may(f"{app}.view_{model}"),
        **options,
    }


_TODAY = [
    {"title": _("Board"), "icon": "monitoring", "link": "/board/"},
    {"title": _("Overview"), "icon": "home", "link": reverse_lazy("admin:index")},
    _list(
        _("Cases"),
        "support_agent",
        "control_tower.case",
        badge="oms.cockpit.dashboards.admin_index.cases_badge",
        badge_variant="danger",
    ),
    _list(_("Holds"), "front_hand", "orders.hold"),
    _list(_("Approvals"), "approval_delegation", "orders.approval"),
]

_NAVIGATION: list[dict[str, Any]] = [
    {"title": _("Today"), "items": _TODAY},
    {
        "title": _("Orders"),
        "separator": True,
        "items": [
            _list(_("Orders"), "shopping_bag", "orders.order"),
            _list(_("Work at nodes"), "account_tree", "orders.fulfillmentorder"),
            _list(_("Decisions"), "alt_route", "routing.decision"),
            _list(_("Customers"), "group", "customers.customer"),
            _list(_("Imports"), "upload_file", "orders.importfile"),
            _list(_("Rules"), "rule", "orders.verificationrule"),
            _list(_("Channels"), "storefront", "channels.channel"),
            _list(_("Service levels"), "speed", "channels.servicelevel"),
        ],
    },
    {
        "title": _("Stock"),
        "separator": True,
        "items": [
            _list(_("Stock"), "inventory_2", "inventory.stockposition"),
            _list(_("Reservations"), "bookmark", "inventory.reservation"),
            _list(_("Movements"), "swap_vert", "inventory.stockmovement"),
            _list(_("Counts"), "fact_check", "inventory.stockcount"),
            _list(_("Inbound"), "input", "inventory.inboundsupply"),
            _list(_("Backorders"), "hourglass_empty", "inventory.backorder"),
            _list(_("Recalls"), "campaign", "inventory.recall"),
        ],
    },
    {
        "title": _("Stock rules"),
        "separator": True,
        "collapsible": True,
        "items": [
            _list(_("Limits"), "shield", "inventory.safetyrule"),
            _list(_("Selling beyond the shelf"), "trending_up", "inventory.sellingrule"),
            _list(_("Kept for channels"), "lock", "inventory.channelallotment"),
            _list(_("Pools"), "hub", "nodes.pool"),
            _list(_("Feeds"), "sync_alt", "inventory.syncsource"),
            _list(_("Drift"), "difference", "inventory.driftreport"),
        ],
    },
    {
        "title": _("Goods"),
        "separator": True,
        "collapsible": True,
        "items": [
            _list(_("Variants"), "sell", "catalog.variant"),
            _list(_("Products"), "category", "catalog.product"),
            _list(_("Lots"), "package", "inventory.lot"),
            _list(_("Serial numbers"), "qr_code_2", "inventory.serial"),
        ],
    },
    {
        "title": _("Floor"),
        "separator": True,
        "items": [
            _list(_("Work orders"), "trolley", "warehouse.workorder"),
            _list(_("Parcels"), "package_2", "warehouse.parcel"),
            _list(_("Put-backs"), "undo", "warehouse.putback"),
        ],
    },
    {
        "title": _("Shipping"),
        "separator": True,
        "items": [
            _list(_("Shipments"), "local_shipping", "carriers.shipment"),
            _list(_("Labels to buy"), "label", "carriers.labelintent"),
            _list(_("Tracking"), "location_on", "carriers.trackingevent"),
            _list(_("Services"), "speed", "carriers.service"),
            _list(_("Rate sheets"), "request_quote", "carriers.ratesheet"),
            _list(_("Carriers"), "conveyor_belt", "carriers.carrier"),
            _list(_("Carrier accounts"), "key", "carriers.carrieraccount"),
        ],
    },
    {
        "title": _("Network"),
        "separator": True,
        "items": [_list(_("Nodes"), "warehouse", "nodes.node")],
    },
    {
        "title": _("Returns"),
        "separator": True,
        "items": [_list(_("Returns"), "assignment_return", "returns.return")],
    },
    {
        "title": _("Partners"),
        "separator": True,
        "collapsible": True,
        "items": [
            _list(_("Organizations"), "apartment", "accounts.organization"),
            _list(_("API keys"), "vpn_key", "accounts.apikey"),
            _list(_("People"), "person", "auth.user"),
            _list(_("Roles"), "badge", "accounts.staffprofile"),
        ],
    },
    {
        "title": _("System"),
        "separator": True,
        "collapsible": True,
        "items": [
            _list(_("Events"), "bolt", "outbox.outboxevent"),
            _list(_("Dead letters"), "mark_email_unread", "outbox.redelivery"),
            _list(_("Relays"), "sync_alt", "outbox.relayheartbeat"),
            _list(_("Jobs"), "work_history", "jobs.job"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": _("OMS"),
    "SITE_HEADER": _("OMS"),
    "SITE_SUBHEADER": _("Order management"),
    "SITE_URL": "/board/",
    "SITE_ICON": _asset("img/favicon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _asset("img/favicon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"base": _SLATE, "primary": _TEAL},
    "ENVIRONMENT": "oms.settings.unfold.environment",
    "DASHBOARD_CALLBACK": "oms.cockpit.dashboards.admin_index.dashboard",
    "STYLES": [_asset("css/admin.css")],
    "COMMAND": {
        "search_models": ["orders.order", "carriers.shipment", "catalog.variant", "nodes.node"],
        "show_history": False,
    },
    "SIDEBAR": {"show_search": True, "command_search": True, "navigation": _NAVIGATION},
}
