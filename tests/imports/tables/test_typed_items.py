"""Items of the old application's table, as AWS and the usual tools write them into a file."""

import io
import json
from typing import Any

import pytest

from portal.imports.jobs.job import find_job
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.reading.formats import FileFormat
from portal.imports.reports.report import job_summary
from portal.sealing import is_sealed
from tests.imports.files import LIMITS, SECRET, lines, tenant
from tests.imports.harness import messages

ID = "86810_1"


def typed(number: int = 1, /, **changed: Any) -> dict[str, Any]:
    """A row of the old table in DynamoDB's JSON, with its index keys."""
    fields = {"tenantId": f"86810_{number}", **tenant(number)}
    item = {
        name: {"BOOL": value} if isinstance(value, bool) else {"S": value}
        for name, value in fields.items()
    }
    item |= {"gsi1pk": {"S": "ACCOUNT#86810"}, "gsi1sk": {"S": f"TENANT#86810_{number}"}}
    item |= changed
    return {name: value for name, value in item.items() if value is not None}


KEYS = {"tenantId": {"S": "86810_9"}}
SCHEMA = {"TableName": "t", "KeySchema": [], "AttributeDefinitions": []}
RECORD = {
    "eventName": "MODIFY",
    "dynamodb": {"Keys": KEYS, "NewImage": typed(), "OldImage": typed(2)},
}
CHANGE = {"Metadata": {"WriteTimestampMicros": {"N": "1"}}, "Keys": KEYS, "NewImage": typed()}
SHAPES: dict[str, list[Any]] = {
    "a list": [[typed()]],
    "a scan": [{"Items": [typed()], "Count": 1, "ScannedCount": 1, "ConsumedCapacity": None}],
    "a scan, without types": [{"Items": [{"tenantId": ID, **tenant(1)}], "Count": 1}],
    "one item": [{"Item": typed()}],
    "one item alone": [typed()],
    "a batch that was read": [{"Responses": {"tenants": [typed()]}, "UnprocessedKeys": {}}],
    "a batch to write": [{"tenants": [{"PutRequest": {"Item": typed()}},
                                      {"DeleteRequest": {"Key": KEYS}}]}],
    "a request to write a batch": [{"RequestItems": {"t": [{"PutRequest": {"Item": typed()}}]}}],
    "the answer to an update": [{"Attributes": typed()}],
    "a stream": [{"Records": [RECORD]}],
    "lines of an export to S3": [{"Item": typed()}],
    "lines of an incremental export": [CHANGE],
    "lines of items": [typed()],
    "dyno": [SCHEMA, typed()],
    "dynamodump": [{"Items": [typed()], "Count": 1, "ScannedCount": 1}],
    "pages of a scan": [{"Items": [], "LastEvaluatedKey": KEYS}, {"Items": [typed()]}],
    "under result": [{"result": {"Items": [typed()]}}],
    "beside items that are no tenants": [
        {"Item": {"tenantId": {"S": "event-86810_1-x"}, "at": {"S": "2026"}}}, {"Item": typed()},
    ],
}  # fmt: skip


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", SHAPES)
def test_the_tenant_is_read_without_the_types(harness, name, indent):
    file = "\n".join(json.dumps(each, indent=indent) for each in SHAPES[name]).encode()
    (row,) = harness.rows(file)
    assert (row.kind, row.tenant_id, row.secret) == ("new", ID, "set")
    assert (row.values["isActive"], row.left_out) == (True, ())
    assert [row.kind for row in harness.rows(file, lines(tenant(1)))] == ["new", "duplicate"]


def test_a_plain_secret_is_sealed_on_the_way_in(harness):
    harness.run(json.dumps({"Items": [typed()]}).encode())
    item = harness.tenants()[ID]
    assert is_sealed(item["clientSecret"])
    assert SECRET not in json.dumps(item)


@pytest.mark.parametrize("sealed", ["v1.kms.AQICAHh_x-1", "v1.loc.k1.AbC_d-e"])
def test_a_sealed_secret_is_left_out_and_the_row_says_so(harness, sealed):
    (row,) = harness.rows(json.dumps([typed(clientSecret={"S": sealed})]).encode())
    assert (row.kind, row.secret) == ("new", "missing")
    ((field, sentence),) = messages(row)
    assert field == "clientSecret"
    assert sentence == (
        "The table holds this secret sealed, and only the key of its own portal opens it. The"
        " import leaves it out: a secret that is in the store stays; otherwise set it in the"
        " portal."
    )
    assert sealed not in repr(row.packed())


