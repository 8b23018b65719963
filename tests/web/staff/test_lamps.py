"""The five lamps of a tenant: each says yes only where something says so."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import create_app, records
from portal.mail import DELIVERED, MailError, Notice, Problem, Retry
from portal.outbox import note_return
from portal.records import outbox_key
from portal.settings import Settings
from portal.stores.contract import Replace, Store
from portal.usage import watch_usage
from portal.web.http import Services
from tests.conftest import Clock
from tests.mail.letters_and_facts import entries
from tests.strict_client import StrictClient
from tests.web.factories import active_tenant, add_tenants
from tests.web.pages import SignUp, Staff, by_id, sent_in, sign_in, words
from tests.web.write_cases import send_mail

SignedIn = Callable[..., Staff]

ASK = "/api/validate?accountId=86810&companyId=104348"


def lamps(answer: TestResponse) -> dict[str, str]:
    """Label -> sign, word and text, of each lamp."""
    return dict(_lamps(answer))


def _lamps(answer: TestResponse) -> Iterator[tuple[str, str]]:
    for item in by_id(answer, "lamps").iter("li"):
        label = words(next(item.iter("strong")))
        sign, _, rest = words(item).partition(f" {label} ")
        yield label, f"{sign} {rest}"


def flush(app: Flask) -> None:
    services: Services = app.extensions["portal"]
    services.usage.flush()


def background(app: Flask, tenant_id: str, clock: Clock) -> None:
    services: Services = app.extensions["portal"]
    watch_usage(services.store, tenant_id, clock.now())


def test_a_sign_up_that_waits_has_proved_nothing_yet(pending: SignUp, viewer: Staff) -> None:
    assert lamps(viewer.page(pending.id)) == {
        "Decision": "○ Not yet",
        "Saved": "✓ Yes Version 1, in the file of the portal",
        "Mail to the customer": "○ On its way Request received.",
        "Status page": "○ Not yet Nobody has opened it since visits are noted.",
        "Application let in": "– None Only an active tenant is let in.",
    }


def test_a_decision_is_proved_step_by_step(
    app: Flask, client: FlaskClient, active: str, clock: Clock, signed_in: SignedIn
) -> None:
    anna = signed_in("Anna", "approver")
    found = lamps(anna.page(active))
    assert found["Decision"] == "✓ Yes Activated: Anna, 23 Nov 2026, 10:00 UTC"
    assert found["Saved"] == "✓ Yes Version 1, in the file of the portal"
    assert found["Mail to the customer"].startswith("○ On its way")
    assert found["Application let in"] == ("? Not known Nothing was noted of this tenant so far.")
    background(app, active, clock)
    assert lamps(anna.page(active))["Application let in"] == (
        "○ Not yet It could be let in since 23 Nov 2026."
    )
    client.get(ASK)
    clock.advance(days=2)
    client.get(ASK)
    flush(app)
    anna = signed_in("Anna", "approver")
    assert lamps(anna.page(active))["Application let in"] == (
        "✓ Yes First day 23 Nov 2026, last day 25 Nov 2026."
    )


def test_who_asks_after_the_end_is_refused(
    app: Flask, client: FlaskClient, active: str, clock: Clock, signed_in: SignedIn
) -> None:
    client.get(ASK)
    clock.advance(days=1)
    anna = signed_in("Anna", "approver")
    anna.decide(active, "suspend", reason="unpaid")
    client.get(ASK)
    flush(app)
    found = lamps(anna.page(active))
    assert found["Application let in"] == (
        "✗ Refused It asks and is refused: since 24 Nov 2026, last 24 Nov 2026."
        " First day 23 Nov 2026, last day 23 Nov 2026."
    )
    assert found["Decision"] == "✓ Yes Suspended: Anna, 24 Nov 2026, 10:00 UTC"


REFUSED = MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED, detail="550 5.1.1")
GIVEN_UP = MailError(retry=Retry.NEVER, problem=Problem.NO_ADDRESS, detail="")
LATER = MailError(retry=Retry.LATER, problem=Problem.NOT_NOW, detail="450 4.2.0")


@pytest.mark.parametrize(
    ("error", "starts"),
    [
        (None, "✓ Handed to the mail server Request received. 23 Nov 2026, 10:00 UTC. Nothing"),
        (REFUSED, "✗ Refused Request received. 23 Nov 2026, 10:00 UTC. The mail server refused"),
        (GIVEN_UP, "✗ Given up Request received. 23 Nov 2026, 10:00 UTC."),
        (LATER, "? Tried again Request received. The mail server does not take mail"),
    ],
)
def test_the_lamp_of_a_mail(
    app: Flask, pending: SignUp, viewer: Staff, error: MailError | None, starts: str
) -> None:
    send_mail(app, *([error] if error else []))
    assert lamps(viewer.page(pending.id))["Mail to the customer"].startswith(starts)


@pytest.mark.parametrize(
    ("reason", "starts"),
    [
        (DELIVERED, "✓ Delivered Request received. 23 Nov 2026, 10:00 UTC. The mail server of"),
        ("complaint", "✓ Delivered Request received. 23 Nov 2026, 10:00 UTC."),
        ("mailbox_full 4.2.2", "? Not arrived so far Request received."),
        ("no_such_address 5.1.1", "✗ Came back Request received. 23 Nov 2026, 10:00 UTC."),
    ],
)
def test_the_lamp_of_a_mail_of_which_something_was_heard(
    app: Flask, pending: SignUp, viewer: Staff, reason: str, starts: str
) -> None:
    send_mail(app)
    store = app.extensions["portal"].store
    (entry,) = entries(store)
    is_hard = reason.startswith("no_such")
    notice = Notice(id="1", key=outbox_key(entry.id), is_hard=is_hard, reason=reason)
    note_return(store, notice, entry.at)
    assert lamps(viewer.page(pending.id))["Mail to the customer"].startswith(starts)


def test_a_mail_that_went_into_a_file_reached_nobody(
    app: Flask, store: Store, pending: SignUp, viewer: Staff
) -> None:
    send_mail(app)
    (entry,) = entries(store)
    written = replace(entry, version=entry.version + 1, way="file")
    store.write([Replace(records.outbox_item(written), entry.version)])
    assert lamps(viewer.page(pending.id))["Mail to the customer"].startswith("? Sent to nobody")


def test_the_lamp_of_the_status_page(
    app: Flask, client: FlaskClient, pending: SignUp, anna: Staff, clock: Clock
) -> None:
    client.get(pending.url)
    flush(app)
    assert lamps(anna.page(pending.id))["Status page"] == (
        "✓ Opened First 23 Nov 2026, 10:00 UTC, last 23 Nov 2026, 10:00 UTC."
        " Programs that check mail open links, too."
    )
    clock.advance(minutes=1)
    anna.decide(pending.id, "reject", reason="duplicate")
    assert lamps(anna.page(pending.id))["Status page"] == (
        "○ Not since then Last opened 23 Nov 2026, 10:00 UTC, which was before the decision."
    )
    clock.advance(minutes=1)
    client.get(pending.url)
    flush(app)
    assert lamps(anna.page(pending.id))["Status page"].startswith("✓ Opened")


def test_a_tenant_that_came_in_without_a_sign_up_has_no_status_page(
    store: Store, viewer: Staff
) -> None:
    add_tenants(store, active_tenant(1, "Old GmbH", timedelta(days=90)))
    found = lamps(viewer.page("91_1"))
    assert found["Status page"] == "– None There is none, since no sign-up led to this tenant."
    assert found["Decision"] == "? Not known By the application before this portal."
    assert found["Mail to the customer"] == "– None No mail was written for this."


def test_nothing_is_claimed_if_nothing_is_noted(
    settings: Settings, store: Store, clock: Clock
) -> None:
    app = create_app(replace(settings, note_use=False), store=store, clock=clock.now)
    anna = staff_of(app, store, clock)
    add_tenants(store, active_tenant(1, "Old GmbH", timedelta(days=90)))
    sign_up = sent_in(app.test_client())
    background(app, "91_1", clock)
    off = "? Not known PORTAL_NOTE_USE is turned off, so nobody notes it."
    assert lamps(anna.page("91_1"))["Application let in"] == off
    assert lamps(anna.page(sign_up.id))["Status page"] == off


def test_of_a_table_that_others_read_the_lamp_never_says_no(
    settings: Settings, store: Store, clock: Clock
) -> None:
    table = replace(settings, store="dynamodb", kms_key_id="alias/portal")
    app = create_app(table, store=store, clock=clock.now)
    anna = staff_of(app, store, clock)
    add_tenants(store, active_tenant(1, "Old GmbH", timedelta(days=90)))
    background(app, "91_1", clock)
    found = lamps(anna.page("91_1"))
    assert found["Application let in"].startswith("? Not known It has not asked over HTTP since")
    assert found["Saved"] == "✓ Yes Version 1, in DynamoDB"


def test_the_lamps_are_in_german(app: Flask, client: FlaskClient, anna: Staff, active: str) -> None:
    client.get(ASK)
    flush(app)
    german = {"Accept-Language": "de"}
    found = lamps(anna.get(f"/staff/tenants/{active}", headers=german))
    assert found["Entscheidung"] == "✓ Ja Aktiviert: Anna, 23.11.2026, 10:00 Uhr (UTC)"
    assert found["Anwendung eingelassen"] == ("✓ Ja Erster Tag 23.11.2026, letzter Tag 23.11.2026.")
    assert found["Statusseite"].startswith("○ Noch nicht")


def test_tenants_that_share_a_company_id_do_not_share_lamps(
    app: Flask, client: FlaskClient, store: Store, anna: Staff, active: str
) -> None:
    add_tenants(store, active_tenant(1, "Old GmbH", timedelta(days=90)))
    client.get("/api/validate?accountId=91&companyId=1")
    flush(app)
    assert not lamps(anna.page(active))["Application let in"].startswith("✓")
    assert lamps(anna.page("91_1"))["Application let in"].startswith("✓")


def staff_of(app: Flask, store: Store, clock: Clock) -> Staff:
    app.testing = True
    app.test_client_class = StrictClient
    client = app.test_client()
    sign_in(client, store, clock.now(), role="approver", name="Anna")
    return Staff(client, "Anna")
