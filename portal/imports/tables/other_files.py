"""Files about the table that are recognised and refused: what each is, and which command gives a
file that can be read."""

import re
from typing import Any

from portal.imports.model import KNOWN_FIELDS, Message, RefusedFileError, not_our_csv, unusable_file

BINARY_ION = b"\xe0\x01\x00\xea"
ION_TEXT = b"$ion_1_0"
#: Commands are the same in each language.
_SCAN = "aws dynamodb scan --table-name TABLE --output json > table.json"
_EXPORT = (
    "aws dynamodb export-table-to-point-in-time --export-format DYNAMODB_JSON"
    " --table-arn ARN --s3-bucket BUCKET"
)
_DOWNLOAD = "aws s3 cp --recursive s3://BUCKET/AWSDynamoDB/EXPORT/data/ ."
_COPY = "copy(JSON.stringify(localStorage))"
_RECORDS = 'frame.to_json("tenants.json", orient="records")'

#: `Count: 4` or `Items:` and a line end; or the mark of a document.
_YAML = re.compile(r"---\r?\n\w|[A-Za-z_]\w*:(?: [^\r\n]*)?\r?\n")
#: A frame of dashes and bars.
_TEXT_TABLE = re.compile(r"[-+|=─]{3}|[|┌+][-=─ |]")
#: The counts of a scan, or the name of a list.
_AWS_TEXT = re.compile(r"(?:(?:\d+|None)\t)+(?:\d+|None)\r?\n|ITEMS\r?\n|ACCOUNTID\t")
#: The first cells of a CSV file of tenants, such as the console's.
_TENANT_CSV = re.compile(r'"?(?:tenantId|accountId|companyId)\b[^\r\n]*[,;\t]')
_ION = re.compile(r"\$ion_1_0")


def amazon_ion() -> RefusedFileError:
    return unusable_file(
        Message(
            "It is Amazon Ion, which is not read. Export the table as DynamoDB JSON:"
            " %(command)s", command=_EXPORT,
        )
    )  # fmt: skip


def refuse_other_text(start: str) -> None:
    """`start`: the first characters of the file, without spaces before them.

    Raises:
        RefusedFileError: it is a file that is recognised, and no JSON.
    """
    if _ION.match(start):
        raise amazon_ion()
    if start.startswith("'"):
        raise unusable_file(
            Message(
                "It is a text in single quotes, as a console shows it, which is not read. Copy the"
                " text itself: %(command)s", command=_COPY,
            )
        )  # fmt: skip
    if _AWS_TEXT.match(start):
        raise unusable_file(
            Message(
                "It is what the AWS command line prints as text, which loses the names of"
                " attributes. Ask for JSON: %(command)s", command=_SCAN,
            )
        )  # fmt: skip
    if _YAML.match(start):
        raise unusable_file(
            Message("It is YAML, which is not read. Ask for JSON: %(command)s", command=_SCAN)
        )
    if _TEXT_TABLE.match(start):
        raise unusable_file(
            Message(
                "It is a table for people to look at, which is not read. Ask for JSON:"
                " %(command)s", command=_SCAN,
            )
        )  # fmt: skip
    if _TENANT_CSV.match(start):
        raise not_our_csv(_SCAN)


def refuse_other_json(value: Any) -> None:
    """Raises:
    RefusedFileError: the value is the whole of a file that is recognised, and holds no tenants in
        a form that is read.
    """
    if not isinstance(value, dict):
        return
    if "manifestFilesS3Key" in value or "dataFileS3Key" in value:
        raise unusable_file(
            Message(
                "It is the manifest of an export to S3, which only lists the files of the export."
                " Import those files, which end in .json.gz: %(command)s", command=_DOWNLOAD,
            )
        )  # fmt: skip
    if _is_column_wise(value):
        raise unusable_file(
            Message(
                "It is JSON of pandas, column by column, which is not read. Write it row by row:"
                " %(command)s", command=_RECORDS,
            )
        )  # fmt: skip


def _is_column_wise(value: dict[str, Any]) -> bool:
    """As `to_json()` writes it without an `orient`; or with `orient="split"` or `"index"`."""
    columns = value.get("columns")
    if isinstance(columns, list) and isinstance(value.get("data"), list):
        return not KNOWN_FIELDS.isdisjoint(filter(_is_text, columns))
    if _has_row_numbers(value):
        return any(isinstance(each, dict) and "accountId" in each for each in value.values())
    known = [value[name] for name in value if name in KNOWN_FIELDS]
    return bool(known) and all(map(_has_row_numbers, known))


def _has_row_numbers(column: Any) -> bool:
    return isinstance(column, dict) and bool(column) and all(map(str.isdecimal, column))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
