"""`portal staff-link` and `portal staff-disable`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.auth import (
    NotSignedInError,
    Person,
    Role,
    check_sign_in_link,
    id_of_address,
    people_page,
)
from portal.stores import Replace, Store
from tests.cli.portal_command import run


def person_of_link(link: str, store: Store) -> Person:
    return check_sign_in_link(store, link.rpartition("/")[2], datetime.now(UTC))


def test_a_staff_link_is_alone_on_the_last_line_and_signs_its_person_in(
    folder: Path, store: Store
) -> None:
    arguments = ("staff-link", "anna@example.com", "--role", "approver", "--name", "Anna")
    result = run(folder, *arguments, PORTAL_BASE_URL="https://portal.example.com")
    assert result.exit_code == 0
    link = result.stdout.splitlines()[-1]
    assert link.startswith("https://portal.example.com/staff/sign-in/")
    person = person_of_link(link, store)
    assert (person.email, person.name, person.role) == (
        "anna@example.com",
        "Anna",
        Role.APPROVER,
    )


def test_the_link_works_as_long_as_the_command_says(folder: Path, store: Store) -> None:
    result = run(folder, "staff-link", "anna@example.com", "--role", "viewer")
    token = result.stdout.splitlines()[-1].rpartition("/")[2]
    assert "within 15 minutes" in result.stdout
    too_late = datetime.now(UTC) + timedelta(minutes=15, seconds=1)
    with pytest.raises(NotSignedInError):
        check_sign_in_link(store, token, too_late)


def test_without_a_name_the_person_is_called_by_the_address(folder: Path, store: Store) -> None:
    result = run(folder, "staff-link", "anna@example.com", "--role", "viewer")
    assert person_of_link(result.stdout.splitlines()[-1], store).name == "anna"


def test_no_earlier_link_signs_a_disabled_person_in(folder: Path, store: Store) -> None:
    link = run(folder, "staff-link", "anna@example.com", "--role", "admin").stdout.splitlines()[-1]
    result = run(folder, "staff-disable", "anna@example.com")
    assert result.exit_code == 0
    assert "anna@example.com is signed out" in result.stdout
    with pytest.raises(NotSignedInError):
        person_of_link(link, store)


def test_only_a_person_with_access_can_be_disabled(folder: Path) -> None:
    result = run(folder, "staff-disable", "nobody@example.com")
    assert result.exit_code == 1
    assert "Nobody with the address nobody@example.com" in result.stderr


def test_the_list_names_everybody_and_puts_them_on_the_page(folder: Path, store: Store) -> None:
    run(folder, "staff-link", "zoe@example.com", "--role", "admin")
    run(folder, "staff-link", "anna@example.com", "--role", "viewer")
    run(folder, "staff-disable", "anna@example.com")
    id_ = id_of_address(store, "zoe@example.com")
    item = store.get(id_)
    version = int(item["version"])
    # As an earlier version stored her.
    old = {name: value for name, value in item.items() if not name.startswith("gsi")}
    store.write([Replace({**old, "version": version + 1}, version)])
    assert [each.person.email for each in people_page(store).people] == ["anna@example.com"]
    result = run(folder, "staff-list")
    assert result.stdout.splitlines() == [
        "anna@example.com: viewer, may not sign in",
        "zoe@example.com: admin, may sign in",
    ]
    listed = people_page(store).people
    assert [each.person.email for each in listed] == ["anna@example.com", "zoe@example.com"]
