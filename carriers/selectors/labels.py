"""What the carrier printed, opened for its owner."""

from __future__ import annotations

from carriers.models import LabelFile, Shipment
from oms.core.errors import NotFound
from oms.infra.contacts.services import vault


class LabelMissing(NotFound):
    """There is no such label, it is not the caller's, or its recipient was erased."""

    code = "carriers.label_missing"


def get_file(*, shipment_ref: str, organization_id: int, file_format: str) -> bytes:
    """This function will return a label as `pdf` or `zpl`.

    :raises LabelMissing: none is there for this organization.
    :raises Erased: its recipient was erased.
    """
    found = (
        LabelFile.objects.filter(
            shipment__public_id=shipment_ref,
            shipment__organization_id=organization_id,
            format=file_format,
        )
        .select_related("shipment")
        .first()
    )
    if found is None:
        raise LabelMissing(data={"shipment": shipment_ref, "format": file_format})
    return vault.open_for(
        contact_id=found.shipment.contact_id,
        sealed=bytes(found.sealed),
        context=label_context(found.shipment, file_format),
    )


def label_context(shipment: Shipment, file_format: str) -> str:
    """This function will return what a sealed label file is bound to."""
    return f"carriers_label|{shipment.public_id}|{file_format}"
