"""Staff have the credentials of a form tried at the cluster, before they save anything."""

import dataclasses
import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal import create_app
from portal.fsm import CallError, HttpsCaller
from portal.fsm.https_call import MAX_CALLS
from portal.onboarding.credential_tries import TRIES_PER_HOUR
from portal.settings import Settings
from portal.stores.contract import Store
from tests.conftest import Clock
from tests.fsm_cluster import (
    CLIENT_ID,
    CLIENT_SECRET,
    TOKEN,
    V1,
    V2,
    Cluster,
    Reply,
    json_reply,
    running_cluster,
)
from tests.strict_client import StrictClient
from tests.web.pages import (
    IDS,
    SignUp,
    Staff,
    by_id,
    error_beside,
    everything,
    form_of,
    ids,
    outcome,
    page_words,
    tenants_in,
    tree,
    words,
)

TYPED = {**IDS, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
ALL_YES = [
    "✓ The secret is right Yes",
    "✓ The client is of this account Yes",
    "✓ The client is of this company Yes",
]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running_cluster(tmp_path) as running:
        yield running


@pytest.fixture
def settings(settings: Settings, cluster: Cluster) -> Settings:
    return dataclasses.replace(settings, fsm=cluster.setting())


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def attempt(
    staff: Staff, tenant_id: str, verb: str = "activate", *, htmx: bool = False, **typed: str
) -> TestResponse:
    form = staff.form(tenant_id, verb) | TYPED | typed
    if verb == "client":
        form = {name: text for name, text in form.items() if name not in IDS}
    answer = staff.send(tenant_id, f"{verb}/try", form, htmx=htmx)
    for hidden in (CLIENT_SECRET, typed.get("client_secret") or CLIENT_SECRET, TOKEN):
        assert hidden not in answer.text
    return answer


def lines(answer: TestResponse, id_: str = "") -> list[str]:
    """Headline, the four answers, and who tried: of an answer to htmx, or inside of the element
    with this id."""
    figure, *others = (by_id(answer, id_) if id_ else tree(answer)).iter("figure")
    # The answer to htmx has that of the card as well.
    assert len(others) <= (not id_)
    caption = figure.find("figcaption")
    assert caption is not None
    return [words(caption), *(words(each) for each in figure.iter("li"))]


def changed(before: dict, after: dict) -> set[str]:
    """The kinds of the items that were written."""
    return {id_.partition("-")[0] for id_ in {*before, *after} if before.get(id_) != after.get(id_)}


@pytest.mark.parametrize("htmx", [False, True])
def test_everything_is_right_and_only_that_is_stored(
    *, pending: SignUp, anna: Staff, store: Store, cluster: Cluster, htmx: bool
) -> None:
    cluster.reply = json_reply(V1)
    before, tenants = everything(store), tenants_in(store)
    answer = attempt(anna, pending.id, htmx=htmx, account_name="Typed just now")
    assert answer.status_code == 200
    assert ("<html" in answer.text) is not htmx
    expected = ["The secret works, and everything fits.", *ALL_YES,
                "✓ The account is on this cluster Yes"]  # fmt: skip
    assert lines(answer, "" if htmx else "tried-activate") == expected
    (asked,) = cluster.asked
    assert asked.credentials == (CLIENT_ID, CLIENT_SECRET)
    after = everything(store)
    assert changed(before, after) == {"limit", "usage"}
    # No version is raised, so no decision collides with it.
    assert tenants_in(store) == tenants
    for hidden in (CLIENT_SECRET, TOKEN):
        assert hidden not in json.dumps(after, default=str)
    page = anna.page(pending.id)
    assert lines(page, "tried") == expected
    text = words(by_id(page, "tried"))
    assert "Tried by Anna, 23 Nov 2026" in text
    assert f"Client id {CLIENT_ID}, account and company 86810 / 104348, cluster eu" in text


def test_the_card_of_the_latest_try_comes_with_the_answer(
    pending: SignUp, anna: Staff, ben: Staff, cluster: Cluster, clock: Clock
) -> None:
    # It has a place before the first try, so that it can be swapped.
    assert words(by_id(anna.page(pending.id), "latest-try")) == ""
    for secret in ("another-one", CLIENT_SECRET):
        answer = attempt(anna, pending.id, htmx=True, client_secret=secret)
        (swapped,) = [each for each in tree(answer).iter() if each.get("hx-swap-oob")]
        assert swapped.get("hx-swap-oob") == "innerHTML:#latest-try"
        assert lines(answer, "tried") == lines(answer) == lines(anna.page(pending.id), "tried")
        assert lines(answer)[0].startswith("The secret works") is (secret == CLIENT_SECRET)
    # It shows the newest one, whoever tried.
    clock.advance(minutes=1)
    attempt(ben, pending.id, htmx=True, company_id="999")
    clock.advance(minutes=-1)
    answer = attempt(anna, pending.id, htmx=True)
    assert lines(answer)[0] == "The secret works, and everything fits."
    assert lines(answer, "tried")[0].endswith("not all of the rest fits. Check the ids.")
    assert "Tried by Ben" in words(by_id(answer, "tried"))


def test_what_was_typed_comes_back_but_for_the_secret(
    pending: SignUp, anna: Staff, cluster: Cluster
) -> None:
    answer = attempt(
        anna, pending.id, account_name="Typed just now", valid_to="unfinished", text="A begun note"
    )
    assert answer.status_code == 200
    form = form_of(answer, f"/staff/tenants/{pending.id}/activate")
    kept = {"account_name": "Typed just now", "valid_to": "unfinished", **IDS}
    assert {name: form[name] for name in kept} == kept
    assert (form["client_id"], form["client_secret"]) == (CLIENT_ID, "")
    assert form["text"].strip() == "A begun note"
    assert "Type it again" in words(by_id(answer, "activate-client_secret-note"))
    assert len(cluster.asked) == 1
    # The same form activates then.
    valid_to = anna.form(pending.id, "activate")["valid_to"]
    sent = form | {"client_secret": CLIENT_SECRET, "valid_to": valid_to, "text": ""}
    assert anna.send(pending.id, "activate", sent).status_code == 303
    # The outcome is still there, on the page of the tenant that it has become.
    assert "The secret works" in words(by_id(anna.page("86810_104348"), "tried"))


def test_the_secret_is_wrong(pending: SignUp, anna: Staff) -> None:
    answer = attempt(anna, pending.id, htmx=True, client_secret="another-one")
    assert answer.status_code == 200
    assert lines(answer) == [
        "The cluster refuses these credentials. Check the client id and the secret.",
        "✗ The secret is right No",
        "? The client is of this account Not known",
        "? The client is of this company Not known",
        "? The account is on this cluster Not known",
    ]


def test_the_company_is_another(pending: SignUp, anna: Staff) -> None:
    answer = attempt(anna, pending.id, htmx=True, company_id="999")
    assert lines(answer)[:1] + lines(answer)[3:4] == [
        "The secret works, but not all of the rest fits. Check the ids.",
        "✗ The client is of this company No",
    ]


def test_version_2_proves_the_secret_alone(pending: SignUp, anna: Staff, cluster: Cluster) -> None:
    cluster.reply = json_reply(V2)
    assert lines(attempt(anna, pending.id, htmx=True)) == [
        "The secret works. The ids are not proved.",
        "✓ The secret is right Yes",
        "? The client is of this account Not known",
        "? The client is of this company Not known",
        "? The account is on this cluster Not known",
    ]


def test_ids_that_are_not_known_yet_hinder_nobody(pending: SignUp, anna: Staff) -> None:
    answer = attempt(anna, pending.id, htmx=True, company_id=" ")
    assert lines(answer)[0] == "The secret works. Not everything else is proved."
    answer = attempt(anna, pending.id, htmx=True, account_id="", company_id=" ")
    assert [line[-9:] for line in lines(answer)[2:4]] == ["Not known", "Not known"]


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(200, b"<html></html>", {"Content-Type": "text/html"}), "does not understand"),
        (Reply(302, b"", {"Location": "https://localhost/"}), "sends to another address"),
        (Reply(200, b"x" * 200_000), "far too large"),
        (Reply(502, b""), "a problem of its own"),
    ],
)
def test_an_answer_that_proves_nothing(
    pending: SignUp, anna: Staff, cluster: Cluster, reply: Reply, says: str
) -> None:
    cluster.reply, cluster.to_all = reply, True
    answer = attempt(anna, pending.id, htmx=True)
    assert answer.status_code == 200
    headline, *answers = lines(answer)
    assert headline.startswith("Nothing is proved. ")
    assert says in headline
    assert [each[0] for each in answers] == ["?"] * 4


