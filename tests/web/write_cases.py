"""Each change that staff can make, for tests that are the same for all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient

from portal.auth.people import person_id
from portal.mail import MailError
from portal.mail.messages.message import OutgoingMail
from portal.outbox import HELD_FOR, Delivery
from portal.web.http import Services
from tests.mail.letters_and_facts import Kept, post_to
from tests.web.pages import IDS, TYPED, Staff, form_of, sent_in, undo_of

FINAL_ID = f"{IDS['account_id']}_{IDS['company_id']}"

#: Makes the tenant of a case, with the browser of a customer and of a colleague. Returns its id.
REOPENED = (
    "The sign-up of Example GmbH is back in the queue. The customer gets a mail that you look at it"
    " again."
)

Prepare = Callable[[FlaskClient, Staff], str]


def make_pending(customer: FlaskClient, colleague: Staff) -> str:
    del colleague
    return sent_in(customer).id


def make_set_aside(customer: FlaskClient, colleague: Staff) -> str:
    del colleague
    return sent_in(customer, website="https://robot.example").id


def make_active(customer: FlaskClient, colleague: Staff) -> str:
    return _decide(colleague, make_pending(customer, colleague), "activate", IDS)


def make_suspended(customer: FlaskClient, colleague: Staff) -> str:
    return _decide(colleague, make_active(customer, colleague), "suspend", {"reason": "unpaid"})


def make_rejected(customer: FlaskClient, colleague: Staff) -> str:
    return _decide(colleague, make_pending(customer, colleague), "reject", {"reason": "other"})


def make_sent_mail(customer: FlaskClient, colleague: Staff) -> str:
    """A sign-up whose customer got a mail."""
    tenant_id = make_pending(customer, colleague)
    send_mail(customer.application)
    return tenant_id


def send_mail(app: Flask, *errors: MailError) -> list[OutgoingMail]:
    """Sends what is due in the portal of this application. `errors`: of the first attempts."""
    services: Services = app.extensions["portal"]
    way = Kept(*errors)
    delivery = Delivery(
        store=services.store,
        post=post_to(services.settings, way),
        # A decision holds its mail, so that it can be undone.
        clock=lambda: services.clock() + HELD_FOR,
    )
    delivery.send_due()
    return way.mails


def make_second_sign_up(customer: FlaskClient, colleague: Staff) -> str:
    """A sign-up for ids that an active tenant already has."""
    make_active(customer, colleague)
    return make_pending(customer, colleague)


def _decide(colleague: Staff, tenant_id: str, verb: str, typed: Mapping[str, str]) -> str:
    answer = colleague.decide(tenant_id, verb, **typed)
    assert answer.status_code == 303, answer.text
    return answer.location.partition("?")[0].rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Write:
    """One change.

    typed: goes into the form.
    said: the confirmation on the page.
    event: the verb in the history.
    ends_as: the id of the tenant afterwards, if it differs.
    overtaken_by, overtaken_with: what a colleague does first, and types.
    said_of_colleague: the conflict that the page shows then.
    """

    verb: str
    #: Where another one has the same address.
    name: str = ""
    prepare: Prepare
    said: str
    event: str
    typed: Mapping[str, str] = field(default_factory=dict)
    ends_as: str = ""
    overtaken_by: str = "contact"
    overtaken_with: Mapping[str, str] = field(default_factory=lambda: {"name": "John Doe"})
    said_of_colleague: str = "Ben changed the contact 2 minutes ago."

    def form(self, person: Staff, tenant_id: str) -> dict[str, str]:
        """What the person's browser sends if the page is opened now."""
        return {**person.form(tenant_id, self.verb), **self.typed}

    def subject(self, tenant_id: str) -> str:
        """The id that the tenant has afterwards."""
        return self.ends_as or tenant_id


class Renew(Write):
    """The page offers its form when an activation finds that the account has a tenant."""

    def form(self, person: Staff, tenant_id: str) -> dict[str, str]:
        page = person.decide(tenant_id, "activate", **IDS)
        assert page.status_code == 409
        return {**form_of(page, f"/staff/tenants/{tenant_id}/renew"), **self.typed}


class UndoRenew(Renew):
    """The confirmation of a renewal offers its button to the person who made it."""

    def form(self, person: Staff, tenant_id: str) -> dict[str, str]:
        renewed = person.send(tenant_id, "renew", super().form(person, tenant_id))
        assert renewed.status_code == 303, renewed.text
        page = person.get(renewed.location)
        return undo_of(page, f"/staff/tenants/{tenant_id}/{self.verb}")


_DAYS = {"valid_from": "2026-11-23", "valid_to": "2027-12-31"}

OLD_AND_NEW = "The licence of Example GmbH now ends on 31 December 2027, before: 22 November 2027."

