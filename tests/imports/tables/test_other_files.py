"""Files about the table that are refused: each refusal says what the file is and which command
gives a readable one."""

import gzip
import json

import pytest

from portal.imports.model.errors import RefusedFileError
from tests.examples import all_items
from tests.imports.files import tenant

SCAN = "aws dynamodb scan --table-name TABLE --output json > table.json"
EXPORT = (
    "aws dynamodb export-table-to-point-in-time --export-format DYNAMODB_JSON --table-arn ARN"
    " --s3-bucket BUCKET"
)
DOWNLOAD = "aws s3 cp --recursive s3://BUCKET/AWSDynamoDB/EXPORT/data/ ."
RECORDS = 'frame.to_json("tenants.json", orient="records")'
ION_LINE = b'$ion_1_0 {Item:{tenantId:"86810_1"}}\n'
COLUMNS = {name: {"0": value, "1": value} for name, value in tenant(1).items()}
COPY = "copy(JSON.stringify(localStorage))"
FILES: dict[str, tuple[str | bytes, str, str]] = {
    "manifest": (
        json.dumps({"version": "2020-06-30", "manifestFilesS3Key": "x/manifest-files.json"}),
        "the manifest of an export to S3", DOWNLOAD,
    ),
    "list of files": (
        json.dumps({"itemCount": 8, "dataFileS3Key": "a/data/b.json.gz"}) + "\n",
        "the manifest of an export to S3", DOWNLOAD,
    ),
    "a console": ("'{\"theme\":\"dark\"}'", "in single quotes", COPY),
    "Ion": (ION_LINE, "Amazon Ion", EXPORT),
    "Ion, compressed": (gzip.compress(ION_LINE), "Amazon Ion", EXPORT),
    "Ion, binary": (b"\xe0\x01\x00\xea\xee\x95", "Amazon Ion", EXPORT),
    "Ion, binary, compressed": (gzip.compress(b"\xe0\x01\x00\xea\xee"), "Amazon Ion", EXPORT),
    "CSV": ('"tenantId","accountId"\n"86810_1","86810"\n', "It is CSV", SCAN),
    "CSV of a tool": ("accountId;companyId\n86810;1\n", "It is CSV", SCAN),
    "a table": ("-----------\n|  Scan   |\n+---------+\n", "a table for people", SCAN),
    "a table of bars": ("| tenantId | isActive |\n|---|---|\n", "a table for people", SCAN),
    "text": ("4\tNone\t4\nITEMS\nACCOUNTID\t86810\n", "prints as text", SCAN),
    "text of a query": ("ACCOUNTID\t86810\nCLUSTER\teu\n", "prints as text", SCAN),
    "YAML": ("Count: 1\nItems:\n- accountId:\n    S: '86810'\n", "YAML", SCAN),
    "YAML with a mark": ("---\nItems:\n- accountId: '1'\n", "YAML", SCAN),
    "pandas": (json.dumps(COLUMNS), "JSON of pandas", RECORDS),
    "pandas, by row numbers": (json.dumps({"0": tenant(1)}), "JSON of pandas", RECORDS),
    "pandas, split": (
        json.dumps({"columns": ["accountId"], "index": [0], "data": [["86810"]]}),
        "JSON of pandas", RECORDS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_it_is_named_with_the_command_that_helps(harness, name):
    file, what, command = FILES[name]
    with pytest.raises(RefusedFileError) as refused:
        harness.plan(file if isinstance(file, bytes) else file.encode())
    assert refused.value.message == "The file is not a portal export."
    assert refused.value.status == 422
    assert what in str(refused.value.found)
    assert str(refused.value.found).endswith(f": {command}")
    assert all_items(harness.raw_store) == {}


def test_pandas_row_by_row_is_read(harness):
    for orient in ([tenant(1)], {"schema": {"fields": []}, "data": [tenant(1)]}):
        assert harness.kinds(json.dumps(orient).encode()) == ["new"]
