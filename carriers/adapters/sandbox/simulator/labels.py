"""The label of a parcel, 4×6 inches, as PDF and as ZPL for 203 dpi; equal input, equal bytes."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reportlab.graphics.barcode.code128 import Code128
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from carriers.adapters.sandbox.simulator.parcels import Parcel, Party
from carriers.adapters.sandbox.simulator.world import Service

WIDTH: Final = 288.0
HEIGHT: Final = 432.0
_LEFT: Final = 12.0
_RIGHT: Final = WIDTH - 12.0
_QUIET_ZONE_MODULES: Final = 10
_CITY_REGION_POSTCODE: Final = frozenset({"US", "CA", "AU", "BR", "MX", "IN"})
#: Dots per inch of the thermal printers that warehouses have.
_DPI: Final = 203
#: Mean width of a capital in the printer's font 0, as a part of its height.
_ZPL_LETTER: Final = 0.62
#: Letters that Unicode does not decompose, and that shippers spell like this.
_SPELLED: Final = str.maketrans(
    {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ı": "i", "ŋ": "n", "ħ": "h", "Ħ": "H", "ĸ": "k"}
)


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """All that is printed; texts are Latin already (see `printable`)."""

    tracking_number: str
    parcel: Parcel
    service: Service
    routing: str
    printed_ship_on: str
    printed_promise: str


def printable(text: str) -> str | None:
    """This function will return the text in Latin letters, or None when it cannot be spelled so."""
    kept = "".join(letter if _is_latin1(letter) else _folded(letter) for letter in text)
    return kept if _is_latin1(kept) else None


def _is_latin1(text: str) -> bool:
    return all(32 <= ord(letter) < 127 or 160 <= ord(letter) < 256 for letter in text)


def _folded(letter: str) -> str:
    plain = unicodedata.normalize("NFKD", letter.translate(_SPELLED))
    return "".join(part for part in plain if not unicodedata.combining(part))


def facts(*, parcel: Parcel, service: Service, tracking_number: str) -> LabelFacts:
    return LabelFacts(
        tracking_number=tracking_number,
        parcel=parcel,
        service=service,
        routing=routing_code(parcel.destination, service),
        printed_ship_on=_day(parcel.ship_at),
        printed_promise=parcel.promised_on.strftime("%a %d %b").upper()
        if parcel.promised_on
        else "",
    )


def routing_code(destination: Party, service: Service) -> str:
    """This function will return what sorters read: country, region, postcode district, service."""
    district = re.sub(r"[^A-Z0-9]", "", destination.postcode.upper())[:3]
    region = re.sub(r"[^A-Z0-9]", "", (printable(destination.place.region) or "").upper())[:3]
    parts = (destination.place.country.upper(), region, district)
    return " ".join(part for part in parts if part) + f"-{service.letter}"


def _day(moment: datetime) -> str:
    return moment.strftime("%d %b %Y").upper()


def spaced(tracking_number: str) -> str:
    """This function will group a number for reading aloud."""
    head, digits = tracking_number[:3], tracking_number[3:]
    return " ".join([head, *(digits[at : at + 4] for at in range(0, len(digits), 4))])


def recipient_lines(party: Party) -> list[str]:
    """This function will return name, company and street, without empty or repeated lines."""
    lines = [party.name.upper(), party.company.upper(), *(line.upper() for line in party.lines)]
    return [text for text in dict.fromkeys(_printed(line) for line in lines) if text]


def town_line(party: Party) -> str:
    """This function will write the town in its country's order; Europe writes no region."""
    place = party.place
    city, region = _printed(place.city.upper()), _printed(place.region.upper())
    parts: tuple[str, ...] = (party.postcode, city)
    if place.country.upper() in _CITY_REGION_POSTCODE:
        parts = (city, region, party.postcode)
    return " ".join(part for part in parts if part)


def _printed(text: str) -> str:
    return printable(text) or ""


