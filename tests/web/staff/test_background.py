"""What runs in the background, for admins: mail that waits or was given up, and the daily round."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import records
from portal.mail import MailError, Problem, Retry
from portal.outbox import Daily
from portal.stores import GSI4, KEY
from portal.stores.contract import Replace, Store
from tests.conftest import Clock
from tests.web.pages import Staff, facts, page_words, sent_in, tree, words
from tests.web.write_cases import send_mail

PAGE = "/staff/background"


@pytest.fixture
def store(each_store: Store) -> Store:
    return each_store


def rows(answer: TestResponse) -> list[str]:
    return [words(row) for row in tree(answer).findall(".//tbody/tr")]


def test_at_first_nothing_waits(admin: Staff) -> None:
    page = admin.get(PAGE)
    assert facts(page) == {
        "Mails that wait": "0",
        "The next one is due": "Nothing waits",
        "Mails that were given up or came back": "0",
        "Last daily round": "There was none yet",
        # The admin may decide.
        "Addresses that get the digest": "1",
    }
    assert rows(page) == []
    assert "A digest leaves at most once a day" in page_words(page)


def test_who_gets_no_digest_is_told_that_there_is_no_round(
    admin: Staff, anna: Staff, viewer: Staff, app: Flask
) -> None:
    assert facts(admin.get(PAGE))["Addresses that get the digest"] == "2"
    services = app.extensions["portal"]
    app.extensions["portal"] = replace(
        services, settings=replace(services.settings, mail_approvers=False)
    )
    page = admin.get(PAGE)
    assert facts(page)["Addresses that get the digest"] == "0"
    assert "No setting asks for reminders, so there is no daily round." in page_words(page)


def test_mail_that_waits_and_for_how_long(admin: Staff, client: FlaskClient, clock: Clock) -> None:
    sent_in(client)
    page = admin.get(PAGE)
    assert facts(page)["Mails that wait"] == "1"
    assert facts(page)["The next one is due"] == "23 Nov 2026, 10:00 UTC"
    assert "Mail has waited for longer" not in page_words(page)
    clock.advance(minutes=16)
    assert "Mail has waited for longer than 15 minutes." in page_words(admin.get(PAGE))


def test_mail_that_was_given_up_and_why(admin: Staff, client: FlaskClient, app: Flask) -> None:
    sent_in(client)
    send_mail(app, MailError(retry=Retry.NEVER, problem=Problem.ADDRESS_REFUSED))
    page = admin.get(PAGE)
    assert facts(page)["Mails that were given up or came back"] == "1"
    (row,) = rows(page)
    assert row.startswith("23 Nov 2026, 10:00 UTC What Request received Why ")


def test_what_cannot_be_read_is_set_aside_and_counted(
    admin: Staff, client: FlaskClient, app: Flask, store: Store
) -> None:
    sent_in(client)
    (row,) = store.query(GSI4, records.OUTBOX_DUE).items
    item = store.get(str(row[KEY]))
    store.write([Replace({**item, "status": "lost"}, int(item["version"]))])
    assert send_mail(app) == []
    found = facts(admin.get(PAGE))
    assert found["Messages that cannot be read and are set aside"] == "1"
    assert found["Mails that wait"] == "0"


def test_when_the_last_daily_round_was(
    admin: Staff, store: Store, clock: Clock, app: Flask
) -> None:
    services = app.extensions["portal"]
    chosen = replace(services.settings, mail_staff=("boss@staff.example.com",))
    app.extensions["portal"] = replace(services, settings=chosen)
    daily = Daily(
        store=store, clock=clock.now, zone=chosen.time_zone, promised_days=2,
        staff=chosen.mail_staff,
    )  # fmt: skip
    assert daily.run_if_due()
    page = admin.get(PAGE)
    assert facts(page)["Last daily round"] == "23 Nov 2026, 10:00 UTC"
    assert "No setting asks for reminders" not in page_words(page)
