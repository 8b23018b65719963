"""The kinds of mails, each described once: after which verbs it goes out, while it is true, and
what it says. Adding an entry is all that another kind needs; the verbs, the delivery and the pages
of staff are made from this table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.mail.customers import letters
from portal.mail.customers.facts import Facts
from portal.mail.messages import Letter, Words
from portal.tenants import EXPIRING, Status, Tenant, Verb
from portal.translations import N_


class Kind(StrEnum):
    """Its name is stored, so it stays as it is for ever."""

    RECEIVED = "received"
    APPROVED = "approved"
    REJECTED = "rejected"
    REOPENED = "reopened"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    EXPIRING = "expiring"
    #: A link that proves the address was sent to it today already.
    RECEIVED_AGAIN = "received_again"
    #: The customer asks for the link that proves the address.
    ADDRESS = "address"
    QUESTION = "question"
    ANSWERED = "answered"
    #: Somebody asks for the links to the requests of an address.
    LINKS = "links"


@dataclass(frozen=True, kw_only=True, slots=True)
class KindEntry:
    """One kind of mail.

    Attributes:
        after: The verbs that send it.
        while_status: A mail that has not left says nothing once its tenant has another status.
        label: What staff call it.
        write: Makes its words.
        while_renewed: As `while_status`, of the tenant towards which a sign-up was closed: other
            mails of that tenant go to its own contact, so nobody else tells this customer.
        while_true: As `while_status`, of more than the status. Takes the tenant and the time.
        proves: It has the link that proves the address. So at most one goes to an address a day.
        is_reminder: It answers nothing that anybody did, so whoever gets it can end such mails.
        to_staff: It goes to the person of staff who asked the question, not to the customer.
        for_address: It lists all requests of the address that somebody typed. So it goes to no
            other one, is in the language of whoever asked, and staff do not send it again.
    """

    kind: Kind
    after: frozenset[Verb]
    while_status: frozenset[Status]
    label: str
    write: Callable[[Facts, Words], Letter]
    while_renewed: frozenset[Status] = frozenset()
    while_true: Callable[[Tenant, datetime], bool] = lambda _tenant, _now: True
    proves: bool = False
    is_reminder: bool = False
    to_staff: bool = False
    for_address: bool = False

    def is_true(self, tenant: Tenant, now: datetime, *, of_closed: bool = False) -> bool:
        """Whether the mail says what is so now.

        Args:
            of_closed: It goes to the customer of a sign-up that was closed towards the tenant.
        """
        statuses = self.while_renewed if of_closed else self.while_status
        return tenant.status in statuses and self.while_true(tenant, now)


def _is_asked(tenant: Tenant, _now: datetime) -> bool:
    return tenant.question is not None and tenant.question.is_open


def _is_answered(tenant: Tenant, _now: datetime) -> bool:
    return tenant.question is not None and not tenant.question.is_open


def _is_expiring(tenant: Tenant, now: datetime) -> bool:
    """Not if the end of the validity has moved away, or passed."""
    end = tenant.validity.valid_to
    return end is not None and now <= end <= now + EXPIRING


KINDS: Mapping[Kind, KindEntry] = {
    entry.kind: entry
    for entry in (
        KindEntry(
            kind=Kind.RECEIVED,
            after=frozenset({Verb.SUBMIT}),
            while_status=frozenset({Status.PENDING}),
            label=N_("Request received"),
            write=letters.received,
            proves=True,
        ),
        KindEntry(
            kind=Kind.RECEIVED_AGAIN,
            # Nobody writes to whoever filled the trap for robots, until staff let them in.
            after=frozenset({Verb.RELEASE}),
            while_status=frozenset({Status.PENDING}),
            label=N_("Request received"),
            write=letters.received,
        ),
        KindEntry(
            kind=Kind.ADDRESS,
            after=frozenset(),
            while_status=frozenset({Status.PENDING, Status.ACTIVE, Status.SUSPENDED}),
            label=N_("Link that confirms the address"),
            write=letters.address,
            proves=True,
        ),
        KindEntry(
            kind=Kind.LINKS,
            # No verb: `portal.onboarding.link_mails` writes it.
            after=frozenset(),
            while_status=frozenset(Status),
            label=N_("Links to the status pages"),
            write=letters.links,
            for_address=True,
        ),
        KindEntry(
            kind=Kind.QUESTION,
            after=frozenset({Verb.QUESTION}),
            while_status=frozenset({Status.PENDING}),
            while_true=_is_asked,
            label=N_("Question"),
            write=letters.question,
        ),
        KindEntry(
            kind=Kind.ANSWERED,
            after=frozenset({Verb.ANSWER}),
            while_status=frozenset({Status.PENDING}),
            while_true=_is_answered,
            label=N_("To the person who asked: answered"),
            write=letters.answered,
            to_staff=True,
        ),
        KindEntry(
            kind=Kind.APPROVED,
            after=frozenset({Verb.ACTIVATE}),
            while_status=frozenset({Status.ACTIVE}),
            while_renewed=frozenset({Status.ACTIVE, Status.SUSPENDED}),
            label=N_("Access approved"),
            write=letters.approved,
        ),
        KindEntry(
            kind=Kind.REJECTED,
            after=frozenset({Verb.REJECT}),
            while_status=frozenset({Status.REJECTED}),
            label=N_("Request not approved"),
            write=letters.rejected,
        ),
        KindEntry(
            kind=Kind.REOPENED,
            after=frozenset({Verb.REOPEN}),
            while_status=frozenset({Status.PENDING}),
            label=N_("Request looked at again"),
            write=letters.reopened,
        ),
        KindEntry(
            kind=Kind.SUSPENDED,
            after=frozenset({Verb.SUSPEND}),
            while_status=frozenset({Status.SUSPENDED}),
            label=N_("Access suspended"),
            write=letters.suspended,
        ),
        KindEntry(
            kind=Kind.REINSTATED,
            after=frozenset({Verb.REINSTATE}),
            while_status=frozenset({Status.ACTIVE}),
            label=N_("Access active again"),
            write=letters.reinstated,
        ),
        KindEntry(
            kind=Kind.EXPIRING,
            # No verb: the daily round writes it, see `portal.outbox.daily`.
            after=frozenset(),
            while_status=frozenset({Status.ACTIVE}),
            label=N_("Access ends soon"),
            write=letters.expiring,
            while_true=_is_expiring,
            is_reminder=True,
        ),
    )
}


def kind_after(verb: Verb) -> Kind | None:
    """The mail that a verb sends; `None`: it sends none."""
    return next((kind for kind, entry in KINDS.items() if verb in entry.after), None)


def kind_entry(name: str) -> KindEntry | None:
    """The kind of a stored name; `None` if only a later version knows it."""
    return next((entry for kind, entry in KINDS.items() if kind.value == name), None)
