"""One organization and one person. Loaded before Django is set up, hence the late imports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from oms.infra.accounts.models import Organization
    from oms.infra.contacts.types import ContactDraft


@pytest.fixture
def organization(db: None) -> Organization:
    from oms.infra.accounts.services import organizations

    return organizations.ensure_operator()


@pytest.fixture
def make_subject(organization: Organization) -> Callable[[], int]:
    from oms.infra.contacts.tests import factories

    return lambda: factories.subject(organization.pk)


@pytest.fixture
def person(make_subject: Callable[[], int]) -> ContactDraft:
    from oms.infra.contacts.tests import factories

    return replace(factories.PERSON, subject_id=make_subject())
