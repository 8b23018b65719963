"""What each mail says. `portal.mail.customers.kinds` has the table of all kinds.

The subject is constant, with the reference behind it: text that people typed stands in bodies
only. The first mail, which goes to an address that nobody has proved yet, holds none of it at all:
otherwise a stranger could send their words to anybody, in the name of the portal.
"""

from portal.mail.customers.access_words import suspension, validity
from portal.mail.customers.facts import Facts
from portal.mail.customers.request_links import RequestLink
from portal.mail.messages import Letter, Words
from portal.tenants import Status


def received(facts: Facts, _: Words) -> Letter:
    """The renewal of an access does not wait for the address: whoever has access is known."""
    status_link = _status_link(facts, _)
    return Letter(
        subject=_("We have your request to renew")
        if facts.renews
        else _("We have your request for access"),
        greeting=_("Hello,"),
        paragraphs=(
            _("Somebody asked to renew an access to the Appointment Manager with this address.")
            if facts.renews
            else _("Somebody asked for access to the Appointment Manager with this email address."),
            *_what_happens_next(facts, _),
            _("If that was not you, ignore this mail."),
        ),
        link=_confirm_link(facts, _) if facts.confirm_url else status_link,
        also=(status_link,) if facts.confirm_url and status_link else (),
    )


def _what_happens_next(facts: Facts, _: Words) -> tuple[str, ...]:
    if facts.tenant.waits_for_address:
        return (
            _("The request waits until you confirm this email address. Then we check the details.")
            if facts.confirm_url
            else _(
                "The request waits until you confirm this email address. The status page sends you"
                " the link for that, once a day."
            ),
        )
    unchanged = (_("Until we have decided, the access stays as it is."),) if facts.renews else ()
    if facts.confirm_url:
        asked = _(
            "Please confirm that this email address is yours. We check the details meanwhile, and"
            " you get another mail when we have decided."
        )
        return (asked, *unchanged)
    if facts.renews:
        checked = _(
            "We check the request. You do not need to do anything. You get another mail when we"
            " have decided."
        )
        return (checked, *unchanged)
    return (
        _(
            "We check the details and then switch on the access. You do not need to do"
            " anything. You get another mail when we have decided."
        ),
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
        subject=_("Your access is renewed") if facts.renews else _("Your access is approved"),
        greeting=_greeting(facts, _),
        paragraphs=(
            _(
                "Your request to renew the access of %(company)s is approved.",
                company=facts.company,
            )
            if facts.renews
            else _("Your request for access for %(company)s is approved.", company=facts.company),
            *(suspension(facts, _) if is_suspended else validity(facts, _)),
        ),
        link=_status_link(facts, _),
    )


def rejected(facts: Facts, _: Words) -> Letter:
    if facts.renews:
        return Letter(
            subject=_("Your request to renew was not approved"),
            greeting=_greeting(facts, _),
            paragraphs=(
                _(
                    "Your request to renew the access of %(company)s was not approved. The present"
                    " access stays as it is.",
                    company=facts.company,
                ),
                _("If something has changed, you can ask to renew it again."),
            ),
            quote=facts.tenant.message,
            link=(_("Ask to renew"), _asking_url(facts)),
        )
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
        paragraphs=suspension(facts, _),
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
            *validity(facts, _),
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
