"""What people call the place where an entry was stored."""

import pytest

from portal.imports.model import UNNAMED_PLACE, Place, place_name


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (UNNAMED_PLACE, ""),
        (Place(file="Default/Local Storage/leveldb", part=2), ""),
        (Place(origin="https://app.example.com"), "https://app.example.com"),
        (Place(table="prod-tenants", part=2), "prod-tenants"),
        (
            Place(
                origin="https://app.example.com",
                storage_key="https://app.example.com/^0https://fsm.cloud.sap",
                top_site="https://fsm.cloud.sap",
            ),
            "https://app.example.com/^0https://fsm.cloud.sap",
        ),
        (
            Place(origin="https://app.example.com", top_site="https://fsm.cloud.sap"),
            "https://app.example.com in a frame of https://fsm.cloud.sap",
        ),
        (
            Place(origin="https://app.example.com", container="2"),
            "https://app.example.com in the container 2",
        ),
    ],
)
def test_a_place_is_called_what_the_browser_calls_it(place: Place, name: str) -> None:
    assert place_name(place) == name


def test_a_name_is_one_line_that_no_terminal_obeys() -> None:
    name = place_name(Place(origin=" https://a.example\n\x1b[2J\ud800\u202e "))
    assert name == "https://a.example\\n\\x1b[2J\\ud800\\u202e…197444ef6757"


def test_two_names_that_look_alike_stay_two() -> None:
    names = {place_name(Place(origin=origin)) for origin in ("a\nb", "a\\nb", "a\nb ", " a")}
    assert len(names) == 4


def test_two_long_names_that_begin_alike_stay_two() -> None:
    names = {place_name(Place(origin=f"https://{'a' * 5_000}{end}")) for end in "bc"}
    assert len(names) == 2
    assert {len(name) for name in names} == {200}
