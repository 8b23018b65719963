"""The page of the security log: what admins read there, and for how long."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.auth import (
    SECURITY_EVENTS,
    Scope,
    create_api_token,
    disable_person,
    make_sign_in_link,
    revoke_api_token,
)
from portal.stores import GSI2, Store
from tests.conftest import Clock
from tests.web.pages import Staff, everything, heading, links, page_words, sent_in, tree, words

PAGE = "/staff/security"


def rows(admin: Staff, url: str = PAGE) -> list[list[str]]:
    """The texts of the cells, from top to bottom, without the labels of narrow screens."""
    return [
        [words(cell).removeprefix(label) for cell, label in zip(row, LABELS, strict=True)]
        for row in tree(admin.get(url)).findall(".//tbody/tr")
    ]


LABELS = ("", "Who ", "What ", "Details ", "From ")


def test_admins_read_who_did_what_and_from_where(
    admin: Staff, store: Store, clock: Clock, viewer: Staff
) -> None:
    clock.advance(seconds=1)
    viewer.client.get("/staff/imports/", environ_overrides={"REMOTE_ADDR": "203.0.113.7"})
    clock.advance(seconds=1)
    token = create_api_token(
        store, name="nightly", scopes=[Scope.IMPORTS_WRITE], life=timedelta(days=1), now=clock.now()
    )
    kid = token.partition(".")[0]
    clock.advance(seconds=1)
    revoke_api_token(store, kid, clock.now())
    clock.advance(seconds=1)
    someone = {"email": "vera@staff.example.com", "name": "Vera"}
    make_sign_in_link(store, **someone, role="approver", now=clock.now())
    clock.advance(seconds=1)
    disable_person(store, email="vera@staff.example.com", now=clock.now())
    vera = "Vera (vera@staff.example.com)"
    found = rows(admin)
    assert found[0] == [
        "23 Nov 2026, 10:00:05 UTC", "An operator", "Access ended", vera, "Command",
    ]  # fmt: skip
    assert sorted(found[1:3]) == [
        ["23 Nov 2026, 10:00:04 UTC", "An operator", "Role changed",
         f"{vera}, Viewer → Approver", "Command"],
        ["23 Nov 2026, 10:00:04 UTC", "An operator", "Sign-in link made",
         f"{vera}, Approver", "Command"],
    ]  # fmt: skip
    assert found[3:6] == [
        ["23 Nov 2026, 10:00:03 UTC", "An operator", "API token revoked",
         f"nightly ({kid})", "Command"],
        ["23 Nov 2026, 10:00:02 UTC", "An operator", "API token created",
         f"nightly ({kid})", "Command"],
        ["23 Nov 2026, 10:00:01 UTC", "Vera", "Refused: role",
         "GET /staff/imports/", "203.0.113.7"],
    ]  # fmt: skip
    assert ["23 Nov 2026, 10:00:00 UTC", "Ada", "Signed in", "", "127.0.0.1"] in found[6:]


def test_s03_who_is_refused_often_is_there_once_an_hour(admin: Staff, viewer: Staff) -> None:
    for _ in range(5):
        assert viewer.get(PAGE).status_code == 403
    assert [row[3] for row in rows(admin) if row[2] == "Refused: role"] == ["GET /staff/security"]


def test_a_sign_out_is_there(admin: Staff, anna: Staff) -> None:
    anna.client.post("/staff/sign-out", data={"csrf_token": anna.token()})
    assert ["23 Nov 2026, 10:00:00 UTC", "Anna", "Signed out", "", "127.0.0.1"] in rows(admin)


def test_in_german_and_for_whom_nothing_is_told(admin: Staff) -> None:
    page = admin.get(PAGE, headers={"Accept-Language": "de"})
    assert heading(page) == "Sicherheitsprotokoll"
    assert "Jeder Eintrag bleibt 90 Tage lang gespeichert." in page_words(page)
    assert "Angemeldet" in page_words(page)


def test_pages_of_fifty_the_newest_first(admin: Staff, store: Store, clock: Clock) -> None:
    for number in range(60):
        clock.advance(seconds=1)
        email = f"p{number}@staff.example.com"
        make_sign_in_link(store, email=email, name="P", role="viewer", now=clock.now())
    first = rows(admin)
    next_url = links(admin.get(PAGE))["Next page"]
    second = rows(admin, next_url)
    assert len(first) == 50
    assert "p59@" in first[0][3]
    assert "p9@" in second[0][3]
    assert len(second) == 10 + 2
    assert links(admin.get(next_url))["First page"] == PAGE
    assert rows(admin, f"{PAGE}?after=forged") == first


def test_events_older_than_the_setting_are_not_shown(
    admin: Staff, clock: Clock, signed_in: Callable[..., Staff]
) -> None:
    assert len(rows(admin)) == 2
    clock.advance(days=90)
    later = signed_in("Ada", "admin")
    assert len(rows(later)) == 4
    clock.advance(milliseconds=1)
    assert len(rows(later)) == 2


def test_only_admins_are_led_there(admin: Staff, anna: Staff) -> None:
    assert links(admin.get("/staff/"))["Security"] == PAGE
    assert "Security" not in links(anna.get("/staff/"))


# ---- Strangers


def test_strangers_fill_neither_the_store_nor_the_log(
    client: FlaskClient, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="portal.security")
    for number in range(60):
        assert client.get(f"/staff/sign-in/{number:032}").status_code == 404
        bearer = {"Authorization": f"Bearer {number:012}.{'A' * 43}"}
        assert client.post("/api/imports", data=b"{}", headers=bearer).status_code == 401
    assert everything(store) == {}
    events = [record.__dict__["fields"]["event"] for record in caplog.records]
    assert events.count("link_refused") == events.count("token_refused") == 20
    assert {record.__dict__["fields"]["address"] for record in caplog.records} == {"127.0.0.1"}
    assert "0000059" not in caplog.text


@pytest.mark.parametrize(
    "address", ["", "no address", "1.2.3.4\nx", "203.0.113.7, evil", "2001:db8::0007"]
)
def test_an_address_that_is_none_is_not_taken_over(
    client: FlaskClient, store: Store, clock: Clock, address: str
) -> None:
    someone = {"email": "ada@staff.example.com", "name": "Ada", "role": "admin"}
    url = f"/staff/sign-in/{make_sign_in_link(store, now=clock.now(), **someone)}"
    form = {"csrf_token": tree(client.get(url)).findall(".//input")[0].get("value", "")}
    client.post(url, data=form, environ_overrides={"REMOTE_ADDR": address})
    cells = {row[2]: row[4] for row in rows(Staff(client, "Ada"))}
    assert cells["Signed in"] == ("2001:db8::7" if ":" in address else "")


def test_addresses_stand_in_no_event_of_a_tenant(
    client: FlaskClient, anna: Staff, store: Store
) -> None:
    done = sent_in(client)
    url = f"/staff/tenants/{done.id}/reject"
    form = anna.form(done.id, "reject") | {"reason": "other"}
    anna.client.post(url, data=form, environ_overrides={"REMOTE_ADDR": "203.0.113.7"})
    assert "203.0.113.7" not in repr(everything(store))
    assert store.query(GSI2, SECURITY_EVENTS).items
