"""The API docs in a real browser: from this host alone, within the content policy."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Literal

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser


class _Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):
        """Nothing: the test reads the browser's side."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/docs/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_docs_show_every_operation_without_breaking_the_content_policy(
    chromium: Browser, url: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    complaints: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))

    answer = page.goto(url)
    page.locator("#operations-orders-orders_place .opblock-summary-control").click()

    assert answer is not None
    assert "script-src 'self';" in answer.headers["content-security-policy"] + ";"
    expect(page.locator("#operations-orders-orders_place")).to_contain_text("Idempotency-Key")
    expect(page.locator("#operations-shipments-shipments_label_pdf")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert ("dark-mode" in (page.locator("html").get_attribute("class") or "")) == (
        scheme == "dark"
    )
    assert complaints == []
    outside = [
        asked_url for asked_url in asked if not asked_url.startswith(("http://127.", "data:"))
    ]
    assert outside == []
    page.close()