def pdf(label: LabelFacts) -> bytes:
    """This function will draw one page of 288×432 points."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1)
    canvas.setTitle(f"Label {label.tracking_number}")
    canvas.setLineWidth(1.2)
    _draw_head(canvas, label)
    _draw_sender(canvas, label)
    _draw_recipient(canvas, label.parcel.destination)
    _draw_routing(canvas, label)
    _draw_barcode(canvas, label.tracking_number)
    _draw_foot(canvas, label)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _draw_head(canvas: Canvas, label: LabelFacts) -> None:
    """This function will draw the service block that a sorter sees from two meters away."""
    canvas.rect(_LEFT, 366, 56, 56, stroke=0, fill=1)
    canvas.setFillGray(1)
    canvas.setFont("Helvetica-Bold", 46)
    canvas.drawCentredString(_LEFT + 28, 378, label.service.letter)
    canvas.setFillGray(0)
    canvas.setFont("Helvetica-Bold", 8)
    canvas.drawString(78, 413, "SANDBOX PARCEL")
    canvas.setFont("Helvetica", 7)
    canvas.drawRightString(_RIGHT, 413, "TEST LABEL, NO POSTAGE")
    _fitted(canvas, label.service.name.upper(), 78, 387, bold=True, size=25, width=_RIGHT - 78)
    canvas.setFont("Helvetica", 8.5)
    canvas.drawString(78, 371, f"SHIP {label.printed_ship_on}")
    if label.printed_promise:
        canvas.setFont("Helvetica-Bold", 8.5)
        canvas.drawRightString(_RIGHT, 371, f"DELIVER BY {label.printed_promise}")
    canvas.line(_LEFT, 360, _RIGHT, 360)


def _draw_sender(canvas: Canvas, label: LabelFacts) -> None:
    sender = label.parcel.origin
    canvas.setFont("Helvetica-Bold", 6.5)
    canvas.drawString(_LEFT, 350, "FROM")
    lines = [*recipient_lines(sender)[:3], f"{town_line(sender)}  {sender.place.country.upper()}"]
    for index, line in enumerate(lines):
        _fitted(canvas, line, 38, 350 - index * 9.5, size=8, width=140)
    size = "×".join(str(-(-side // 10)) for side in _sides(label.parcel))
    for index, text in enumerate((_weight(label.parcel.weight_g), f"{size} CM", "PARCEL 1 OF 1")):
        canvas.setFont("Helvetica-Bold" if index == 0 else "Helvetica", 11 if index == 0 else 8)
        canvas.drawRightString(_RIGHT, 347 - index * 12, text)
    canvas.line(_LEFT, 313, _RIGHT, 313)


def _draw_recipient(canvas: Canvas, recipient: Party) -> None:
    canvas.setFont("Helvetica-Bold", 8)
    canvas.drawString(_LEFT, 301, "SHIP")
    canvas.drawString(_LEFT, 292, "TO")
    lines = recipient_lines(recipient)[:5]
    leading = 15.0 if len(lines) < 5 else 13.0
    top = 298.0
    for index, line in enumerate(lines):
        _fitted(canvas, line, 42, top - index * leading, size=12.5, width=_RIGHT - 42)
    below = top - len(lines) * leading - 3
    _fitted(canvas, town_line(recipient), 42, below, bold=True, size=15, width=_RIGHT - 42)
    foot = "  ".join(part for part in (recipient.place.country.upper(), recipient.phone) if part)
    _fitted(canvas, _printed(foot), 42, below - 13, size=9, width=_RIGHT - 42)
    canvas.line(_LEFT, 197, _RIGHT, 197)


def _draw_routing(canvas: Canvas, label: LabelFacts) -> None:
    canvas.setFont("Helvetica", 6.5)
    canvas.drawString(_LEFT, 188, "ROUTE")
    _fitted(canvas, label.routing, _LEFT, 161, bold=True, size=30, width=_RIGHT - _LEFT)
    canvas.line(_LEFT, 152, _RIGHT, 152)


def _draw_barcode(canvas: Canvas, tracking_number: str) -> None:
    modules = _modules(tracking_number)
    # Whole dots of a 203 dpi printer, so that bars keep their widths on thermal paper.
    dots = int((WIDTH / 72 * _DPI) // (modules + 2 * _QUIET_ZONE_MODULES))
    bar_width = dots * 72 / _DPI
    barcode = Code128(tracking_number, barWidth=bar_width, barHeight=74, quiet=False)
    barcode.drawOn(canvas, (WIDTH - barcode.width) / 2, 68)
    canvas.setFont("Helvetica-Bold", 11)
    canvas.drawCentredString(WIDTH / 2, 54, spaced(tracking_number))
    canvas.line(_LEFT, 46, _RIGHT, 46)


def _modules(tracking_number: str) -> int:
    return int(Code128(tracking_number, barWidth=1, quiet=False).width)


def _draw_foot(canvas: Canvas, label: LabelFacts) -> None:
    canvas.setFont("Helvetica", 6.5)
    canvas.drawString(_LEFT, 37, "ORDER")
    canvas.drawString(156, 37, "REFERENCE")
    order = _printed(label.parcel.order_number) or "-"
    _fitted(canvas, order, _LEFT, 22, bold=True, size=12, width=136)
    _fitted(canvas, _printed(label.parcel.reference), 156, 24, size=8, width=_RIGHT - 156)


def _fitted(
    canvas: Canvas, text: str, x: float, y: float, *, size: float, width: float, bold: bool = False
) -> None:
    """This function will write a text no wider than `width`: smaller first, then shortened."""
    font = "Helvetica-Bold" if bold else "Helvetica"
    natural = stringWidth(text, font, size)
    if natural > width:
        size = max(size * width / natural, size * 0.6)
    while stringWidth(text, font, size) > width:
        text = text[:-1]
    canvas.setFont(font, size)
    canvas.drawString(x, y, text)


def _sides(parcel: Parcel) -> tuple[int, int, int]:
    return parcel.length_mm, parcel.width_mm, parcel.height_mm


def _weight(weight_g: int) -> str:
    return f"{weight_g} G" if weight_g < 1000 else f"{weight_g / 1000:.2f} KG"


def zpl(label: LabelFacts) -> bytes:
    """This function will write the same label for a thermal printer, 812×1218 dots, UTF-8."""
    parcel = label.parcel
    to_lines = recipient_lines(parcel.destination)[:5]
    from_line = ", ".join([*recipient_lines(parcel.origin)[:2], town_line(parcel.origin)])
    phone = _printed(f"{parcel.destination.place.country.upper()}  {parcel.destination.phone}")
    commands = [
        "^XA^CI28^PW812^LL1218^LH0,0^PR4",
        "^FO34,28^GB158,158,158^FS",
        _field(66, 48, 130, label.service.letter, reverse=True),
        _field(220, 32, 24, "SANDBOX PARCEL   TEST LABEL, NO POSTAGE"),
        _field(220, 70, 70, label.service.name.upper()),
        _field(220, 152, 28, _dates(label)),
        "^FO34,204^GB744,3,3^FS",
        _field(34, 218, 24, f"FROM {from_line}"),
        _field(34, 256, 30, f"{_weight(parcel.weight_g)}   PARCEL 1 OF 1"),
        "^FO34,304^GB744,3,3^FS",
        _field(34, 326, 24, "SHIP TO"),
        *(_field(130, 322 + 44 * index, 38, line) for index, line in enumerate(to_lines)),
        _field(130, 328 + 44 * len(to_lines), 46, town_line(parcel.destination)),
        _field(130, 382 + 44 * len(to_lines), 28, phone),
        "^FO34,664^GB744,3,3^FS",
        _field(34, 684, 90, label.routing),
        "^FO34,792^GB744,3,3^FS",
        _zpl_barcode(label.tracking_number),
        _field(230, 1046, 32, spaced(label.tracking_number)),
        "^FO34,1096^GB744,3,3^FS",
        _field(34, 1114, 36, f"ORDER {_printed(parcel.order_number) or '-'}"),
        _field(34, 1164, 24, f"REF {_printed(parcel.reference)}"),
        "^PQ1^XZ",
    ]
    return ("\n".join(commands) + "\n").encode()


def _zpl_barcode(tracking_number: str) -> str:
    left = (812 - 3 * _modules(tracking_number)) // 2
    return f"^FO{left},820^BY3^BCN,210,N,N,N,A^FD{tracking_number}^FS"


def _dates(label: LabelFacts) -> str:
    promise = f"   DELIVER BY {label.printed_promise}" if label.printed_promise else ""
    return f"SHIP {label.printed_ship_on}{promise}"


def _field(x: int, y: int, height: int, text: str, *, reverse: bool = False) -> str:
    """This function will place a line that ends at the margin: narrower letters, then fewer."""
    room = 778 - x
    width = min(height, int(room / (max(len(text), 1) * _ZPL_LETTER)))
    width = max(width, int(height * 0.55))
    shown = text[: int(room / (width * _ZPL_LETTER))]
    mark = "^FR" if reverse else ""
    return f"^FO{x},{y}{mark}^A0N,{height},{width}^FH_^FD{_escaped(shown)}^FS"


def _escaped(text: str) -> str:
    """This function will make every character data: `^` and `~` start commands, `_` an escape."""
    return "".join(f"_{ord(mark):02X}" if mark in "^~_" else mark for mark in text)
