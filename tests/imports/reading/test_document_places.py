"""Every entry knows the place where it was stored: a document, an origin, or a dump in a list."""

import io
import json

import pytest

from portal.imports.model.places import Place
from portal.imports.reading.entry_reader import EntryReader
from portal.imports.streaming.decode import Limits
from tests.imports.files import LIMITS, dump, lines, storage_state, tenant

A, B = "https://app.example.com", "https://staging.example.com"


def places(file: bytes, limits: Limits = LIMITS) -> list[Place]:
    return [entry.place for entry in EntryReader(io.BytesIO(file), limits)]


@pytest.mark.parametrize(
    "file",
    [
        dump(tenant(1), tenant(2), theme="dark"),
        lines(tenant(1), tenant(2)),
        lines(tenant(1)) + b'{"accountId": \n',
        json.dumps([tenant(1), tenant(2)]).encode(),
        json.dumps({"tenants": [tenant(1), tenant(2)]}).encode(),
        json.dumps({"fsm_tenant_86810_1": tenant(1), "fsm_tenant_86810_2": tenant(2)}).encode(),
        json.dumps([["fsm_tenant_86810_1", "{}"], ["fsm_tenant_86810_2", "{}"]]).encode(),
        b'["fsm_tenant_86810_1", "{}"]\n["fsm_tenant_86810_2", "{}"]\n',
        b'["theme", "dark"]\n["fsm_tenant_86810_1", "{}"]\n["fsm_tenant_86810_2", "{}"]\n',
        b'["fsm_tenant_86810_1", "{}"]\n' + lines(tenant(2)),
        storage_state({A: [tenant(1), tenant(2)]}),
    ],
)
def test_a_file_of_one_browser_is_one_place_and_its_entries_share_it(file):
    first, second = places(file)
    assert first is second


@pytest.mark.parametrize("late", [False, True])
def test_each_origin_of_a_storage_state_is_a_place(late):
    file = storage_state({A: [tenant(1), tenant(2)], B: [tenant(3)]}, late=late)
    assert places(file) == [Place(origin=A, part=1), Place(origin=A, part=1),
                            Place(origin=B, part=1)]  # fmt: skip


def test_an_origin_that_is_named_too_late_is_a_place_without_a_name():
    long = Limits(size=LIMITS.size, entries=100, depth=32, value=1_000)
    file = storage_state({A: [tenant(1), tenant(2)], B: [tenant(3), tenant(4)]}, late=True)
    one, two, three, four = places(file, long)
    assert (one, three) == (Place(part=2), Place(part=3))
    assert (two, four) == (one, three)


@pytest.mark.parametrize("origin", [None, 1, "", "  ", [A]])
def test_origins_without_a_name_are_places_of_their_own(origin):
    unnamed = [
        {"origin": origin, "localStorage": [{"name": f"fsm_tenant_86810_{n}", "value": "{}"}]}
        for n in (1, 2)
    ]
    assert len(set(places(json.dumps({"origins": unnamed}).encode()))) == 2


@pytest.mark.parametrize(
    "file",
    [
        json.dumps([json.loads(dump(tenant(1))), json.loads(dump(tenant(2)))]).encode(),
        dump(tenant(1)) + b"\n" + dump(tenant(2)),
        storage_state({A: [tenant(1)]}) + storage_state({A: [tenant(2)]}),
        json.dumps([tenant(1)]).encode() + json.dumps([tenant(2)]).encode(),
        dump(tenant(1)) + b"\n" + lines(tenant(2)),
        lines(tenant(1)) + dump(tenant(2)),
        lines(tenant(1)) + json.dumps([tenant(2)]).encode(),
    ],
)
def test_what_people_joined_are_several_places(file):
    first, second = places(file)
    assert first != second


def test_all_lines_of_a_file_are_one_place_also_around_a_dump():
    file = lines(tenant(1)) + dump(tenant(2)) + b"\n" + lines(tenant(3), tenant(4))
    one, two, three, four = places(file)
    assert one is three is four
    assert two != one


# ---- Several storages in one document

