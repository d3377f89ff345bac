"""Staff import a file of orders from its upload to its refused rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from orders.importing import uploads
from orders.models import ImportFile, Order
from orders.tests.factories import World, a_world
from tests.admin.conftest import As

pytestmark = pytest.mark.django_db

LIST = "/admin/orders/importfile/"
CONTENT = (
    b"Order No,sku,quantity,currency,country,region,city,postcode,street,name\n"
    b"W-1,A,1,USD,US,NV,Reno,89501,1 Main Street,Ada Example\n"
    b"W-2,NOPE,1,USD,US,NV,Reno,89501,1 Main Street,Bo Example\n"
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setitem(django_settings.OMS, "HOME", tmp_path)
    return a_world()


def _upload(client: Client, world: World, content: bytes = CONTENT) -> Any:
    return client.post(
        f"{LIST}upload/",
        {
            "channel": f"{world.organization_id}:shop",
            "file": SimpleUploadedFile("orders.csv", content),
        },
    )


def _page(client: Client, file: ImportFile) -> Any:
    return client.get(f"{LIST}{file.pk}/change/")


def test_from_upload_to_refused_rows(world: World, admin: Client) -> None:
    form = admin.get(f"{LIST}upload/").content.decode()
    assert 'enctype="multipart/form-data"' in form and 'type="file"' in form

    uploaded = _upload(admin, world)
    file = ImportFile.objects.get()
    assert uploaded.headers["Location"] == f"{LIST}{file.pk}/change/"
    admin.post(f"{LIST}{file.pk}/check/")
    running = _page(admin, file)
    assert running.headers["Refresh"] == "2"
    assert "Being checked" in running.content.decode()

    uploads.work_on(seconds=60)
    checked = _page(admin, file)
    text = re.sub(r"<[^>]+>|\s+", " ", checked.content.decode())
    assert "Refresh" not in checked.headers
    assert "What would change" in text and "sku unknown sku" in text and "W-1" in text
    assert "Ada Example" not in text
    assert Order.objects.count() == 0

    admin.post(f"{LIST}{file.pk}/start/")
    uploads.work_on(seconds=60)
    done = _page(admin, file).content.decode()
    refused = admin.get(f"{LIST}{file.pk}/refused/")
    content = b"".join(refused.streaming_content).decode()
    assert "Download the refused rows" in done and "<progress" in done
    assert "no-store" in refused.headers["Cache-Control"]
    assert content.splitlines()[1].startswith("W-2,NOPE,1,USD")
    assert Order.objects.count() == 1

    corrected = content.replace("NOPE", "B").encode()
    _upload(admin, world, corrected)
    admin.post(f"{LIST}{ImportFile.objects.latest('pk').pk}/start/")
    uploads.work_on(seconds=60)
    assert set(Order.objects.values_list("external_ref", flat=True)) == {"W-1", "W-2"}


def test_columns_are_mapped_by_choices(world: World, admin: Client) -> None:
    _upload(admin, world, CONTENT.replace(b"Order No", b"Hash mark"))
    file = ImportFile.objects.get()
    before = _page(admin, file).content.decode()
    names = dict(enumerate(file.columns))
    data = {f"c{n}": file.mapping.get(name, "") for n, name in names.items()}

    wrong = admin.post(f"{LIST}{file.pk}/map/", data)
    admin.post(f"{LIST}{file.pk}/map/", {**data, "c0": "external_ref"})

    file.refresh_from_db()
    assert "No column is external_ref" in before
    assert (wrong.status_code, b"external_ref: No column has it." in wrong.content) == (422, True)
    assert file.mapping["Hash mark"] == "external_ref"


def test_a_file_that_cannot_be_read_is_told_beside_the_field(world: World, admin: Client) -> None:
    answer = _upload(admin, world, b"\n")

    assert (answer.status_code, ImportFile.objects.count()) == (422, 0)


def test_an_import_can_be_stopped(world: World, admin: Client) -> None:
    _upload(admin, world)
    file = ImportFile.objects.get()
    admin.post(f"{LIST}{file.pk}/start/")

    admin.post(f"{LIST}{file.pk}/stop/", {"reason": "wrong file"})
    uploads.work_on(seconds=60)

    assert Order.objects.count() == 0


@pytest.mark.parametrize("kind", ["csv", "xlsx", "jsonl"])
def test_a_template_can_be_downloaded(world: World, admin: Client, kind: str) -> None:
    answer = admin.get(reverse("admin:orders_importfile_template", args=(kind,)))

    assert answer.headers["Content-Disposition"].endswith(f'orders-template.{kind}"')
    assert len(answer.content) > 100


def test_a_viewer_uploads_nothing_and_sees_no_refused_rows(world: World, as_role: As) -> None:
    viewer = as_role("viewer")
    file = uploads.receive(
        channel=world.channel, name="orders.csv", content=[CONTENT], created_by="staff:1"
    )
    uploads.refused_of(file).parent.mkdir(parents=True, exist_ok=True)
    uploads.refused_of(file).write_text("personal")

    answers = [
        _upload(viewer, world).status_code,
        viewer.post(f"{LIST}{file.pk}/start/").status_code,
        viewer.get(f"{LIST}{file.pk}/refused/").status_code,
    ]

    file.refresh_from_db()
    assert answers == [403, 403, 403]
    assert (ImportFile.objects.count(), file.wants) == (1, "")
