"""What programs wrap around the storage of a browser is opened, up to four levels; what is not
opened is said, with its place. Only the prefix of a key says whose record it is."""

import io
import json

import pytest

from portal.imports.model.errors import RefusedFileError
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.reading.formats import FileFormat
from portal.imports.streaming.decode import Limits
from tests.imports.files import LIMITS, dump, lines, tenant
from tests.imports.reading.test_formats import SlowPipe

KEY = "fsm_tenant_86810_1"
TEXT = json.dumps(tenant(1, contactFullName="Jörg 🛠 Weiß"))
STORAGE = {"theme": "dark", KEY: TEXT}
PAIRS = [list(pair) for pair in STORAGE.items()]
ROWS = [{"name": key, "value": value} for key, value in STORAGE.items()]
ORIGIN = "https://app.example"
SHAPES = {
    "CDP": {"entries": PAIRS},
    "Cypress": {ORIGIN: STORAGE},
    "origins": [{"origin": ORIGIN, "localStorage": ROWS}],
    "origins, as objects": [{"origin": ORIGIN, "localStorage": STORAGE}],
    "one origin": {"origin": ORIGIN, "localStorage": ROWS},
    "a storage state": {"cookies": [], "origins": [{"origin": ORIGIN, "localStorage": ROWS}]},
    "localStorage": {"localStorage": STORAGE},
    "localStorage as a text": {"localStorage": json.dumps(STORAGE)},
    "WebDriver": {"value": STORAGE},
    "WebDriver, a text": {"value": json.dumps(STORAGE)},
    "result": {"id": 1, "result": {"type": "string", "value": json.dumps(STORAGE)}},
    "result, pairs": {"result": PAIRS},
    "a text": json.dumps(STORAGE),
    "a text in a text": json.dumps(json.dumps(STORAGE)),
    "a list of dumps": [STORAGE],
    "pairs": PAIRS,
    "rows": ROWS,
    "a list in a list": [PAIRS],
}
#: Shapes that name the origin.
NAMED = {"Cypress", "origins", "origins, as objects", "one origin", "a storage state"}


def read(file: bytes, limits: Limits = LIMITS) -> EntryReader:
    """A reader that has read the file."""
    reader = EntryReader(io.BytesIO(file), limits)
    assert [entry.key for entry in reader] == [KEY]
    return reader


def refusal(file: bytes) -> str:
    with pytest.raises(RefusedFileError) as refused:
        list(EntryReader(io.BytesIO(file), LIMITS))
    assert (refused.value.message, refused.value.status) == (
        "The file is not a portal export.",
        422,
    )
    return str(refused.value.found)


def wrapped(value: object, *keys: str) -> bytes:
    for key in reversed(keys):
        value = {key: value}
    return json.dumps(value).encode()


@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
@pytest.mark.parametrize("name", SHAPES)
def test_the_tenant_is_found_with_its_origin(harness, name, opened):
    file = json.dumps(SHAPES[name]).encode()
    reader = EntryReader(opened(file), LIMITS)
    (entry,) = reader
    assert (entry.key, entry.place.origin) == (KEY, ORIGIN if name in NAMED else "")
    # The keys of the envelope are none of other programs: only `theme` is.
    assert (reader.ignored_keys, reader.notes) == (1, [])
    (row,) = harness.rows(file)
    assert (row.kind, row.tenant_id, row.values["contactFullName"]) == (
        "new", "86810_1", "Jörg 🛠 Weiß",
    )  # fmt: skip


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
@pytest.mark.parametrize("name", SHAPES)
def test_it_is_found_in_four_more_envelopes(name, levels):
    shape = SHAPES[name]
    keys = ("result", "data", "value", "result")[:levels]
    if isinstance(shape, str) and name == "a text in a text":
        shape = json.dumps(STORAGE)
    reader = read(wrapped(shape, *keys))
    assert reader.ignored_keys == 1


def test_what_is_nested_deeper_is_named_and_not_read():
    keys = ("result",) * 7
    assert refusal(wrapped(STORAGE, *keys)).startswith(
        f"Keys that start with fsm_tenant_ were found deeper, under {'.'.join(keys)}, and were not"
        " read. Save that part as a file of its own, and import it."
    )


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"backup": {"old": STORAGE}}, "backup.old"),
        ({"backups": [{"of": {"staging": PAIRS}}]}, "backups.of.staging"),
        ({"persist": json.dumps(STORAGE), "x": {"log": json.dumps(STORAGE)}}, "x.log"),
        ([{"name": "localStorage", "value": STORAGE}], "localStorage"),
        ([{"id": 1, "saved": STORAGE}], "saved"),
        ({"rows": [{"id": 1, "saved": STORAGE}]}, "rows.saved"),
    ],
)
def test_what_stands_under_another_key_is_named_and_not_read(value, place):
    assert f"were found deeper, under {place}, and" in refusal(json.dumps(value).encode())


