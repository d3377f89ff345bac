from oms.infra.contacts.models.contact import Contact, Subject

__all__ = ["Contact", "Subject"]
