"""`POST /api/imports?origin=…`: a program chooses the places whose tenants are imported."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from portal.stores.contract import Store
from tests.imports.files import dump, storage_state
from tests.web.import_bodies import tenant
from tests.web.pages import everything, tenants_in

APP, FRAME = "https://app.example.com", "https://app.example.com/^0https://fsm.cloud.sap"
OLD, NEW = "2025-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"
STATE = storage_state({
    APP: [tenant(1), tenant(2)], FRAME: [tenant(1, updatedAt=NEW, contactFullName="Mia Meyer")],
})  # fmt: skip
PLACES = [
    {"place": APP, "entries": 2, "lastChange": OLD},
    {"place": FRAME, "entries": 1, "lastChange": NEW},
]


def query(*origins: str, dry_run: bool = False) -> str:
    sent = [f"origin={quote(each, safe='')}" for each in origins]
    return "?" + "&".join([*sent, *(["dryRun=true"] if dry_run else [])])


@pytest.mark.parametrize("dry_run", [False, True])
def test_without_a_choice_the_places_are_answered_and_nothing_is_written(
    send: Callable[..., TestResponse], store: Store, dry_run: bool
) -> None:
    before = everything(store).keys()
    answer = send(STATE, query(dry_run=dry_run))
    assert answer.status_code == 422
    assert answer.get_json() == {
        "error": "choose_places",
        "message": "There are tenants of 2 places, which may have nothing to do with each other."
        " Choose the places to import. Send the file again with the parameter origin, once for"
        " each place.",
        "places": PLACES,
    }
    assert tenants_in(store) == {}
    assert everything(store).keys() - before == set()


def test_a_plain_origin_chooses_only_its_own_storage(
    send: Callable[..., TestResponse], store: Store
) -> None:
    report = send(STATE, query(APP)).get_json()
    assert [(row["kind"], row["place"]) for row in report["rows"]] == [("new", APP), ("new", APP)]
    assert report["places"] == PLACES[:1]
    assert tenants_in(store)["86810_1"]["contactFullName"] == "Max Meyer"


def test_several_places_are_merged_if_each_is_sent(
    send: Callable[..., TestResponse], store: Store
) -> None:
    planned = send(STATE, query(FRAME, APP, dry_run=True)).get_json()
    report = send(STATE, query(FRAME, APP)).get_json()
    for each in (planned, report):
        assert [(row["kind"], row["place"]) for row in each["rows"]] == [
            ("duplicate", APP), ("new", APP), ("new", FRAME),
        ]  # fmt: skip
        assert each["places"] == PLACES
    assert tenants_in(store)["86810_1"]["contactFullName"] == "Mia Meyer"


@pytest.mark.parametrize("name", ["", "https://app", f"{APP}/", "part 1"])
def test_an_unknown_place_is_refused_with_the_list(
    send: Callable[..., TestResponse], store: Store, name: str
) -> None:
    answer = send(STATE, query(APP, name))
    assert (answer.status_code, answer.get_json()["error"]) == (422, "choose_places")
    assert f"with this name: {name}. Choose" in answer.get_json()["message"]
    assert answer.get_json()["places"] == PLACES
    assert tenants_in(store) == {}


def test_a_file_of_one_place_needs_no_choice(send: Callable[..., TestResponse]) -> None:
    report = send(dump(tenant(1))).get_json()
    assert "places" not in report
    assert "place" not in report["rows"][0]
    assert send(dump(tenant(1)), query("part 1")).get_json()["counts"]["same"] == 1
