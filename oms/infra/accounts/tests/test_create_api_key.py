"""The command: one key shown once, in words or as JSON, and plain refusals."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from oms.infra.accounts import scopes
from oms.infra.accounts.models import ApiKey
from oms.infra.accounts.services import keys, organizations

pytestmark = pytest.mark.django_db


def _run(*arguments: str) -> str:
    out = StringIO()
    call_command("create_api_key", *arguments, stdout=out)
    return out.getvalue()


def test_a_key_of_all_scopes_is_shown_once() -> None:
    organizations.ensure_operator()
    out = _run("--organization", "operator", "--name", "Shop")
    [line] = [line for line in out.splitlines() if line.startswith("Key for operator: ")]
    principal = keys.authenticate(line.removeprefix("Key for operator: "))
    assert principal.scopes == set(scopes.ALL)
    assert ApiKey.objects.get().created_by == "system:create_api_key"


def test_json_is_the_last_line() -> None:
    organizations.ensure_sandbox()
    out = _run(
        "--organization=sandbox", "--name=Shop", "--scopes=orders:write, orders:read", "--json"
    )
    answer = json.loads(out.splitlines()[-1])
    assert sorted(answer) == ["expires_at", "key", "key_id", "organization", "scopes"]
    assert answer["key"].startswith(f"oms_test_{answer['key_id']}")
    assert answer["scopes"] == ["orders:read", "orders:write"]
    assert keys.authenticate(answer["key"]).is_sandbox is True


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--organization=nobody"], "no organization with the code 'nobody'"),
        (["--organization=operator", "--scopes=orders:delete"], "orders:delete is not among"),
        (["--organization=operator", "--scopes=,"], "nothing is not among"),
        (["--organization=operator", "--days=0"], "within one year"),
        (["--organization=operator", "--days=99999999999"], "within one year"),
    ],
)
def test_refusals_say_why_and_make_nothing(arguments: list[str], words: str) -> None:
    organizations.ensure_operator()
    with pytest.raises(CommandError, match=words) as caught:
        _run("--name=Shop", *arguments)
    assert caught.value.returncode == 1
    assert not ApiKey.objects.exists()