def test_what_is_not_read_beside_tenants_is_a_note():
    reader = read(json.dumps({**STORAGE, "backup": {"of": STORAGE}}).encode())
    (note,) = reader.notes
    assert "were found deeper, under backup.of, and were not read." in note
    assert reader.ignored_keys == 2


def test_a_refusal_claims_no_more_than_was_looked_at():
    assert refusal(b'{"a": "b"}').startswith(
        "It contains no tenants and no keys that start with fsm_tenant_."
    )
    # The texts of other programs are not opened.
    assert refusal(json.dumps({"persist": json.dumps(STORAGE)}).encode()).startswith(
        "No tenants were found where they are read. The text fsm_tenant_ occurs in it,"
    )


TYPED = {name: {"S": "1"} for name in ("accountId", "companyId", "contactFullName")}


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"tenantsBackup": [tenant(1), tenant(2)]}, "tenantsBackup"),
        ({"backup": {"items2": [tenant(1), tenant(2)]}}, "backup.items2"),
        ({"a": {"b": [{"c": tenant(1)}]}}, "a.b.c"),
        ({"backup": {"old": {"Items": [TYPED]}}}, "backup.old.Items"),
        ([{"id": 1, "saved": [tenant(1)]}], "saved"),
    ],
)
def test_tenants_without_a_key_are_named_where_they_are_not_read(value, place):
    assert refusal(json.dumps(value).encode()).startswith(
        f"What looks like tenants was found deeper, under {place}, and was not read."
    )


def test_tenants_without_a_key_beside_others_are_a_note():
    reader = EntryReader(
        io.BytesIO(json.dumps({"Items": [TYPED], "foo": [tenant(1)]}).encode()), LIMITS
    )
    assert len(list(reader)) == 1
    (note,) = reader.notes
    assert note.startswith("What looks like tenants was found deeper, under foo, and was not read.")


def test_the_key_of_an_item_is_no_tenant():
    ids = {"accountId": {"S": "1"}, "companyId": {"S": "2"}}
    reader = EntryReader(io.BytesIO(json.dumps({"Items": [TYPED], "keys": ids}).encode()), LIMITS)
    assert (len(list(reader)), reader.notes) == (1, [])


def test_a_refusal_does_not_deny_tenants_of_other_programs():
    for value in (["other", tenant(1)], {"persist": json.dumps([tenant(1)])}):
        assert refusal(json.dumps(value).encode() + b"\n").startswith(
            "It contains no tenants where they are read. The text accountId occurs in it,"
        )


@pytest.mark.parametrize("first", [10, 64_000, 65_530, 65_536])
def test_the_prefix_is_seen_wherever_the_file_is_read_in_pieces(first):
    file = json.dumps({"a": "x" * first, "b": json.dumps(STORAGE)}).encode()
    assert "The text fsm_tenant_ occurs in it" in refusal(file)


# ---- Other programs


def test_pairs_on_lines_count_by_their_keys(harness):
    other = [["theme", "dark"], ["other_tenant_1", tenant(7)], ["accounts", [tenant(8)]]]
    file = "".join(json.dumps(pair) + "\n" for pair in (*other, [KEY, TEXT]))
    reader = read(file.encode())
    assert (reader.format, reader.ignored_keys) == (FileFormat.LINES, 3)
    assert [row.tenant_id for row in harness.rows(file.encode())] == ["86810_1"]


@pytest.mark.parametrize("space", ["", " ", "\n" * 100])
def test_another_programs_pairs_are_refused(space):
    for pair in (["other", tenant(1)], ["other", json.dumps(tenant(1))]):
        text = json.dumps(pair).replace("[", f"[{space}", 1)
        assert refusal(f"{text}\n{text}\n".encode()).startswith("It contains no tenants")


def test_two_tenants_as_texts_are_no_pair(harness):
    file = json.dumps([json.dumps(tenant(1)), json.dumps(tenant(2))]).encode()
    assert harness.kinds(file) == ["new", "new"]


def test_a_broken_line_after_pairs_is_one_row(harness):
    file = json.dumps([KEY, TEXT]) + '\n["fsm_tenant_86810_2", \n' + json.dumps(tenant(3)) + "\n"
    assert harness.kinds(file.encode()) == ["new", "invalid", "new"]


@pytest.mark.parametrize("text", ["{not json", '{"a":1,"a":2}', "[" * 5000, '[{"accountId": "9"}]'])
def test_a_text_of_another_program_under_such_a_key_stays_its_own(harness, text):
    for name in ("value", "result", "data", "localStorage"):
        file = json.dumps({name: text, **STORAGE}).encode()
        assert harness.kinds(file) == ["new"]