WRITES = {
    write.name or write.verb: write
    for write in (
        Write(
            verb="activate",
            prepare=make_pending,
            typed=IDS | _DAYS | {"client_id": "fsm-client", "client_secret": "s3cret"},
            said="Example GmbH is active.",
            event="activate",
            ends_as=FINAL_ID,
        ),
        Renew(
            verb="renew",
            prepare=make_second_sign_up,
            typed=_DAYS,
            said="The sign-up of Example GmbH is closed. Its status page now shows the access of"
            f" Example GmbH ({FINAL_ID}). {OLD_AND_NEW}",
            event="set_validity",
            ends_as=FINAL_ID,
        ),
        Write(
            verb="reject",
            prepare=make_pending,
            typed={"reason": "not_a_customer", "message": "Please call us."},
            said="The sign-up of Example GmbH is rejected.",
            event="reject",
        ),
        Write(
            verb="question",
            prepare=make_pending,
            typed={"text": "Which company is it?", "correct_company": "1"},
            said="The customer of Example GmbH is asked.",
            event="question",
        ),
        Write(
            verb="reopen",
            prepare=make_rejected,
            said=REOPENED,
            event="reopen",
            overtaken_by="reopen",
            overtaken_with={},
            said_of_colleague="Ben reopened this 2 minutes ago.",
        ),
        Write(
            verb="release",
            prepare=make_set_aside,
            said="The sign-up of Example GmbH is now in the queue.",
            event="release",
        ),
        Write(
            verb="suspend",
            prepare=make_active,
            typed={"reason": "unpaid"},
            said="Example GmbH is suspended.",
            event="suspend",
        ),
        Write(
            verb="reinstate",
            prepare=make_suspended,
            said="Example GmbH is active again.",
            event="reinstate",
        ),
        Write(
            verb="validity",
            prepare=make_active,
            typed=_DAYS,
            said=OLD_AND_NEW,
            event="set_validity",
        ),
        Write(
            name="renew an active tenant",
            verb="renew",
            prepare=make_active,
            typed={"term": "2y"},
            said="The licence of Example GmbH now ends on 22 November 2029, before: 22 November"
            " 2027.",
            event="renew",
        ),
        Write(
            verb="client",
            prepare=make_active,
            typed={"client_id": "another", "client_secret": "an0ther"},
            said="The OAuth client of Example GmbH is set. Client id: – → another. Client secret"
            " changed.",
            event="set_client",
        ),
        Write(
            verb="contact",
            prepare=make_active,
            typed=TYPED | {"name": "Janet Doe"},
            said="The contact of Example GmbH is changed. Contact's name: Jane Doe → Janet Doe.",
            event="edit_contact",
        ),
        Write(
            verb="names",
            prepare=make_active,
            typed={"account_name": "Example Group", "company_name": "Example", "cluster": "us"},
            said="The names and the cluster of Example GmbH are changed. Cluster: eu → us."
            " Account name: – → Example Group. Company name in FSM: – → Example.",
            event="edit_names",
        ),
        Write(
            verb="ids",
            prepare=make_active,
            typed={"account_id": "86810", "company_id": "7"},
            said="Example GmbH has other ids now. Company id: 104348 → 7.",
            event="set_ids",
            ends_as="86810_7",
        ),
        Write(
            verb="note",
            prepare=make_pending,
            typed={"text": "Called them."},
            said="The note is added.",
            event="",
        ),
        Write(
            verb="assign",
            prepare=make_pending,
            typed={"to": person_id("anna@staff.example.com")},
            said="You look after Example GmbH now.",
            event="",
        ),
    )
}


class Undo(Write):
    """The confirmation of a decision offers its button to the person who made it."""

    def form(self, person: Staff, tenant_id: str) -> dict[str, str]:
        answer = person.decide(tenant_id, "suspend", reason="unpaid")
        page = person.get(answer.location)
        return undo_of(page, f"/staff/tenants/{tenant_id}/{self.verb}")


#: Only whoever decided can do it, so it has tests of its own: tests/web/staff/test_undo.py.
UNDO = Undo(
    verb="undo",
    prepare=make_active,
    said="Undone: Suspended. Example GmbH is as before.",
    event="undo",
)
#: It is about two tenants, so it has tests of its own: tests/web/staff/test_renew.py.
UNDO_RENEW = UndoRenew(
    verb="undo-renew",
    prepare=make_second_sign_up,
    said=REOPENED,
    event="reopen",
)
#: Without what does not change the tenant, so it has no event and no conflict.
DECISIONS = {verb: write for verb, write in WRITES.items() if verb not in ("note", "assign")}
SEND_AGAIN = Write(
    verb="send-again", prepare=make_sent_mail, said="The mail is sent again.", event=""
)
