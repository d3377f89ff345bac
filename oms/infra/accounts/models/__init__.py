from oms.infra.accounts.models.api_key import ApiKey
from oms.infra.accounts.models.organization import Organization
from oms.infra.accounts.models.staff import StaffProfile

__all__ = ["ApiKey", "Organization", "StaffProfile"]