def test_while_many_are_being_tried_nothing_is_sent_and_what_was_shown_stays(
    pending: SignUp, anna: Staff, app: Flask, cluster: Cluster
) -> None:
    attempt(anna, pending.id, htmx=True)
    shown = lines(anna.page(pending.id), "tried")
    caller: HttpsCaller = app.extensions["portal"].fsm
    found = caller.clusters.of_label("eu")
    assert found is not None
    cluster.asked.clear()
    cluster.reply, cluster.to_all = Reply(raw=b""), True
    ended = threading.Event()

    def hang() -> None:
        with pytest.raises(CallError):
            caller.call(found, "GET", "/", seconds=2)

    threads = [threading.Thread(target=hang) for _ in range(MAX_CALLS)]
    for thread in threads:
        thread.start()
    while len(cluster.asked) < MAX_CALLS:
        ended.wait(0.005)
    answer = attempt(anna, pending.id, htmx=True)
    assert lines(answer)[0] == (
        "Nothing is proved. Too many credentials are being tried just now. Try again in a few"
        " seconds."
    )
    assert lines(answer, "tried") == shown
    for thread in threads:
        thread.join()
    assert len(cluster.asked) == MAX_CALLS
    assert lines(anna.page(pending.id), "tried") == shown


def test_the_client_of_a_tenant_is_tried_with_its_ids(
    active: str, anna: Staff, cluster: Cluster, store: Store
) -> None:
    tenants = tenants_in(store)
    answer = attempt(anna, active, "client")
    assert answer.status_code == 200
    assert lines(answer, "tried-client")[1:4] == ALL_YES
    assert form_of(answer, f"/staff/tenants/{active}/client")["client_id"] == CLIENT_ID
    assert tenants_in(store) == tenants
    cluster.reply = json_reply(V1 | {"account_id": 1})
    assert "✗ The client is of this account No" in lines(attempt(anna, active, "client"), "tried")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"client_id": " "}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"cluster": ""}, "cluster"),
        ({"account_id": "not an id"}, "account_id"),
    ],
)
def test_what_is_missing_is_asked_for(
    pending: SignUp, anna: Staff, cluster: Cluster, typed: dict[str, str], field: str
) -> None:
    form = anna.form(pending.id, "activate") | TYPED | typed
    answer = anna.send(pending.id, "activate/try", form)
    assert answer.status_code == 422
    assert CLIENT_SECRET not in answer.text
    assert answer.headers["HX-Retarget"] == "#tenant"
    assert error_beside(answer, f"activate-{field}")
    assert cluster.asked == []


