"""`POST /api/mail/ses`: reports of Amazon SES, signed by SNS."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.mail import SnsMessages
from portal.mail.messages.message import OutgoingMail
from portal.records import DeliveryState
from portal.settings import Settings
from portal.stores.contract import Store
from portal.web.api.mail_reports import EXTENSION
from tests.conftest import Clock
from tests.mail.letters_and_facts import entries
from tests.mail.reports.sns_examples import TOPIC, Sns, body, bounce_report, sns_message
from tests.web.pages import SignUp
from tests.web.write_cases import send_mail

URL = "/api/mail/ses"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, mail_sns_topics=(TOPIC,))


@pytest.fixture
def sns(app: Flask) -> Sns:
    sns = Sns()
    app.extensions[EXTENSION] = SnsMessages([TOPIC], fetch=sns.fetch)
    return sns


@pytest.fixture
def post(client: FlaskClient, sns: Sns) -> Callable[[object], TestResponse]:
    del sns
    # As SNS calls it.
    return lambda fields: client.post(
        URL, data=body(fields), content_type="text/plain; charset=UTF-8"
    )


@pytest.fixture
def mail(app: Flask, pending: SignUp) -> OutgoingMail:
    """A mail that was sent."""
    del pending
    return send_mail(app)[0]


def test_a_bounce_marks_the_mail_once(post, mail, store: Store) -> None:
    report = sns_message(Message=bounce_report(mail.message_id))
    assert post(report).json == {"outcome": "noted"}
    (entry,) = entries(store)
    assert (entry.state, entry.reason) == (DeliveryState.CAME_BACK, "no_such_address 5.1.1")
    answer = post(report)
    assert (answer.status_code, answer.json) == (200, {"outcome": "repeated"})


def test_a_forged_report_marks_nothing(post, mail, store: Store) -> None:
    report = sns_message(signed=False, Message=bounce_report(mail.message_id))
    answer = post(report)
    assert (answer.status_code, answer.json["error"]) == (403, "forbidden")
    (entry,) = entries(store)
    assert entry.state is DeliveryState.SENT


def test_a_report_that_is_faster_than_the_outbox_comes_again(
    post, app: Flask, mail, clock: Clock
) -> None:
    unknown = mail.message_id.replace(mail.message_id[1:9], "00000000")
    report = sns_message(Message=bounce_report(unknown))
    answer = post(report)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    clock.advance(minutes=3)
    answer = post(report)
    assert (answer.status_code, answer.json) == (200, {"outcome": "unknown"})


def test_what_is_no_report_is_ignored(post) -> None:
    for text in ("{}", "Successfully validated SNS topic", "[]"):
        assert post(sns_message(Message=text)).json == {"outcome": "ignored"}


def test_a_subscription_is_confirmed(post, sns: Sns) -> None:
    assert post(sns_message("SubscriptionConfirmation")).json == {"outcome": "confirmed"}
    assert [url.partition("?")[0][:39] for url in sns.asked] == [
        "https://sns.eu-central-1.amazonaws.com/"
    ] * 2


def test_sns_that_cannot_be_asked_is_to_try_again(post, sns: Sns) -> None:
    sns.answers.append(OSError("no route"))
    assert post(sns_message()).status_code == 503
    assert post(sns_message()).status_code == 200


def test_without_a_topic_there_is_nothing(app: Flask, client: FlaskClient) -> None:
    app.extensions[EXTENSION] = SnsMessages([])
    answer = client.post(URL, data=body(sns_message()), content_type="text/plain")
    assert answer.status_code == 404
    assert client.get(URL).status_code == 405
