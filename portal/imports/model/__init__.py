"""What all steps of an import share.

fields    the fields of a tenant in a file
entries   one tenant of a file: as it was read, after validation, and as a candidate
refused_values  what a report has in place of a value that was refused
places    where an entry was stored
rows      what an import does with each entry: kinds, policies, options, changes
messages  messages about a file and its rows, which a page can translate
frozen    what these are made with
errors    why a whole file is refused
earlier_messages  messages of earlier versions, which catalogues keep
"""

from portal.imports.model.entries import Candidate, Entry, FieldMessage, FieldValue, ValidatedEntry
from portal.imports.model.errors import (
    RefusedFileError,
    file_is_compressed,
    file_not_text,
    file_too_large,
    invalid_json,
    not_an_export,
    not_our_csv,
    too_many_entries,
    unusable_file,
    value_too_long,
)
from portal.imports.model.fields import (
    EXPORTED_FIELDS,
    FIELDS,
    KEY_PREFIX,
    KNOWN_FIELDS,
    SECRET_FIELD,
)
from portal.imports.model.frozen import checked_dataclass
from portal.imports.model.messages import (
    MISSING,
    Message,
    json_type_in_words,
    printable_excerpt,
    problem_message,
    repair_message,
    size_in_words,
)
from portal.imports.model.places import (
    UNNAMED_PLACE,
    Place,
    PlaceSummary,
    place_name,
    short_place_name,
)
from portal.imports.model.refused_values import RefusedValue, read_refused, refused_text
from portal.imports.model.rows import (
    FAILED_KINDS,
    WRITTEN_KINDS,
    AllowedChange,
    FieldChange,
    ImportOptions,
    PlanRow,
    Policy,
    RowKind,
    pack_messages,
)

__all__ = [
    "EXPORTED_FIELDS", "FAILED_KINDS", "FIELDS", "KEY_PREFIX", "KNOWN_FIELDS", "MISSING",
    "SECRET_FIELD", "UNNAMED_PLACE", "WRITTEN_KINDS", "AllowedChange", "Candidate", "Entry",
    "FieldChange", "FieldMessage", "FieldValue", "ImportOptions", "Message", "Place",
    "PlaceSummary", "PlanRow", "Policy", "RefusedFileError", "RefusedValue", "RowKind",
    "ValidatedEntry", "checked_dataclass", "file_is_compressed", "file_not_text", "file_too_large",
    "invalid_json",
    "json_type_in_words", "not_an_export", "not_our_csv", "pack_messages", "place_name",
    "printable_excerpt", "problem_message", "read_refused", "refused_text", "repair_message",
    "short_place_name", "size_in_words", "too_many_entries", "unusable_file", "value_too_long",
]  # fmt: skip
