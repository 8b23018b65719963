"""An `Entry` -> a `Candidate`, or every reason why it is invalid.

validate         the checks of one entry, rule by rule
field_reader     reads a field by its type
invalid_entries  what is kept of an invalid entry, and whose it may be
"""

from portal.imports.validation.invalid_entries import (
    possible_tenant_ids,
    tenant_id_of,
    updated_at_of,
)
from portal.imports.validation.validate import validate_entry

__all__ = ["possible_tenant_ids", "tenant_id_of", "updated_at_of", "validate_entry"]
