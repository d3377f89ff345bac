"""One reference is charged once, whatever happens to the answer."""

from __future__ import annotations

import socket
import threading
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from carriers.adapters.base import (
    CarrierError,
    CarrierInDoubt,
    CarrierMisconfigured,
    CarrierRejected,
    CarrierUnavailable,
    LabelResult,
)
from carriers.adapters.sandbox import testing
from carriers.adapters.sandbox.testing import label_request
from oms.core import clock


def charges(url: str) -> dict[str, int]:
    answer = httpx.get(
        f"{url}/v1/purchases", headers={"authorization": f"Bearer {testing.SECRET}"}
    ).json()
    return {purchase["reference"]: purchase["count"] for purchase in answer["purchases"]}


def test_buy_returns_number_cost_and_both_files(adapter):
    result = adapter.buy(label_request())

    assert result.tracking_number.startswith("SBX")
    assert len(result.tracking_number) == 16
    # (5.40 + 0.70 × 1.2 kg) × (1 + 900 km / 4000)
    assert (result.cost, result.currency) == (Decimal("7.64"), "USD")
    assert result.label_pdf.startswith(b"%PDF-")
    assert result.label_zpl.startswith(b"^XA")
    assert result.carrier_reference == "lbl_0000000001"


def test_buy_twice_with_one_reference_is_one_purchase(carrier, adapter):
    first = adapter.buy(label_request())
    second = adapter.buy(label_request())

    assert second == first
    assert charges(carrier.url) == {"shp_1:1": 1}


def test_buy_by_many_threads_with_one_reference_is_one_purchase(carrier, adapter):
    results = adapter.buy_many([label_request()] * 16)

    assert len({result.tracking_number for result in results}) == 1
    assert charges(carrier.url) == {"shp_1:1": 1}


@pytest.mark.parametrize("city", ["SANDBOX TIMEOUT", "Sandbox  Break"])
def test_a_lost_answer_is_in_doubt_and_the_look_up_finds_the_label(carrier, city):
    adapter = testing.adapter(carrier.url, timeout_s=0.4)

    with pytest.raises(CarrierInDoubt):
        adapter.buy(label_request(city=city))

    found = testing.adapter(carrier.url).find_by_reference("shp_1:1")
    assert found == testing.adapter(carrier.url).buy(label_request(city=city))
    assert charges(carrier.url) == {"shp_1:1": 1}


def test_an_answer_that_drips_is_cut_off_at_the_total_time():
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_drip, args=(server,))
        thread.start()
        adapter = testing.adapter(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.6)
        asked_at = clock.monotonic()

        with pytest.raises(CarrierInDoubt):
            adapter.buy(label_request())

        assert clock.monotonic() - asked_at < 2.0
        thread.join(timeout=5)
        assert not thread.is_alive()
    testing.client.close_pools()


def _drip(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        pause = threading.Event()
        for _ in range(40):
            try:
                connection.sendall(b" ")
            except OSError:
                return
            pause.wait(0.1)


def test_a_rejection_is_definite_and_nothing_was_bought(carrier, adapter):
    with pytest.raises(CarrierRejected) as refused:
        adapter.buy(label_request(city="SANDBOX REJECT"))

    assert refused.value.carrier_code == "address_undeliverable"
    assert refused.value.is_retryable is False
    assert refused.value.data == {"carrier_code": "address_undeliverable"}
    assert charges(carrier.url) == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"service_code": "teleport"}, "service_unknown"),
        ({"weight_g": 70_001}, "parcel_too_heavy"),
        ({"weight_g": 0}, "invalid_request"),
        ({"destination": testing.address(name="山田太郎")}, "address_not_printable"),
    ],
)
def test_bad_requests_are_rejected_with_their_code(adapter, changes, code):
    with pytest.raises(CarrierRejected) as refused:
        adapter.buy(label_request(**changes))

    assert refused.value.carrier_code == code


@pytest.mark.parametrize("city", ["SANDBOX BUSY", "SANDBOX UNAVAILABLE"])
def test_busy_means_nothing_happened_and_the_retry_buys(carrier, adapter, city):
    with pytest.raises(CarrierUnavailable) as busy:
        adapter.buy(label_request("shp_1:1", city))

    assert (busy.value.retry_after_s, busy.value.is_retryable) == (1, True)
    assert adapter.find_by_reference("shp_1:1") is None
    adapter.buy(label_request("shp_1:2", city))
    assert charges(carrier.url) == {"shp_1:2": 1}


