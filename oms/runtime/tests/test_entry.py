"""Only commands that read the database start it."""

import pytest

from oms.runtime.entry import needs_services


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        (["manage.py"], False),
        (["manage.py", "--help"], False),
        (["manage.py", "up", "--demo"], True),
        (["manage.py", "up", "--help"], False),
        (["manage.py", "migrate"], True),
        (["manage.py", "import_orders", "-h"], False),
        (["manage.py", "doctor", "--json"], False),
        (["manage.py", "reset", "--yes"], False),
    ],
)
def test_needs_services(arguments, needs):
    assert needs_services(arguments) is needs