def test_sets_and_bytes_are_left_out_by_name(harness):
    other = {
        "tags": {"SS": ["a"]}, "sizes": {"NS": ["1"]}, "files": {"BS": ["YQ=="]},
        "raw": {"B": "YQ=="}, "more": {"M": {"a": {"S": "b"}}}, "list": {"L": []},
        "contactPhone": {"SS": ["+49"]}, "ttl": {"N": "1e999"},
    }  # fmt: skip
    (row,) = harness.rows(json.dumps([typed(**other)]).encode())
    assert (row.kind, sorted(row.left_out)) == ("new", sorted(other))
    assert "contactPhone" not in row.values


@pytest.mark.parametrize(
    ("attribute", "field", "sentence"),
    [
        ({"N": "7"}, "accountName", "This must be a text, but it is a number."),
        ({"BOOL": True}, "accountName", "This must be a text, but it is true or false."),
        ({"N": "86810"}, "accountId", "This must be a text, but it is a number."),
    ],
)
def test_a_value_keeps_its_type(harness, attribute, field, sentence):
    (row,) = harness.rows(json.dumps([typed(**{field: attribute})]).encode())
    assert (row.kind, messages(row)) == ("invalid", [(field, sentence)])


def test_null_is_a_missing_attribute(harness):
    (null,) = harness.rows(json.dumps([typed(contactPhone={"NULL": True})]).encode())
    (missing,) = harness.rows(json.dumps([typed(contactPhone=None)]).encode())
    assert null == missing


def notes(*documents: Any) -> list[str]:
    text = "\n".join(json.dumps(each) for each in documents)
    reader = EntryReader(io.BytesIO(text.encode()), LIMITS)
    assert list(reader)
    assert reader.format is FileFormat.TABLE
    return [str(note) for note in reader.notes]


PART = (
    "The file is only a part of the table, because it ends with {}. Import the other parts as"
    " well, or fetch the whole table: aws dynamodb scan --table-name TABLE --output json >"
    " table.json"
)


@pytest.mark.parametrize(
    ("key", "value"),
    [("NextToken", "eyJ="), ("LastEvaluatedKey", KEYS),
     ("UnprocessedKeys", {"tenants": {"Keys": [KEYS]}})],
)  # fmt: skip
def test_a_part_of_a_table_says_so_whatever_its_count(key, value):
    scan = {"Items": [typed(n) for n in range(4)], "Count": 10, "ScannedCount": 10}
    assert notes({**scan, key: value}) == [PART.format(key)]
    assert notes({key: value, **scan}) == [PART.format(key)]
    assert notes({**scan, key: None}) == []
    assert notes({**scan, key: value}, scan) == [], "the last page has no token"


@pytest.mark.parametrize(
    "rest",
    [{"NextToken": "eyJ="}, {"Count": 2, "LastEvaluatedKey": KEYS, "ConsumedCapacity": None}],
)
def test_a_part_of_a_table_on_lines_says_so(rest):
    (key,) = rest.keys() - {"Count", "ConsumedCapacity"}
    assert notes(typed(1), typed(2), rest) == [PART.format(key)]
    assert notes({"Items": [typed(1)]}, rest) == [PART.format(key)]
    assert notes(typed(1), rest, typed(2), {**rest, key: None}) == []
    assert notes(typed(1), rest, typed(2)) == [], "the last page has no token"


def test_the_rest_of_an_answer_is_no_key_of_another_program():
    for rest, number in (({"NextToken": "x"}, 0), ({"NextToken": "x", "theme": "y"}, 2)):
        text = "\n".join(map(json.dumps, (typed(1), rest)))
        reader = EntryReader(io.BytesIO(text.encode()), LIMITS)
        assert (len(list(reader)), reader.ignored_keys) == (1, number)


def test_the_schema_and_deletions_are_said():
    assert notes(SCHEMA, typed()) == [
        "The file begins with the schema of a table, which was skipped."
    ]
    deletion = {"Metadata": {"WriteTimestampMicros": {"N": "1"}}, "Keys": KEYS}
    record = {"eventName": "REMOVE", "dynamodb": {"Keys": KEYS, "OldImage": typed()}}
    assert notes(CHANGE, deletion, deletion) == [
        "Deletions in it, which an import does not make: 2."
    ]
    assert notes({"Records": [RECORD]}) == []
    (batch,) = SHAPES["a batch to write"]
    assert notes({"a-table": batch["tenants"]}) == [
        "Deletions in it, which an import does not make: 1."
    ]
    assert notes(typed(), record) == ["Deletions in it, which an import does not make: 1."]


def test_notes_are_in_the_plan_the_job_and_its_report(harness):
    job = harness.plan(json.dumps({"Items": [typed()], "NextToken": "x"}).encode())
    stored = find_job(harness.store, job.id)
    assert job_summary(stored)["notes"] == [PART.format("NextToken")]


def test_the_key_where_a_scan_stopped_is_no_tenant(harness):
    key = typed(9)
    file = json.dumps({"Items": [typed()], "LastEvaluatedKey": key, "Key": key, "OldImage": key})
    assert [row.tenant_id for row in harness.rows(file.encode())] == [ID]
