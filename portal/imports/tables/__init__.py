"""The table of the old application as a file: what AWS and the usual tools make of it.

typed_items   items in DynamoDB's JSON, wherever they stand, without their types
export_lines  the one compressed file that is read: lines of an export to S3
other_files   files that are recognised and refused, with the command that gives a readable one
"""

from portal.imports.tables.export_lines import GZIP_START, export_lines
from portal.imports.tables.other_files import (
    BINARY_ION,
    amazon_ion,
    refuse_other_json,
    refuse_other_text,
)
from portal.imports.tables.typed_items import (
    ITEM_KEYS,
    PART_KEYS,
    TABLE_KEYS,
    Unwrapped,
    is_deletion,
    is_schema,
    item_of,
    rest_of_answer,
    unwrapped,
)

__all__ = [
    "BINARY_ION", "GZIP_START", "ITEM_KEYS", "PART_KEYS", "TABLE_KEYS", "Unwrapped", "amazon_ion",
    "export_lines", "is_deletion", "is_schema", "item_of", "refuse_other_json",
    "refuse_other_text", "rest_of_answer", "unwrapped",
]  # fmt: skip
