"""An `Entry` -> a `Candidate`, or every reason why it is invalid.

validate         the checks of one entry, rule by rule
plain_entries    the same for tenants in which nothing has to be repaired, faster
field_reader     reads a field by its type
suspect_values   damaged texts, ids that were made up, what was refused before
invalid_entries  what is kept of an invalid entry, and whose it may be
"""

from portal.imports.validation.invalid_entries import (
    possible_tenant_ids,
    tenant_id_of,
    updated_at_of,
)
from portal.imports.validation.suspect_values import names_two_tenants
from portal.imports.validation.validate import validate_entry

__all__ = [
    "names_two_tenants", "possible_tenant_ids", "tenant_id_of", "updated_at_of", "validate_entry",
]  # fmt: skip