def test_an_internal_error_is_in_doubt_and_the_look_up_settles_it(adapter):
    with pytest.raises(CarrierInDoubt):
        adapter.buy(label_request(city="SANDBOX ERROR"))

    assert adapter.find_by_reference("shp_1:1") is None


def test_a_refused_connection_is_without_effect():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(CarrierUnavailable):
        testing.adapter(f"http://127.0.0.1:{port}").buy(label_request())
    testing.client.close_pools()


def test_a_wrong_secret_is_a_mistake_of_configuration(carrier):
    wrong = testing.adapter(carrier.url, secret="A" * 44)

    with pytest.raises(CarrierMisconfigured):
        wrong.buy(label_request())
    assert charges(carrier.url) == {}


def test_errors_never_repeat_the_recipient(adapter):
    recipient = testing.address("SANDBOX REJECT", name="Planted Person", lines=("7 Planted Way",))

    with pytest.raises(CarrierRejected) as refused:
        adapter.buy(label_request(destination=recipient))

    assert "lanted" not in f"{refused.value!r} {refused.value.data} {refused.value.__cause__}"
    assert "lanted" not in repr(label_request(destination=recipient))


def test_buy_many_keeps_the_order_and_returns_errors_as_values(adapter):
    results = adapter.buy_many(
        [label_request("shp_1:1"), label_request("shp_2:1", "SANDBOX REJECT")]
        + [label_request(f"shp_{number}:1") for number in range(3, 12)]
    )

    kinds = [isinstance(result, LabelResult) for result in results]
    assert kinds == [True, False, *[True] * 9]
    assert isinstance(results[1], CarrierRejected)
    numbers = {adapter.find_by_reference(f"shp_{number}:1") for number in range(3, 12)}
    assert numbers == set(results[2:])


def test_error_and_doubt_rates_never_charge_twice(tmp_path: Path):
    rates = {"error_rate": 0.3, "in_doubt_rate": 0.3, "hold_s": 0.01, "seed": 5}
    with testing.running(tmp_path, **rates) as carrier:
        adapter = testing.adapter(carrier.url)
        seen = {kind for number in range(40) for kind in _buy_until_known(adapter, f"shp_{number}")}

        bought = charges(carrier.url)
        assert sorted(reference.split(":")[0] for reference in bought) == sorted(
            f"shp_{number}" for number in range(40)
        )
        assert set(bought.values()) == {1}
        assert seen == {"CarrierInDoubt", "CarrierUnavailable"}


def _buy_until_known(adapter, parcel: str) -> list[str]:
    """This function will act as a careful buyer: look up after doubt, then a new attempt."""
    seen: list[str] = []
    for attempt in range(1, 30):
        reference = f"{parcel}:{attempt}"
        try:
            adapter.buy(label_request(reference))
        except CarrierError as error:
            seen.append(type(error).__name__)
            if adapter.find_by_reference(reference) is None:
                continue
        return seen
    raise AssertionError("never bought")


def test_void_cancels_before_hand_over_only(adapter):
    bought = adapter.buy(label_request("shp_1:1"))
    shipped = adapter.buy(label_request("shp_2:1"))
    adapter.hand_over([shipped.tracking_number], at=label_request().ship_at)

    adapter.void(bought.tracking_number)
    adapter.void(bought.tracking_number)

    assert adapter.find_by_reference("shp_1:1") is None
    with pytest.raises(CarrierRejected) as again:
        adapter.buy(label_request("shp_1:1"))
    assert again.value.carrier_code == "label_voided"
    with pytest.raises(CarrierRejected) as late:
        adapter.void(shipped.tracking_number)
    assert late.value.carrier_code == "already_handed_over"


def test_quote_names_price_and_days_and_buys_nothing(carrier, adapter):
    quotes = {quote.service_code: quote for quote in adapter.quote(label_request())}

    assert quotes["ground"].cost == Decimal("7.64")
    assert {code: quote.transit_days for code, quote in quotes.items()} == {
        "economy": 4,
        "ground": 2,
        "expedited": 2,
        "express": 1,
        "same_day": 0,
    }
    assert charges(carrier.url) == {}
