"""The list of staff, for admins: invite, change a role, end an access or a session."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app
from portal.auth import (
    SECURITY_EVENTS,
    Account,
    NoAccessError,
    Role,
    SecurityEvent,
    id_of_address,
    make_sign_in_link,
    security_event_of,
    start_account_session,
)
from portal.settings import Settings
from portal.stores import GSI2, Replace
from portal.stores.contract import Store
from portal.web.staff.accounts.devices import device_of
from tests.conftest import Clock
from tests.mail.letters_and_facts import read
from tests.strict_client import StrictClient
from tests.web.pages import (
    Staff,
    everything,
    form_of,
    forms,
    heading,
    outcome,
    page_words,
    sign_in,
    summary,
    tree,
    words,
)
from tests.web.write_cases import send_mail

PAGE = "/staff/people"
VERA = {"email": "vera@staff.example.com", "name": "Vera New", "role": "viewer"}
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def rows(answer: TestResponse) -> list[str]:
    return [words(row) for row in tree(answer).findall(".//tbody/tr")]


def url_of(store: Store, name: str) -> str:
    return f"{PAGE}/{id_of_address(store, f'{name.lower()}@staff.example.com')}"


def invite(admin: Staff, **typed: str) -> TestResponse:
    return admin.client.post(PAGE, data=form_of(admin.get(PAGE), PAGE) | VERA | typed)


def press(admin: Staff, url: str, verb: str, **typed: str) -> TestResponse:
    """Opens the page of a person, and presses one button there."""
    action = f"{url}/{verb}"
    answer = admin.client.post(action, data=form_of(admin.get(url), action) | typed)
    return admin.get(answer.location) if answer.status_code == 303 else answer


def events(store: Store, by: str = "Ada") -> list[SecurityEvent]:
    """What an admin did, the newest last."""
    found = [security_event_of(item) for item in store.query(GSI2, SECURITY_EVENTS).items]
    return [event for event in found if event.source.by == by and event.act != "signed_in"]


def is_signed_in(person: Staff) -> bool:
    return person.get("/staff/").status_code == 200


# ---- Invite


def test_who_is_invited_gets_a_mail_with_a_link_and_stands_on_the_list(
    admin: Staff, app: Flask, store: Store, new_client: Callable[[], FlaskClient]
) -> None:
    answer = invite(admin)
    assert answer.status_code == 303
    page = admin.get(answer.location)
    assert outcome(page).startswith("Vera New is on the list, and gets a mail with a link")
    assert rows(page) == [
        "Ada ada@staff.example.com Role Administrator Access May sign in Signs in With links",
        "Vera New vera@staff.example.com Role Viewer Access May sign in Signs in With links",
    ]
    (mail,) = [read(each) for each in send_mail(app)]
    assert mail.message["To"] == VERA["email"]
    (link,) = re.findall(r"8000(/staff/sign-in/\w{32})$", mail.text(), re.MULTILINE)
    vera = new_client()
    assert vera.post(link, data=form_of(vera.get(link), link)).status_code == 303
    assert "Vera New Viewer" in page_words(vera.get("/staff/"))
    (event,) = events(store)
    assert (event.act, event.role) == ("invited", "viewer")
    assert event.about == "Vera New (vera@staff.example.com)"


def test_an_invitation_that_is_sent_twice_is_one(admin: Staff, app: Flask) -> None:
    form = form_of(admin.get(PAGE), PAGE) | VERA
    assert admin.client.post(PAGE, data=form).status_code == 303
    again = admin.client.post(PAGE, data=form | {"role": "admin"})
    assert again.status_code == 409
    assert summary(again) == [
        ("", "Somebody with this address is on the list already. Change the role there.")
    ]
    assert len(send_mail(app)) == 1
    assert "Vera New vera@staff.example.com Role Viewer" in " ".join(rows(admin.get(PAGE)))


def test_without_mail_the_page_names_the_command(
    settings: Settings, store: Store, clock: Clock
) -> None:
    app = create_app(replace(settings, sign_in_mail=False), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    sign_in(client, store, clock.now(), role="admin", name="Ada")
    page = client.get(invite(Staff(client, "Ada")).location)
    assert outcome(page) == (
        "Vera New is on the list. Make a link to sign in with the command “portal staff-link”."
    )
    assert send_mail(app) == []


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"email": "vera"}, "email"), ({"name": " "}, "name"), ({"role": ""}, "role"),
     ({"role": "owner"}, "role"), ({"name": "a" * 201}, "name")],
)  # fmt: skip
def test_what_cannot_be_used_is_said_and_kept(
    admin: Staff, store: Store, typed: dict[str, str], field: str
) -> None:
    before = everything(store)
    answer = invite(admin, **typed)
    assert answer.status_code == 422
    assert [id_ for id_, _text in summary(answer)] == [field]
    kept = form_of(answer, PAGE)
    assert kept["email"] == typed.get("email", VERA["email"])
    assert everything(store) == before


# ---- Roles and access


def test_another_role_signs_out_everywhere_and_is_written_down(
    admin: Staff, anna: Staff, store: Store
) -> None:
    page = press(admin, url_of(store, "Anna"), "role", role="viewer")
    assert outcome(page) == (
        "Anna has another role now. The sessions of the earlier one have ended."
    )
    assert not is_signed_in(anna)
    (event,) = events(store)
    assert (event.act, event.earlier_role, event.role) == ("role_changed", "approver", "viewer")


def test_the_same_role_again_changes_nothing(admin: Staff, anna: Staff, store: Store) -> None:
    before = everything(store)
    press(admin, url_of(store, "Anna"), "role", role="approver")
    assert is_signed_in(anna)
    assert everything(store) == before


def test_an_access_ends_everywhere_at_once_and_comes_back_without_its_sessions(
    admin: Staff, anna: Staff, store: Store, clock: Clock, new_client: Callable[[], FlaskClient]
) -> None:
    url = url_of(store, "Anna")
    unused = make_sign_in_link(
        store, email="anna@staff.example.com", name="Anna", role="approver", now=clock.now()
    )
    form = form_of(admin.get(url), f"{url}/end")
    page = press(admin, url, "end")
    assert outcome(page) == "Anna is signed out everywhere and may not sign in any more."
    assert "May not sign in" in page_words(page)
    assert not is_signed_in(anna)
    assert new_client().get(f"/staff/sign-in/{unused}").status_code == 404
    # The same form once more.
    admin.client.post(f"{url}/end", data=form)
    assert outcome(press(admin, url, "give")) == "Anna may sign in again."
    assert not is_signed_in(anna)
    again = new_client()
    sign_in(again, store, clock.now(), role="approver", name="Anna")
    assert again.get("/staff/").status_code == 200
    assert sorted(str(event.act) for event in events(store)) == ["access_ended", "access_given"]


def test_nobody_changes_their_own_role_or_access(admin: Staff, store: Store) -> None:
    url = url_of(store, "Ada")
    page = admin.get(url)
    sentence = "You cannot change your own role or access. Ask another administrator."
    assert sentence in page_words(page)
    assert {f"{url}/role", f"{url}/end"} & forms(page).keys() == set()
    before = everything(store)
    token = {"csrf_token": admin.token()}
    for verb, typed in (("role", {"role": "viewer"}), ("end", {})):
        answer = admin.client.post(f"{url}/{verb}", data=token | typed)
        assert answer.status_code == 409
        assert summary(answer) == [("", sentence)]
    assert everything(store) == before


def test_the_provider_gives_the_role_of_its_people(
    admin: Staff, store: Store, clock: Clock
) -> None:
    account = Account(
        issuer="https://login.example.com", subject="1", email="paul@staff.example.com",
        name="Paul", role=Role.APPROVER,
    )  # fmt: skip
    start_account_session(store, account, clock.now())
    url = f"{PAGE}/{account.person_id}"
    page = admin.get(url)
    assert "The organization of this person gives the role. Change it there." in page_words(page)
    assert f"{url}/role" not in forms(page)
    token = {"csrf_token": admin.token()}
    answer = admin.client.post(f"{url}/role", data=token | {"role": "admin"})
    assert answer.status_code == 409
    # Once the provider gives none any more, only the provider gives one back.
    with pytest.raises(NoAccessError):
        start_account_session(store, replace(account, role=None), clock.now())
    page = admin.get(url)
    assert "Has no role at the organization any more" in page_words(page)
    assert f"{url}/give" not in forms(page)
    # And an administrator ends it for good.
    assert "May not sign in" in page_words(press(admin, url, "end"))


@pytest.mark.parametrize("path", ["staff-" + "0" * 32, "staff-x", "tenant", "..%2f"])
def test_s11_an_unknown_person_is_not_found(admin: Staff, path: str) -> None:
    answer = admin.get(f"{PAGE}/{path}")
    assert answer.status_code == 404


# ---- Sessions


def test_sessions_say_with_what_and_when_and_one_can_be_ended(
    admin: Staff, anna: Staff, store: Store, clock: Clock, new_client: Callable[[], FlaskClient]
) -> None:
    clock.advance(minutes=10)
    other = new_client()
    token = make_sign_in_link(
        store, email="anna@staff.example.com", name="Anna", role="approver", now=clock.now()
    )
    link = f"/staff/sign-in/{token}"
    agent = {"User-Agent": FIREFOX}
    other.post(link, data=form_of(other.get(link), link), headers=agent)
    clock.advance(minutes=5)
    page = admin.get(url_of(store, "Anna"))
    newest, oldest = rows(page)
    assert newest.startswith("Firefox · Windows Signed in 23 Nov 2026, 10:10 UTC Last seen")
    assert "Unknown device Signed in 23 Nov 2026, 10:00 UTC" in oldest
    action = next(each for each in forms(page) if "/sessions/" in each)
    form = form_of(page, action)
    done = admin.get(admin.client.post(action, data=form).location)
    assert outcome(done) == "The session has ended."
    assert len(rows(done)) == 1
    assert other.get("/staff/").status_code == 303
    assert is_signed_in(anna)
    # It has ended already.
    before = everything(store)
    assert admin.client.post(action, data=form).status_code == 303
    assert everything(store) == before
    (event,) = events(store)
    assert (event.act, event.about) == ("session_ended", "Anna (anna@staff.example.com)")


def test_ones_own_session_has_a_mark_and_can_be_ended(admin: Staff, store: Store) -> None:
    page = admin.get(url_of(store, "Ada"))
    (row,) = rows(page)
    assert "This is the session in which you see this page." in row
    (action,) = [each for each in forms(page) if "/sessions/" in each]
    admin.client.post(action, data=form_of(page, action))
    assert not is_signed_in(admin)


def test_a_session_of_somebody_else_is_not_ended_by_another_address(
    admin: Staff, anna: Staff, ben: Staff, store: Store
) -> None:
    page = admin.get(url_of(store, "Anna"))
    (action,) = [each for each in forms(page) if "/sessions/" in each]
    session = action.split("/")[-2]
    form = form_of(page, action)
    admin.client.post(f"{url_of(store, 'Ben')}/sessions/{session}/end", data=form)
    assert is_signed_in(anna)
    assert is_signed_in(ben)


def test_sessions_that_are_over_are_not_shown(
    admin: Staff, anna: Staff, store: Store, clock: Clock
) -> None:
    for _ in range(4):
        clock.advance(minutes=10)
        admin.get("/staff/")
    page = admin.get(url_of(store, "Anna"))
    assert "There is no session at the moment." in page_words(page)


# ---- The list


def test_the_list_has_pages(admin: Staff, store: Store, clock: Clock) -> None:
    for n in range(30):
        make_sign_in_link(
            store, email=f"p{n:02}@staff.example.com", name=f"P{n}", role="viewer", now=clock.now()
        )
    first = admin.get(PAGE)
    assert len(rows(first)) == 25
    (target,) = [
        each.get("href", "") for each in tree(first).iter("a") if words(each) == "Next page"
    ]
    assert len(rows(admin.get(target))) == 6


def test_whom_an_earlier_version_stored_is_on_the_list_after_a_sign_in(
    admin: Staff, store: Store, clock: Clock, signed_in: Callable[..., Staff]
) -> None:
    signed_in("Olga", "viewer")
    item = store.get(id_of_address(store, "olga@staff.example.com"))
    old = {name: value for name, value in item.items() if not name.startswith("gsi")}
    version = int(old["version"])
    store.write([Replace({**old, "version": version + 1}, version)])
    assert "Olga" not in page_words(admin.get(PAGE))
    signed_in("Olga", "viewer")
    assert "Olga" in page_words(admin.get(PAGE))


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
         "Chrome · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
         "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
         "Safari · iPhone"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_device_is_named_by_known_words_only(agent: str, device: str) -> None:
    assert device_of(agent) == device


def test_the_heading_is_the_name(admin: Staff, anna: Staff, store: Store) -> None:
    assert heading(admin.get(url_of(store, "Anna"))) == "Anna"