TYPED = {name: {"S": f"{name}-1"} for name in ("accountId", "companyId")}
PLAIN = {"accountId": "86810", "companyId": "2"}
ONE, TWO = {"fsm_tenant_86810_1": "{}"}, {"fsm_tenant_86810_2": "{}"}
PUT = {"PutRequest": {"Item": TYPED}}


@pytest.mark.parametrize(
    "value",
    [
        {"localStorage": ONE, "storage": TWO},
        {"localStorage": json.dumps(ONE), "data": json.dumps(TWO)},
        {"value": json.dumps(list(ONE.items())), "result": json.dumps(list(TWO.items()))},
        {**ONE, "localStorage": TWO},
        [[PLAIN], [PLAIN]],
        [PLAIN, [PLAIN]],
        [[list(*ONE.items())], [list(*TWO.items())]],
        {"tenants": [PLAIN], "data": {"tenants": [PLAIN]}},
        {"result": {"localStorage": ONE}, "data": {"localStorage": TWO}},
        {"origin": A, "localStorage": ONE, "storage": TWO},
        {"origins": [{"origin": A, "localStorage": each} for each in (ONE, TWO)]},
        [{"localStorage": ONE, "origin": A}, {"localStorage": TWO, "origin": A}],
        {"Items": [TYPED], "tenants": [PLAIN]},
        {"Responses": {"prod-tenants": [TYPED], "staging-tenants": [TYPED]}},
        {"Responses": {"tenants": [TYPED], "items": [TYPED]}},
        {"RequestItems": {"prod-tenants": [PUT], "staging-tenants": [PUT]}},
        {"prod-tenants": [PUT], "staging-tenants": [PUT]},
        {"Items": [TYPED], "staging-tenants": [TYPED]},
    ],
)
def test_two_storages_or_tables_of_a_document_are_two_places(value):
    first, second = places(json.dumps(value).encode())
    assert first != second


@pytest.mark.parametrize(
    "value",
    [
        {"Items": [TYPED, PLAIN]},
        {"Items": [PLAIN, TYPED]},
        [TYPED, PLAIN],
        [{"Items": [TYPED]}, {"Items": [TYPED]}],
        {"Responses": {"prod-tenants": [TYPED, PLAIN | {"companyId": "3"}, TYPED]}},
        [list(*ONE.items()), list(*TWO.items())],
        json.dumps([list(*ONE.items()), list(*TWO.items())]),
        {"result": {"value": ONE | TWO}},
    ],
)
def test_one_list_or_one_table_is_one_place(value):
    first, second = places(json.dumps(value).encode())
    assert first == second


def test_parts_of_one_table_are_one_place_and_have_its_name():
    part = json.dumps({"Responses": {"prod-tenants": [TYPED]}}).encode()
    assert places(part + part) == [Place(table="prod-tenants")] * 2
    line = json.dumps({"Item": TYPED}).encode()
    assert places(line + b"\n" + line) == [Place(), Place()]


def test_an_origin_that_is_named_twice_is_two_places_of_that_name():
    twice = {"origins": [{"origin": A, "localStorage": each} for each in (ONE, TWO)]}
    assert places(json.dumps(twice).encode()) == [Place(A, part=1), Place(A, part=2)]


def test_a_long_pair_in_a_list_is_of_the_place_of_the_list():
    small = Limits(size=LIMITS.size, entries=100, depth=32, value=1_000)
    pairs = [[f"fsm_tenant_86810_{number}", "x" * 995] for number in range(3)]
    (place,) = set(places(json.dumps(pairs).encode(), small))
    assert place == Place(part=1)


@pytest.mark.parametrize("inner", [ONE, json.loads(dump(tenant(1), theme="dark"))])
@pytest.mark.parametrize("more", [1, 2])
def test_dumps_as_texts_in_a_list_are_read_and_each_is_a_place(inner, more):
    texts = [json.dumps(inner), *[json.dumps(TWO)] * more]
    reader = EntryReader(io.BytesIO(json.dumps(texts).encode()), LIMITS)
    entries = list(reader)
    assert [entry.key for entry in entries] == ["fsm_tenant_86810_1"] + list(TWO) * more
    assert len({entry.place for entry in entries}) == 1 + more
    assert reader.ignored_keys == len(inner) - 1
