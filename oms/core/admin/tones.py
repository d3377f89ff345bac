"""Which tone a status has: fine, moving, watch, act now, waits for a person; else none."""

from __future__ import annotations

_WORDS = {
    "ok": (
        "completed delivered closed consumed succeeded bought full pass active ok open_for_orders"
        " handed_over received approved restock applied"
    ),
    "info": (
        "released in_transit out_for_delivery available_for_pickup labeled manifested packed"
        " picked picking open scheduled in_progress confirmed allocated running label_requested"
        " calling due requested submitted accepted counting"
    ),
    "warn": (
        "label_in_doubt in_doubt delivery_attempted exception returning partial incomplete warn"
        " quarantine unallocated backordered delivery_exception"
    ),
    "bad": (
        "label_failed lost failed refused none rejected returned_to_sender reject declined"
        " dead_letter missing damaged"
    ),
    "hold": "hold held verifying no_stock no_route blocked counted",
}
_TONES = {word: tone for tone, words in _WORDS.items() for word in words.split()}


def of(status: str) -> str:
    """This function will return the tone of a status, "" where it means nothing special."""
    return _TONES.get(status, "")
