"""Only adapters and senders speak to the world; nobody else can reach it by accident."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.contracts.sources import broken, parsed, seeded

SPEAKERS = (
    "carriers/adapters/",
    "oms/infra/webhooks/",
    "oms/infra/notifications/",
    # This machine only: starts servers, asks whether they answer, loads them.
    "oms/runtime/",
    "oms/cockpit/simulation/",
)
CLIENTS = {
    *("aiohttp", "ftplib", "grpc", "http.client", "httpx", "imaplib", "paramiko", "poplib"),
    *("pycurl", "requests", "smtplib", "socket", "telnetlib", "urllib.request", "urllib3"),
    *("websocket", "websockets", "xmlrpc.client", "django.core.mail"),
}


def _imports(node: ast.AST) -> Iterator[str]:
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and not node.level:
        module = node.module or ""
        names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
    for name in names:
        if any(name == client or name.startswith(f"{client}.") for client in CLIENTS):
            yield f"imports {name}"


def test_only_speakers_import_a_network_client() -> None:
    assert broken(_imports, parsed(), allowed=SPEAKERS) == []


@pytest.mark.parametrize(
    "code",
    [
        "import httpx",
        "import http.client as plain",
        "from urllib import request",
        "def later():\n    import socket",
        "from websockets.sync.client import connect",
    ],
)
def test_a_client_elsewhere_is_found(code: str) -> None:
    assert broken(_imports, seeded(code), allowed=SPEAKERS) != []


def test_reading_an_address_is_no_client() -> None:
    assert broken(_imports, seeded("from urllib.parse import urlsplit"), allowed=SPEAKERS) == []
