"""What each mail says. `portal.mail.kinds` has the table of all kinds.

The subject is constant, with the reference behind it: text that people typed stands in bodies
only. The first mail, which goes to an address that nobody has proved yet, holds none of it at all:
otherwise a stranger could send their words to anybody, in the name of the portal.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from portal.mail.letter import Letter
from portal.mail.request_links import RequestLink
from portal.mail.words import Words
from portal.tenants import Status, Tenant


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a mail may tell.

    Attributes:
        name, company: Of the contact that gets it.
        status_url: The status page; empty if there is none any more.
        reminders_url: The page that ends such mails; empty if this one is no reminder.
        confirm_url: The page that proves the address; empty if this mail must not have it.
        staff_url: The page of staff about the tenant.
        requests: All requests of the address, the newest first, for the mail that lists them.
    """

    tenant: Tenant
    zone: ZoneInfo
    now: datetime
    name: str = ""
    company: str = ""
    status_url: str = ""
    confirm_url: str = ""
    reminders_url: str = ""
    staff_url: str = ""
    sign_up_url: str = ""
    contact_url: str = ""
    requests: tuple[RequestLink, ...] = ()


def received(facts: Facts, _: Words) -> Letter:
    status_link = _status_link(facts, _)
    asked = _("Somebody asked for access to the Appointment Manager with this email address.")
    not_you = _("If that was not you, ignore this mail.")
    if not facts.confirm_url:
        then = (
            _(
                "The request waits until you confirm this email address. The status page sends you"
                " the link for that, once a day."
            )
            if facts.tenant.waits_for_address
            else _(
                "We check the details and then switch on the access. You do not need to do"
                " anything. You get another mail when we have decided."
            )
        )
        return Letter(
            subject=_("We have your request for access"),
            greeting=_("Hello,"),
            paragraphs=(asked, then, not_you),
            link=status_link,
        )
    then = (
        _("The request waits until you confirm this email address. Then we check the details.")
        if facts.tenant.waits_for_address
        else _(
            "Please confirm that this email address is yours. We check the details meanwhile, and"
            " you get another mail when we have decided."
        )
    )
    return Letter(
        subject=_("We have your request for access"),
        greeting=_("Hello,"),
        paragraphs=(asked, then, not_you),
        link=_confirm_link(facts, _),
        also=(status_link,) if status_link else (),
    )


def address(facts: Facts, _: Words) -> Letter:
    return Letter(
        subject=_("Confirm your email address"),
        greeting=_("Hello,"),
        paragraphs=(
            _("Somebody asked on a status page for a link that confirms this email address."),
            _("If that was not you, ignore this mail."),
        ),
        link=_confirm_link(facts, _) if facts.confirm_url else _status_link(facts, _),
    )


def links(facts: Facts, _: Words) -> Letter:
    """Without a word that was typed: a request may be a stranger's, who typed this address."""
    first, *others = (_request_link(request, facts, _) for request in facts.requests)
    return Letter(
        subject=_("The link to your status page"),
        greeting=_("Hello,"),
        paragraphs=(
            _("Somebody asked for the links to the requests for access with this email address."),
            _("If that was not you, ignore this mail."),
        ),
        link=first,
        also=tuple(others),
    )


def question(facts: Facts, _: Words) -> Letter:
    asked = facts.tenant.question
    return Letter(
        subject=_("A question about your request for access"),
        greeting=_greeting(facts, _),
        paragraphs=(
            _(
                "Before we decide on your request for %(company)s, we need an answer.",
                company=facts.company,
            ),
            _("Please answer on your status page. Your request keeps its place meanwhile."),
        ),
        quote=asked.text if asked else "",
        link=(_("Answer the question"), f"{facts.status_url}/answer") if facts.status_url else None,
    )


def answered(facts: Facts, _: Words) -> Letter:
    """To staff, and without the answer: what a customer typed stands on the page of staff only."""
    return Letter(
        subject=_("A customer has answered"),
        greeting=_("Hello,"),
        paragraphs=(_("The customer whom you asked has answered. The request waits for you."),),
        link=(_("Open the request"), facts.staff_url),
    )


def approved(facts: Facts, _: Words) -> Letter:
    # More time may be given to an access that is suspended.
    is_suspended = facts.tenant.status is Status.SUSPENDED
    return Letter(
        subject=_("Your access is approved"),
        greeting=_greeting(facts, _),
        paragraphs=(
            _("Your request for access for %(company)s is approved.", company=facts.company),
            *(_suspension(facts, _) if is_suspended else _validity(facts, _)),
        ),
        link=_status_link(facts, _),
    )


