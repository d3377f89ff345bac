"""`Authorization: Bearer <key>` and nothing else; whatever is wrong, the answer is the same 401."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from oms.core import context
from oms.core.api.permissions import InvalidKey
from oms.infra.accounts.services import keys
from oms.infra.accounts.types import Principal

SCHEME = "Bearer"


def organization_of(request: Request) -> int:
    """This function will return the organization that the request's key acts for."""
    return cast(Principal, request.auth).organization_id


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the Principal and makes the key the actor of the request."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Principal] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, text = header.partition(" ")
        if scheme.casefold() != SCHEME.casefold():
            raise InvalidKey
        principal = keys.authenticate(text.strip(" "))
        context.become(principal.actor)
        return AnonymousUser(), principal

    def authenticate_header(self, request: Request) -> str:
        return SCHEME
