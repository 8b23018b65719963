"""What all steps of an import share.

fields    the fields of a tenant as files have them
entries   one tenant as a file has it: read, validated, a candidate
rows      what an import does with each entry: kinds, policies, changes
messages  sentences about a file that a page can translate
errors    why a whole file is refused
"""

from portal.imports.model.entries import Candidate, CheckedEntry, Entry, FieldMessage, Value
from portal.imports.model.errors import (
    RefusedFileError,
    file_is_compressed,
    file_too_large,
    not_an_export,
    not_json,
    not_text,
    too_long,
    too_many,
)
from portal.imports.model.fields import (
    EXPORTED_FIELDS,
    FAILED_KINDS,
    FIELDS,
    KEY_PREFIX,
    KNOWN,
    SECRET_FIELD,
)
from portal.imports.model.messages import (
    MISSING,
    Message,
    kind_of,
    printable_excerpt,
    problem_message,
    repair_message,
    size_in_words,
)
from portal.imports.model.rows import (
    WRITTEN_KINDS,
    AllowedChange,
    FieldChange,
    PlanRow,
    Policy,
    RowKind,
    packed_reasons,
)

__all__ = [
    "EXPORTED_FIELDS",
    "FAILED_KINDS",
    "FIELDS",
    "KEY_PREFIX",
    "KNOWN",
    "MISSING",
    "SECRET_FIELD",
    "WRITTEN_KINDS",
    "AllowedChange",
    "Candidate",
    "CheckedEntry",
    "Entry",
    "FieldChange",
    "FieldMessage",
    "Message",
    "PlanRow",
    "Policy",
    "RefusedFileError",
    "RowKind",
    "Value",
    "file_is_compressed",
    "file_too_large",
    "kind_of",
    "not_an_export",
    "not_json",
    "not_text",
    "packed_reasons",
    "printable_excerpt",
    "problem_message",
    "repair_message",
    "size_in_words",
    "too_long",
    "too_many",
]
