"""An `Entry` -> a `Candidate`, or every reason why it is none.

validate         the checks, field by field
invalid_entries  what is kept of an entry that is none, and whose it may be
"""

from portal.imports.validation.invalid_entries import id_in, ids_in, updated_in
from portal.imports.validation.validate import validate_entry

__all__ = [
    "id_in",
    "ids_in",
    "updated_in",
    "validate_entry",
]