def test_a_cluster_that_the_portal_does_not_know(
    pending: SignUp, anna: Staff, cluster: Cluster, store: Store
) -> None:
    before = everything(store)
    answer = attempt(anna, pending.id, cluster="xx")
    assert answer.status_code == 422
    assert "The portal does not know the cluster xx. Nothing was sent." in page_words(answer)
    assert cluster.asked == []
    assert everything(store) == before


def test_ten_an_hour_for_each_tenant(
    active: str, anna: Staff, ben: Staff, cluster: Cluster, clock: Clock
) -> None:
    for number in range(TRIES_PER_HOUR):
        staff = anna if number % 2 else ben
        assert attempt(staff, active, "client", htmx=True).status_code == 200
    answer = attempt(ben, active, "client")
    assert answer.status_code == 429
    assert outcome(answer) == "The credentials of this customer were tried ten times in this hour."
    assert "Try again after 23 Nov 2026, 11:00" in page_words(answer)
    assert len(cluster.asked) == TRIES_PER_HOUR
    # The session goes on while somebody works.
    for _ in range(2):
        clock.advance(minutes=30)
        ben.page(active)
    assert attempt(ben, active, "client", htmx=True).status_code == 200


def test_a_colleague_was_faster(pending: SignUp, anna: Staff, ben: Staff, cluster: Cluster) -> None:
    form = anna.form(pending.id, "activate") | TYPED
    ben.decide(pending.id, "contact", name="Jane Roe")
    answer = anna.send(pending.id, "activate/try", form)
    assert answer.status_code == 409
    assert "Ben changed the contact" in outcome(answer)
    assert CLIENT_SECRET not in answer.text
    assert cluster.asked == []


