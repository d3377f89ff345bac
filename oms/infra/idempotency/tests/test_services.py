"""One key, one effect, one answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from oms.core import clock, transactions
from oms.core.testing.races import run_together
from oms.core.transactions import TransactionRequired
from oms.infra.idempotency import services, tasks
from oms.infra.idempotency.models import IdempotencyRecord
from oms.infra.idempotency.services import Begun, InProgress, KeyReused, Replay

LONG = timedelta(hours=1)
KEY = {"scope": "key:ab12cd34", "key": "0123456789abcdef"}
REQUEST = {"route": "orders.place", "fingerprint": "f" * 64}


def _begin(**changes: str) -> Begun | Replay:
    return services.begin(**{**KEY, **REQUEST, **changes})


def _complete(status: int = 201, body: Any = None) -> None:
    with transactions.unit():
        services.complete(**KEY, status=status, body=body)


def _age(**ages: timedelta) -> None:
    """Moves times of the record into the past."""
    record = IdempotencyRecord.objects.get()
    for name, age in ages.items():
        setattr(record, name, clock.real_now() - age)
    record.save(update_fields=list(ages))


@pytest.mark.django_db
class TestOneRequest:
    def test_the_answer_is_replayed_with_its_keys_in_order(self) -> None:
        body = {"zeta": "1.50", "a": [1, None], "ä": {"b": True, "aa": 2}}
        assert _begin() == Begun()
        _complete(201, body)

        replay = _begin()

        assert replay == Replay(201, body)
        assert isinstance(replay, Replay)
        assert list(replay.body) == ["zeta", "a", "ä"]

    def test_a_request_in_progress_is_a_conflict_to_be_repeated(self) -> None:
        _begin()

        with pytest.raises(InProgress) as refused:
            _begin()

        assert (refused.value.status, refused.value.retry_after_s) == (409, 1)

    @pytest.mark.parametrize("change", [{"route": "returns.request"}, {"fingerprint": "0" * 64}])
    @pytest.mark.parametrize("is_finished", [True, False])
    def test_a_key_reused_for_another_request_is_invalid(
        self, change: dict[str, str], is_finished: bool
    ) -> None:
        _begin()
        if is_finished:
            _complete()

        with pytest.raises(KeyReused) as refused:
            _begin(**change)

        assert refused.value.status == 422

    def test_scopes_never_meet(self) -> None:
        _begin()
        _complete(201, "mine")

        assert _begin(scope="key:other") == Begun()

    def test_an_abandoned_key_is_free_and_a_stored_answer_stays(self) -> None:
        _begin()
        services.abandon(**KEY)
        assert _begin() == Begun()
        _complete(201, "done")

        services.abandon(**KEY)

        assert _begin() == Replay(201, "done")

    def test_an_answer_rolled_back_with_its_effect_leaves_the_request_in_progress(self) -> None:
        _begin()
        with pytest.raises(ZeroDivisionError), transactions.unit():
            services.complete(**KEY, status=201, body=None)
            raise ZeroDivisionError

        with pytest.raises(InProgress):
            _begin()

    def test_complete_needs_the_transaction_of_the_effect(self) -> None:
        _begin()

        with pytest.raises(TransactionRequired):
            services.complete(**KEY, status=201, body=None)

    @pytest.mark.parametrize("status", [409, 429, 500, 503])
    def test_answers_that_invite_a_repeat_are_not_stored(self, status: int) -> None:
        _begin()

        with pytest.raises(ValueError, match=str(status)):
            _complete(status)

        assert IdempotencyRecord.objects.get().response_status is None


@pytest.mark.django_db
class TestAfterACrash:
    def test_a_request_that_died_can_be_repeated_after_its_minute(self) -> None:
        _begin()
        _age(locked_until=timedelta(0))

        assert _begin() == Begun()

        assert IdempotencyRecord.objects.get().locked_until > clock.real_now() + timedelta(
            seconds=55
        )

    def test_a_request_that_died_keeps_its_key_from_another_request(self) -> None:
        _begin()
        _age(locked_until=timedelta(0))

        with pytest.raises(KeyReused):
            _begin(fingerprint="0" * 64)

    def test_a_request_that_stalled_may_not_commit_after_its_repeat(self) -> None:
        _begin()
        _age(locked_until=timedelta(0))
        _begin()
        _complete(201, "the repeat")

        with pytest.raises(InProgress):
            _complete(201, "the stalled one")

        assert _begin() == Replay(201, "the repeat")

    def test_a_stalled_request_whose_key_was_freed_may_not_commit(self) -> None:
        _begin()
        services.abandon(**KEY)

        with pytest.raises(InProgress):
            _complete()


@pytest.mark.django_db
class TestExpiry:
    def test_after_72_hours_a_key_is_new_even_for_another_request(self) -> None:
        _begin()
        _complete(201, "old")
        _age(expires_at=timedelta(seconds=1), locked_until=timedelta(hours=71))

        assert _begin(fingerprint="0" * 64) == Begun()

        with pytest.raises(InProgress):
            _begin(fingerprint="0" * 64)

    def test_an_answer_is_kept_for_72_hours(self) -> None:
        _begin()

        left = IdempotencyRecord.objects.get().expires_at - clock.real_now()
        assert timedelta(hours=71, minutes=59) < left <= timedelta(hours=72)

    def test_the_reaper_takes_expired_records_and_never_one_at_work(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "REAP_CHUNK", 2)
        past, future = clock.real_now() - LONG, clock.real_now() + LONG
        for number, (expires_at, locked_until) in enumerate(
            [(past, past), (past, past), (past, past), (past, future), (future, past)]
        ):
            IdempotencyRecord.objects.create(
                scope="s",
                key=str(number),
                expires_at=expires_at,
                locked_until=locked_until,
            )

        tasks.reap_expired()

        left = IdempotencyRecord.objects.order_by("key").values_list("key", flat=True)
        assert list(left) == ["3", "4"]


def test_the_fingerprint_ignores_the_order_of_keys_and_nothing_else() -> None:
    def of(payload: Any, method: str = "POST", path: str = "/api/v1/orders") -> str:
        return services.fingerprint_of(method=method, path=path, payload=payload)

    same = of({"a": 1, "b": [1, 2]})
    assert same == of({"b": [1, 2], "a": 1})
    others = [
        of({"a": 1, "b": [2, 1]}),
        of({"a": "1", "b": [1, 2]}),
        of({"a": 1.5, "b": [1, 2]}),
        of({"a": 1, "b": [1, 2], "c": None}),
        of({"a": 1, "b": [1, 2]}, method="PUT"),
        of({"a": 1, "b": [1, 2]}, path="/api/v1/returns"),
    ]
    assert len({same, *others}) == 7


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_of_fifty_at_once_one_begins(self) -> None:
        results = run_together([_begin] * 50)

        assert results.count(Begun()) == 1
        assert sum(isinstance(result, InProgress) for result in results) == 49

    def test_of_fifty_repeats_after_a_crash_one_begins(self) -> None:
        _begin()
        _age(locked_until=timedelta(0))

        results = run_together([_begin] * 50)

        assert results.count(Begun()) == 1
        assert sum(isinstance(result, InProgress) for result in results) == 49

    def test_of_fifty_requests_with_their_effect_one_commits(self) -> None:
        def request() -> Any:
            answer = _begin()
            if isinstance(answer, Replay):
                return answer.body
            with transactions.unit():
                services.complete(**KEY, status=201, body="done")
                IdempotencyRecord.objects.create(
                    scope="effect", locked_until=clock.real_now(), expires_at=clock.real_now()
                )
            return "done"

        results = run_together([request] * 50)

        assert all(r == "done" or isinstance(r, InProgress) for r in results)
        assert IdempotencyRecord.objects.filter(scope="effect").count() == 1
        assert run_together([request] * 10) == ["done"] * 10
        assert IdempotencyRecord.objects.filter(scope="effect").count() == 1

    def test_a_repeat_does_not_wait_for_the_commit_of_the_first(self) -> None:
        _begin()
        with transactions.unit():
            services.complete(**KEY, status=201, body=None)

            started = clock.monotonic()
            (result,) = run_together([_begin])

        assert isinstance(result, InProgress)
        assert clock.monotonic() - started < 1
