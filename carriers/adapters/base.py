"""The port to every carrier: what we ask, what comes back, and the three ways a call can fail.

A failure is definite (`CarrierRejected`), without effect (`CarrierUnavailable`) or unknown
(`CarrierInDoubt`); only the last needs a look-up before anything is bought again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from oms.core.errors import Conflict, Forbidden, Invalid, OmsError, Unavailable

#: Tracking numbers per `track` call.
TRACK_BATCH = 100
#: Tracking numbers per `hand_over` call.
MANIFEST_BATCH = 1000


class TrackingStatus(StrEnum):
    """The one vocabulary of scans; each adapter maps its carrier's codes onto it."""

    PRE_TRANSIT = "pre_transit"
    ACCEPTED = "accepted"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    DELIVERY_ATTEMPTED = "delivery_attempted"
    EXCEPTION = "exception"
    DELIVERED = "delivered"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Address:
    """One end of a parcel's way. What identifies a person never shows in `repr`, hence in logs.

    Coordinates are coarse (a postcode's center) and only help to estimate the distance.
    """

    name: str = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    city: str
    country: str
    region: str = ""
    postcode: str = field(default="", repr=False)
    company: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    mail: str = field(default="", repr=False)
    latitude: float | None = field(default=None, repr=False)
    longitude: float | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """One parcel to buy a label for; `reference` is ours, unique per parcel and attempt.

    `ship_at` is business time: it may lie in the past, or on a virtual clock. `is_instant` asks a
    test carrier to show the whole journey at once; real carriers ignore it.
    """

    reference: str
    service_code: str
    origin: Address
    destination: Address
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int
    ship_at: datetime
    order_number: str = ""
    promised_on: date | None = None
    is_instant: bool = False


@dataclass(frozen=True, slots=True)
class LabelResult:
    """A bought label. Both files carry the recipient's address: store them encrypted or not."""

    tracking_number: str
    cost: Decimal
    currency: str
    label_pdf: bytes = field(repr=False)
    label_zpl: bytes = field(repr=False)
    carrier_reference: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What a service would cost and when it would arrive; not an offer that binds."""

    service_code: str
    cost: Decimal
    currency: str
    transit_days: int


@dataclass(frozen=True, slots=True)
class ManifestResult:
    """The carrier's receipt of a hand-over; a number handed over before counts as accepted."""

    reference: str
    accepted: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrackingScan:
    """One fact about a parcel, at the carrier's own time (UTC). `event_key` is unique per carrier.

    No free text: a carrier's remark may name a person.
    """

    tracking_number: str
    event_key: str
    carrier_code: str
    status: TrackingStatus
    occurred_at: datetime
    city: str = ""
    region: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a carrier can do; callers look here before they call."""

    can_quote: bool = False
    can_find_by_reference: bool = False
    can_void: bool = False
    can_hand_over: bool = False
    can_track: bool = False
    has_webhooks: bool = False


class CarrierError(OmsError):
    """Base of everything a carrier call can end in besides success."""

    code = "carriers.error"


class CarrierRejected(CarrierError, Invalid):
    """A definite no: nothing was bought. `carrier_code` says why, in the carrier's words."""

    code = "carriers.rejected"

    def __init__(self, carrier_code: str, message: str = "", is_retryable: bool = False) -> None:
        super().__init__(
            message or str(_("The carrier refused the request.")),
            data={"carrier_code": carrier_code},
        )
        self.carrier_code = carrier_code
        self.is_retryable = is_retryable


class CarrierUnavailable(CarrierError, Unavailable):
    """Nothing happened at the carrier; the same call may be repeated after `retry_after_s`."""

    code = "carriers.unavailable"


class CarrierInDoubt(CarrierError, Conflict):
    """The request was sent and the answer is unknown: look it up, never buy again blindly."""

    code = "carriers.in_doubt"


class CarrierMisconfigured(CarrierError, Invalid):
    """The account's settings do not allow a call: no address, no secret, or a wrong one."""

    code = "carriers.misconfigured"


class CapabilityMissing(CarrierError, Invalid):
    """This carrier does not offer the operation; see its `capabilities`."""

    code = "carriers.capability_missing"


class InvalidSignature(CarrierError, Forbidden):
    """The webhook is not proven to come from the carrier; nothing of it was read."""

    status = 401
    code = "carriers.invalid_signature"


class CarrierAdapter(ABC):
    """One carrier account. Instances are cheap, safe between threads, and survive a fork."""

    code: str
    capabilities: Capabilities

    def quote(self, request: LabelRequest) -> Sequence[Quote]:
        """This function will return prices without buying anything.

        :raises CapabilityMissing: the carrier quotes nothing; use the rate sheet.
        """
        raise CapabilityMissing(data={"carrier": self.code, "operation": "quote"})

    @abstractmethod
    def buy(self, request: LabelRequest) -> LabelResult:
        """This function will buy one label, at most once per `request.reference`.

        :raises CarrierRejected: definite failure.
        :raises CarrierUnavailable: nothing happened, repeatable.
        :raises CarrierInDoubt: unknown; resolve by `find_by_reference`.
        """

    def buy_many(self, requests: Sequence[LabelRequest]) -> list[LabelResult | CarrierError]:
        """This function will buy each label; result i belongs to request i, errors are values."""
        return [self._buy_or_error(request) for request in requests]

    def _buy_or_error(self, request: LabelRequest) -> LabelResult | CarrierError:
        try:
            return self.buy(request)
        except CarrierError as error:
            return error

    @abstractmethod
    def find_by_reference(self, reference: str) -> LabelResult | None:
        """This function will return the live label bought under our reference, or None.

        None is definite: nothing was bought, or what was bought is void.
        """

    @abstractmethod
    def void(self, tracking_number: str) -> None:
        """This function will cancel a label before hand-over; voiding twice is harmless.

        :raises CarrierRejected: unknown number, or already handed over.
        """

    @abstractmethod
    def hand_over(self, tracking_numbers: Sequence[str], *, at: datetime) -> ManifestResult:
        """This function will tell the carrier which parcels it received at `at`; repeatable.

        :raises ValueError: more numbers than `MANIFEST_BATCH`.
        """

    @abstractmethod
    def track(self, tracking_numbers: Sequence[str]) -> list[TrackingScan]:
        """This function will return all scans known now, of at most `TRACK_BATCH` parcels.

        :raises ValueError: more numbers than that.
        """

    @abstractmethod
    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> str:
        """This function will prove the sender on the raw bytes and return the message's identifier:
        the same when the carrier sends the same message again.

        :raises InvalidSignature: for any reason at all that the proof fails.
        """

    @abstractmethod
    def read_webhook(self, body: bytes) -> list[TrackingScan]:
        """This function will return the scans of a body that was proven when it came.

        A proof ages within minutes; what was stored then may be read much later.

        :raises MalformedWebhook: genuine, yet not a list of scans.
        """

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[TrackingScan]:
        """This function will verify the signature on the raw bytes, then return the scans.

        :raises InvalidSignature: for any reason at all that the proof fails.
        :raises MalformedWebhook: proven genuine, yet not a list of scans.
        """
        self.verify_webhook(headers, body)
        return self.read_webhook(body)


class MalformedWebhook(CarrierError, Invalid):
    """A genuine webhook whose body does not have the agreed shape."""

    code = "carriers.malformed_webhook"