def test_an_expired_form_comes_back(pending: SignUp, anna: Staff, cluster: Cluster) -> None:
    answer = attempt(anna, pending.id, csrf_token="expired", account_name="Typed just now")
    assert answer.status_code == 400
    form = form_of(answer, f"/staff/tenants/{pending.id}/activate")
    assert form["account_name"] == "Typed just now"
    assert cluster.asked == []


def test_only_whoever_may_activate_may_try(
    pending: SignUp, anna: Staff, viewer: Staff, cluster: Cluster
) -> None:
    form = anna.form(pending.id, "activate") | TYPED | {"csrf_token": viewer.token()}
    assert viewer.send(pending.id, "activate/try", form).status_code == 403
    assert "Try these credentials" not in viewer.page(pending.id).text
    assert viewer.get(f"/staff/tenants/{pending.id}/activate/try").status_code == 405
    assert cluster.asked == []


def test_the_button_stands_in_both_forms(pending: SignUp, anna: Staff) -> None:
    shown = {"activate": anna.page(pending.id)}
    anna.decide(pending.id, "activate", **IDS)
    shown["client"] = anna.page("86810_104348")
    for verb, page in shown.items():
        (form,) = [each for each in tree(page).iter("form") if each.get("id") == f"form-{verb}"]
        saves, tries = form.iter("button")
        # Enter presses the first one.
        assert saves.get("formaction") is None
        assert tries.get("formaction") == f"{form.get('action')}/try"
        assert tries.get("hx-post") == tries.get("formaction")
        assert words(tries) == "Try these credentials"
        # static/tried.js watches these fields, and no other name is among them.
        watched = by_id(page, f"tried-{verb}").get("data-tried")
        assert set((watched or "").split()) == {"client_id", "client_secret", *IDS}


def test_it_can_be_turned_off(
    *, settings: Settings, store: Store, clock: Clock, cluster: Cluster, pending: SignUp,
    anna: Staff,
) -> None:  # fmt: skip
    fsm = dataclasses.replace(settings.fsm, try_credentials=False)
    app = create_app(dataclasses.replace(settings, fsm=fsm), store=store, clock=clock.now)
    app.test_client_class = StrictClient
    client = app.test_client()
    cookie = anna.client.get_cookie("portal")
    assert cookie is not None
    client.set_cookie("portal", cookie.value)
    staff = Staff(client, "Anna")
    page = staff.page(pending.id)
    assert "Try these credentials" not in page.text
    form = form_of(page, f"/staff/tenants/{pending.id}/activate") | TYPED
    assert staff.send(pending.id, "activate/try", form).status_code == 404
    assert cluster.asked == []


def test_the_log_has_neither_secret_nor_token(
    pending: SignUp, anna: Staff, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    attempt(anna, pending.id, htmx=True)
    cluster.reply, cluster.to_all = Reply(raw=b"no HTTP\r\n"), True
    attempt(anna, pending.id, htmx=True)
    for hidden in (CLIENT_SECRET, TOKEN, cluster.asked[0].headers["Authorization"].split()[1]):
        assert hidden not in caplog.text


def test_it_goes_with_what_was_noted_of_the_tenant(pending: SignUp, anna: Staff) -> None:
    assert "tried" not in ids(anna.page(pending.id))
    attempt(anna, pending.id, htmx=True)
    assert "tried" in ids(anna.page(pending.id))


def test_in_german(pending: SignUp, anna: Staff) -> None:
    anna.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    assert lines(attempt(anna, pending.id, htmx=True)) == [
        "Das Secret stimmt, und alles passt zusammen.",
        "✓ Das Secret stimmt Ja",
        "✓ Der Client gehört zu diesem Konto Ja",
        "✓ Der Client gehört zu dieser Firma Ja",
        "✓ Das Konto liegt auf diesem Cluster Ja",
    ]