def rejected(facts: Facts, _: Words) -> Letter:
    return Letter(
        subject=_("Your request for access was not approved"),
        greeting=_greeting(facts, _),
        paragraphs=(
            _("Your request for access for %(company)s was not approved.", company=facts.company),
            _("If something has changed, you can ask for access again."),
        ),
        quote=facts.tenant.message,
        link=(_("Ask for access again"), _asking_url(facts)),
    )


def reopened(facts: Facts, _: Words) -> Letter:
    """After a refusal, after the customer had withdrawn, or after a term that was taken back."""
    return Letter(
        subject=_("We are looking at your request again"),
        greeting=_greeting(facts, _),
        paragraphs=(
            _(
                "Your request for %(company)s was closed. We have opened it again: only our next"
                " decision counts.",
                company=facts.company,
            ),
            _("The request waits until you confirm this email address. Then we check the details.")
            if facts.tenant.waits_for_address
            else _(
                "You get another mail when we have decided. You do not need to do anything until"
                " then."
            ),
        ),
        link=_status_link(facts, _),
    )


def suspended(facts: Facts, _: Words) -> Letter:
    return Letter(
        subject=_("Your access is suspended"),
        greeting=_greeting(facts, _),
        paragraphs=_suspension(facts, _),
        link=_status_link(facts, _),
    )


def reinstated(facts: Facts, _: Words) -> Letter:
    return Letter(
        subject=_("Your access is active again"),
        greeting=_greeting(facts, _),
        paragraphs=(
            _(
                "The access of %(company)s to the Appointment Manager is no longer suspended.",
                company=facts.company,
            ),
            *_validity(facts, _),
        ),
        link=_status_link(facts, _),
    )


def expiring(facts: Facts, _: Words) -> Letter:
    last = facts.tenant.validity.valid_to
    return Letter(
        subject=_("Your access ends soon"),
        greeting=_greeting(facts, _),
        paragraphs=(
            _(
                "The access of %(company)s to the Appointment Manager ends on %(day)s; that day"
                " still counts.",
                company=facts.company,
                day=_.day_in_zone(last, facts.zone) if last else "",
            ),
            _("If you want to keep it, ask to renew it before then."),
        ),
        link=(_("Ask to renew"), _asking_url(facts)),
        also=((_("No more of these reminders"), facts.reminders_url),),
    )


def _greeting(facts: Facts, _: Words) -> str:
    return _("Hello %(name)s,", name=facts.name) if facts.name else _("Hello,")


def _suspension(facts: Facts, _: Words) -> tuple[str, ...]:
    return (
        _(
            "The access of %(company)s to the Appointment Manager is suspended. Nobody can use"
            " it at the moment.",
            company=facts.company,
        ),
        _("Please ask the person who looks after your account."),
    )


def _validity(facts: Facts, _: Words) -> list[str]:
    """From when until when, in words, and what to do next."""
    validity, zone = facts.tenant.validity, facts.zone
    first, last = validity.valid_from, validity.valid_to
    last_day = _.day_in_zone(last, zone) if last else ""
    if last and last < facts.now:
        return [
            _(
                "Its validity ended on %(day)s. Ask for access again to renew it.",
                day=last_day,
            )
        ]
    ready = _("Open the Appointment Manager in Field Service Management to use it.")
    if first and first > facts.now:
        if not last:
            first_day = _.day_in_zone(first, zone)
            return [_("You can use it from %(first)s on.", first=first_day), ready]
        return [
            _(
                "You can use it from %(first)s through %(last)s; both days count.",
                first=_.day(first, zone),
                last=last_day,
            ),
            ready,
        ]
    if not last:
        return [ready]
    return [
        _(
            "You can use it now, through %(last)s; that day still counts.",
            last=last_day,
        ),
        ready,
    ]


def _request_link(request: RequestLink, facts: Facts, _: Words) -> tuple[str, str]:
    day = _.day(request.asked_at, facts.zone)
    if request.is_new:
        label = _(
            "Get a new link for the request of %(day)s, reference %(reference)s",
            day=day,
            reference=request.reference,
        )
    else:
        label = _(
            "Request of %(day)s, reference %(reference)s", day=day, reference=request.reference
        )
    return (label, request.url)


def _asking_url(facts: Facts) -> str:
    """Where the customer asks once more. The status page carries the details over."""
    return f"{facts.status_url}/again" if facts.status_url else facts.sign_up_url


def _confirm_link(facts: Facts, _: Words) -> tuple[str, str]:
    return (_("Confirm this email address"), facts.confirm_url)


def _status_link(facts: Facts, _: Words) -> tuple[str, str] | None:
    return (_("Open the status page"), facts.status_url) if facts.status_url else None
