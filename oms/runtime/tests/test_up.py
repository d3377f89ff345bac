"""What `up` says and skips."""

import os
from pathlib import Path

import pytest

from oms.infra.accounts.services.staff import FirstAdmin
from oms.runtime import up


@pytest.mark.parametrize(
    ("password", "is_demo", "said"),
    [
        ("s3cret", True, "user admin, password s3cret"),
        ("s3cret", False, "user admin, password in /srv/oms/admin_password"),
        (None, True, "user admin, with the password you chose"),
    ],
)
def test_the_password_itself_is_said_only_in_the_demo(password, is_demo, said):
    admin = FirstAdmin("admin", Path("/srv/oms/admin_password"), password)

    assert up.how_to_log_in(admin, is_demo=is_demo) == said


@pytest.fixture
def sources(settings, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "base.css").write_text("a {}")
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATICFILES_DIRS = [source]
    settings.STATIC_ROOT = tmp_path / "static"
    (tmp_path / "static").mkdir()
    return source


def test_static_files_are_collected_when_never_or_longer_ago_than_a_source_changed(
    sources, settings
):
    assert not up.static_is_fresh()

    manifest = settings.STATIC_ROOT / "staticfiles.json"
    manifest.write_text("{}")
    assert up.static_is_fresh()

    later = manifest.stat().st_mtime + 10
    os.utime(sources / "base.css", (later, later))
    assert not up.static_is_fresh()
