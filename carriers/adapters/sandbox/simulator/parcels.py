"""A purchase request as the carrier reads it: checked, with what identifies a person kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from carriers.adapters.sandbox.simulator.refusals import Refusal
from carriers.adapters.sandbox.simulator.world import Place

_MAX_TEXT = 120


@dataclass(frozen=True, slots=True)
class Party:
    """Who stands on the label at one end, and the coarse place the carrier plans with."""

    place: Place
    name: str = field(repr=False)
    company: str = field(repr=False)
    phone: str = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    postcode: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One purchase request, all values checked."""

    reference: str
    service: str
    origin: Party
    destination: Party
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    ship_at: datetime
    order_number: str
    promised_on: date | None
    is_instant: bool


def read(payload: Mapping[str, Any]) -> Parcel:
    """This function will return the parcel of a request body.

    :raises Refusal: a value is missing or has the wrong shape (400).
    """
    try:
        return _parcel(payload)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Only the kind of mistake: the message of the exception may repeat an address.
        raise Refusal(400, "invalid_request", f"{type(error).__name__} in the request") from error


def _parcel(payload: Mapping[str, Any]) -> Parcel:
    promised_on = payload.get("promised_on")
    return Parcel(
        reference=_text(payload["reference"], at_least=1),
        service=_text(payload["service"], at_least=1),
        origin=_party(payload["origin"]),
        destination=_party(payload["destination"]),
        weight_g=_positive(payload["weight_g"]),
        length_mm=_positive(payload["length_mm"]),
        width_mm=_positive(payload["width_mm"]),
        height_mm=_positive(payload["height_mm"]),
        ship_at=read_time(payload["ship_at"]),
        order_number=_text(payload.get("order_number") or ""),
        promised_on=date.fromisoformat(promised_on) if promised_on else None,
        is_instant=payload.get("instant") is True,
    )


def _party(payload: Mapping[str, Any]) -> Party:
    return Party(
        place=Place(
            city=_text(payload["city"], at_least=1),
            region=_text(payload.get("region") or ""),
            country=_text(payload["country"], at_least=2),
            latitude=_coordinate(payload.get("latitude")),
            longitude=_coordinate(payload.get("longitude")),
        ),
        name=_text(payload.get("name") or ""),
        company=_text(payload.get("company") or ""),
        phone=_text(payload.get("phone") or ""),
        lines=tuple(_text(line) for line in payload["lines"]),
        postcode=_text(payload.get("postcode") or ""),
    )


def read_time(value: str) -> datetime:
    """This function will return an instant in UTC.

    :raises ValueError: not ISO 8601 with an offset.
    """
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("time without a zone")
    return moment.astimezone(UTC)


def _text(value: Any, *, at_least: int = 0) -> str:
    if not isinstance(value, str) or not at_least <= len(value.strip()) <= _MAX_TEXT:
        raise ValueError("text")
    return value.strip()


def _positive(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("number")
    return value


def _coordinate(value: Any) -> float | None:
    return None if value is None else float(value)
