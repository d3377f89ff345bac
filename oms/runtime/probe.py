"""Asks servers of our own, on this machine, whether they answer."""

from __future__ import annotations

import http.client
import os
import socket
from urllib.parse import urlsplit

from oms.runtime.layout import current, read_json

SECONDS = 5.0


def status(base_url: str, path: str) -> int:
    """This function will return the HTTP status of a GET, 0 while nobody answers."""
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def web_url() -> str:
    """This function will return where `up` serves pages, or where it would."""
    known = read_json(current().services_file).get("web_url", "")
    return known or f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"


def free_port() -> int:
    """This function will return a port of this machine that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def port_error(port: int) -> str:
    """This function will return why a server cannot listen on the port, "" when it can."""
    with socket.socket() as listener:
        # As servers do: connections of the last run in TIME_WAIT are no obstacle.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            return getattr(error, "strerror", None) or str(error)
    return ""