def test_a_tenant_without_a_key_is_read_only_where_a_list_of_them_may_be():
    for key in ("result", "Items", "tenants"):
        reader = EntryReader(io.BytesIO(wrapped([tenant(1)], key)), LIMITS)
        assert [entry.value for entry in reader] == [tenant(1)]
    assert refusal(wrapped([tenant(1)], "customers")).startswith(
        "What looks like tenants was found deeper, under customers, and was not read."
    )


@pytest.mark.parametrize(
    "value",
    [
        {"rows": [[1, "a"]]},
        {"rows": [{"id": 1}, {"id": 2}]},
        {"rows": [{"kind": "pdf", "key": "x"}]},
        {"rows": [{"id": 1, "kind": "new"}]},
        {"rows": [{"id": 1, "kind": "invalid", "key": "x", "line": 1}]},
        {"rows": [{"row": 1, "kind": "new", "values": {"a": 1}}]},
        {"rows": [{"row": 1, "kind": "conflict", "values": [1]}]},
        {"rows": []},
        {"origins": ["https://app.example"]},
        {"origins": [{"origin": ORIGIN}]},
        {"entries": [[1, 2]], "tenants": {}},
    ],
)
def test_valid_json_of_another_shape_is_no_export_and_no_report(value):
    assert refusal(json.dumps(value).encode()).startswith(
        "It contains no tenants and no keys that start with fsm_tenant_."
    )


# ---- Places and positions


def test_each_origin_has_its_own_place():
    states = [
        {"localStorage": ROWS, "origin": "https://a.example"},
        {"origin": "https://b.example", "localStorage": {KEY: TEXT}},
        {"localStorage": {KEY: TEXT}},
    ]
    entries = list(EntryReader(io.BytesIO(json.dumps(states).encode()), LIMITS))
    assert [entry.place.origin for entry in entries] == [
        "https://a.example", "https://b.example", "",
    ]  # fmt: skip
    assert len({entry.place for entry in entries}) == 3


def test_entries_of_an_origin_that_comes_too_late_have_one_place_without_a_name():
    small = Limits(size=10**6, entries=10_000, depth=32, value=10_000)
    storage = {f"fsm_tenant_1_{n}": "{}" for n in range(2_000)}
    first = json.dumps([{"origin": ORIGIN, "localStorage": storage}]).encode()
    assert {e.place.origin for e in EntryReader(io.BytesIO(first), small)} == {ORIGIN}
    late = json.dumps([{"localStorage": storage, "origin": ORIGIN}]).encode()
    (place,) = {e.place for e in EntryReader(io.BytesIO(late), small)}
    assert place.origin == ""


def test_an_entry_in_a_text_has_the_position_of_the_text():
    file = b'\n\n  {"value": ' + json.dumps(json.dumps(STORAGE, indent=2)).encode() + b"}"
    (entry,) = EntryReader(io.BytesIO(file), LIMITS)
    assert (entry.line, entry.column) == (3, 13)


@pytest.mark.parametrize("opened", [io.BytesIO, SlowPipe])
def test_a_text_may_be_longer_than_a_value(opened):
    small = Limits(size=10**6, entries=10_000, depth=32, value=10_000)
    storage = {f"fsm_tenant_1_{n}": f'"{n} \\ \n 🛠'[: n % 9] for n in range(3_000)}
    text = json.dumps(json.dumps(storage))
    assert len(text) > 9 * small.value
    for file in (text, f'{{"value": {text}}}'):
        entries = list(EntryReader(opened(file.encode()), small))
        assert {entry.key: entry.value for entry in entries} == storage


@pytest.mark.parametrize("end", range(1, 400, 7))
def test_a_text_that_is_cut_off_anywhere_is_refused(end):
    with pytest.raises(RefusedFileError, match="Not valid JSON"):
        list(EntryReader(io.BytesIO(json.dumps(json.dumps(STORAGE)).encode()[:end]), LIMITS))


def test_a_limit_is_enforced_inside_of_envelopes():
    many = {f"k{n}": "" for n in range(10_001)}
    for value in ({"result": many}, {"value": json.dumps(many)}, [[{"value": many}]]):
        with pytest.raises(RefusedFileError) as refused:
            list(EntryReader(io.BytesIO(json.dumps(value).encode()), LIMITS))
        assert refused.value.message == "The file has more than 10,000 entries."


def test_a_file_of_several_shapes_is_read(harness):
    file = json.dumps({"result": {KEY: TEXT}}).encode() + b"\n" + dump(tenant(2)) + lines(tenant(3))
    assert harness.kinds(file) == ["new", "new", "new"]
