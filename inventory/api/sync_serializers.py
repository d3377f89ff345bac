"""Shapes of stock feeds. Messages are read by `services/sync_parsing`, for files as for requests;
here is what the API document says of them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.services import sync_parsing, syncing
from inventory.services.stock import MAX_CHANGE, MAX_ON_HAND
from oms.core.api.schema import FieldErrorOut

_NUMBER = "From 1, without gaps."
#: What a list of places takes beyond what one place does.
_LINES: dict[str, Any] = {"min_length": 1, "max_length": sync_parsing.MAX_LINES}


class SyncChangeIn(serializers.Serializer[Any]):
    node = serializers.CharField(max_length=40, help_text="The node's code.")
    sku = serializers.CharField(max_length=64)
    quantity = serializers.IntegerField(
        min_value=-MAX_CHANGE, max_value=MAX_CHANGE, help_text="More or less, never 0."
    )
    reason = serializers.CharField(max_length=80, help_text="It stays in the ledger.")


class SyncDeltaIn(serializers.Serializer[Any]):
    sequence = serializers.IntegerField(min_value=1, help_text=_NUMBER)
    kind = serializers.ChoiceField(["delta"])
    changes = SyncChangeIn(many=True, **_LINES)


class SyncCountIn(serializers.Serializer[Any]):
    node = serializers.CharField(max_length=40, help_text="The node's code.")
    sku = serializers.CharField(max_length=64)
    on_hand = serializers.IntegerField(min_value=0, max_value=MAX_ON_HAND)


class SyncSnapshotIn(serializers.Serializer[Any]):
    """Counts to compare; nothing is overwritten, differences are shown to staff."""

    sequence = serializers.IntegerField(min_value=1, help_text=_NUMBER)
    kind = serializers.ChoiceField(["snapshot"])
    places = SyncCountIn(many=True, **_LINES)
    complete = serializers.BooleanField(
        default=False, help_text="What is not listed at the listed nodes counts as 0."
    )


class SyncMessagesIn(serializers.Serializer[Any]):
    messages = serializers.ListField(
        child=serializers.DictField(),
        min_length=1,
        max_length=syncing.MAX_MESSAGES,
        help_text="Messages as they are sent one by one.",
    )


class SyncErrorOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable, for machines.")
    status = serializers.IntegerField(help_text="What the message alone would have answered.")
    detail = serializers.CharField()
    expected = serializers.IntegerField(
        allow_null=True, help_text="The number to send next, where the number was wrong."
    )
    # The name is the RFC's; that of the serializer's own errors is not needed here.
    errors = FieldErrorOut(many=True)  # type: ignore[assignment]


class SyncAnswerOut(serializers.Serializer[Any]):
    sequence = serializers.IntegerField(allow_null=True)
    outcome = serializers.ChoiceField(
        [syncing.APPLIED, syncing.WAITING, syncing.DUPLICATE, syncing.REFUSED]
    )
    problem = serializers.CharField(
        allow_blank=True, help_text="Why changes of an applied message could not be booked."
    )
    error = SyncErrorOut(allow_null=True)


class SyncAnswersOut(serializers.Serializer[Any]):
    results = SyncAnswerOut(many=True, help_text="One for each message, in order.")


class FeedItemOut(serializers.Serializer[Any]):
    sku = serializers.CharField()
    quantity = serializers.IntegerField(min_value=0)
    sequence = serializers.IntegerField(min_value=1)


class FeedOut(serializers.Serializer[Any]):
    channel = serializers.CharField()
    items = FeedItemOut(many=True)
    next = serializers.IntegerField(help_text="The `since` to ask with next.")
    has_more = serializers.BooleanField(help_text="Whether to ask again at once.")
