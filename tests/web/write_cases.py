"""Everything that staff can change, so that each of it can be asked the same questions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask.testing import FlaskClient

from tests.web.pages import IDS, TYPED, Staff, form_of, sent_in

FINAL_ID = f"{IDS['account_id']}_{IDS['company_id']}"

#: Makes the tenant that a write is about, in a customer's browser and with a colleague's
#: help; answers its id.
Prepare = Callable[[FlaskClient, Staff], str]


def waiting(customer: FlaskClient, colleague: Staff) -> str:
    del colleague
    return sent_in(customer).id


def set_aside(customer: FlaskClient, colleague: Staff) -> str:
    del colleague
    return sent_in(customer, website="https://robot.example").id


def licensed(customer: FlaskClient, colleague: Staff) -> str:
    return _after(colleague, waiting(customer, colleague), "activate", IDS)


def suspended(customer: FlaskClient, colleague: Staff) -> str:
    return _after(colleague, licensed(customer, colleague), "suspend", {"reason": "unpaid"})


def rejected(customer: FlaskClient, colleague: Staff) -> str:
    return _after(colleague, waiting(customer, colleague), "reject", {"reason": "other"})


def asked_again(customer: FlaskClient, colleague: Staff) -> str:
    """A sign-up of an account that has a tenant already."""
    licensed(customer, colleague)
    return waiting(customer, colleague)


def _after(colleague: Staff, tenant_id: str, verb: str, typed: Mapping[str, str]) -> str:
    answer = colleague.decide(tenant_id, verb, **typed)
    assert answer.status_code == 303, answer.text
    return answer.location.partition("?")[0].rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Write:
    """`typed` goes into the form; `said` is what the page says afterwards; `event` is the
    verb in the history; `ends_as` the id afterwards, if it is another; `overtaken_by` what a
    colleague does meanwhile, and `said_of_colleague` what the page says of it."""

    verb: str
    prepare: Prepare
    said: str
    event: str
    typed: Mapping[str, str] = field(default_factory=dict)
    ends_as: str = ""
    overtaken_by: str = "contact"
    overtaken_with: Mapping[str, str] = field(default_factory=lambda: {"name": "John Doe"})
    said_of_colleague: str = "Ben changed the contact 2 minutes ago."

    def form(self, person: Staff, tenant_id: str) -> dict[str, str]:
        """What the person's browser sends, having opened the page now."""
        return person.form(tenant_id, self.verb) | self.typed

    def subject(self, tenant_id: str) -> str:
        """The id that the tenant has afterwards."""
        return self.ends_as or tenant_id


class Renew(Write):
    """Its form is offered when an activation finds that the account has a tenant."""

    def form(self, person: Staff, tenant_id: str) -> dict[str, str]:
        page = person.decide(tenant_id, "activate", **IDS)
        assert page.status_code == 409
        return form_of(page, f"/staff/tenants/{tenant_id}/renew") | self.typed


_DAYS = {"valid_from": "2027-01-01", "valid_to": "2027-12-31"}

WRITES = {
    write.verb: write
    for write in (
        Write(
            verb="activate",
            prepare=waiting,
            typed=IDS | _DAYS | {"client_id": "fsm-client", "client_secret": "s3cret"},
            said="Example GmbH is active.",
            event="activate",
            ends_as=FINAL_ID,
        ),
        Renew(
            verb="renew",
            prepare=asked_again,
            typed=_DAYS,
            said="The validity of Example GmbH is set.",
            event="set_validity",
            ends_as=FINAL_ID,
        ),
        Write(
            verb="reject",
            prepare=waiting,
            typed={"reason": "not_a_customer", "message": "Please call us."},
            said="The sign-up of Example GmbH is rejected.",
            event="reject",
        ),
        Write(
            verb="reopen",
            prepare=rejected,
            said="The sign-up of Example GmbH is back in the queue.",
            event="reopen",
            overtaken_by="reopen",
            overtaken_with={},
            said_of_colleague="Ben reopened this 2 minutes ago.",
        ),
        Write(
            verb="release",
            prepare=set_aside,
            said="The sign-up of Example GmbH is now in the queue.",
            event="release",
        ),
        Write(
            verb="suspend",
            prepare=licensed,
            typed={"reason": "unpaid"},
            said="Example GmbH is suspended.",
            event="suspend",
        ),
        Write(
            verb="reinstate",
            prepare=suspended,
            said="Example GmbH is active again.",
            event="reinstate",
        ),
        Write(
            verb="validity",
            prepare=licensed,
            typed=_DAYS,
            said="The validity of Example GmbH is set.",
            event="set_validity",
        ),
        Write(
            verb="client",
            prepare=licensed,
            typed={"client_id": "another", "client_secret": "an0ther"},
            said="The OAuth client of Example GmbH is set.",
            event="set_client",
        ),
        Write(
            verb="contact",
            prepare=licensed,
            typed=TYPED | {"name": "Janet Doe"},
            said="The contact of Example GmbH is changed.",
            event="edit_contact",
        ),
        Write(
            verb="note",
            prepare=waiting,
            typed={"text": "Called them."},
            said="The note is added.",
            event="",
        ),
    )
}
#: A note changes nothing of the tenant: it has no event, and nobody can overtake it.
DECISIONS = {verb: write for verb, write in WRITES.items() if verb != "note"}
