"""What the status page says: headline, sentences, steps, and what the customer sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from portal import onboarding, records
from portal.onboarding import FollowUp
from portal.stores import ItemNotFoundError
from portal.tenants import AccessStatus, Status, Tenant, standing
from portal.web.customer.address import AddressView, address_view, sees_whole
from portal.web.customer.claims import claim_facts, sign_up_link
from portal.web.customer.help import contacts, usual_wait, waits_longer_than_usual
from portal.web.customer.opened_link import OpenedLink
from portal.web.customer.question import open_question
from portal.web.forms import contact_facts, masked_facts
from portal.web.http import now, services, settings, store
from portal.web.i18n import _, dates, labels


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusView:
    """Ready strings. `state` picks the colour; `badge` is the word that staff see as well. `steps`:
    (label, whether it is done, when). `follow_up`: that the customer has asked again, with the
    address of that request's page. `question`: it waits for an answer. `links`: (label, address)
    of what can be done next."""

    reference: str
    state: str
    badge: str
    headline: str
    sentences: Sequence[str]
    follow_up: str
    follow_up_url: str
    message: str
    question: str
    answer_url: str
    address: AddressView | None
    sent: Sequence[tuple[str, str]]
    steps: Sequence[tuple[str, bool, str]]
    links: Sequence[tuple[str, str]]


def status_view(link: OpenedLink) -> StatusView:
    tenant = link.tenant
    access = standing(tenant, now())
    headline, *sentences = _headline_and_sentences(tenant, access)
    may_ask = onboarding.may_ask_again(tenant, now())
    follow_up = onboarding.latest_follow_up(store(), tenant) if may_ask else None
    question = open_question(tenant)
    follow_up_url = _follow_up_url(link, follow_up) if follow_up else ""
    asks = may_ask and not (follow_up and _stands_for(tenant, follow_up, follow_up_url))
    return StatusView(
        reference=link.reference,
        state=_state(tenant, access),
        badge=_badge(tenant, access),
        headline=headline,
        sentences=sentences,
        follow_up=_follow_up_sentence(follow_up) if follow_up else "",
        follow_up_url=follow_up_url,
        message=tenant.message if tenant.status is Status.REJECTED else "",
        question=question.text if question else "",
        answer_url=url_for("question.answer", token=link.token) if question else "",
        address=address_view(link),
        sent=_sent(link),
        steps=_steps(tenant, access, tenant.created_at if link.is_own else None),
        links=_links(link, access, asks=asks),
    )


def _links(link: OpenedLink, access: AccessStatus, *, asks: bool) -> list[tuple[str, str]]:
    tenant, token = link.tenant, link.token
    if tenant.status is Status.PENDING:
        return [
            (_("Change your details"), url_for("status.change", token=token)),
            (_("Withdraw"), url_for("status.withdraw", token=token)),
        ]
    if asks:
        label = _("Ask to renew") if tenant.is_active else _("Ask for access again")
        return [(label, url_for("follow_up.ask_again", token=token))]
    is_stuck = tenant.status is Status.SUSPENDED or access is AccessStatus.WINDOW_MISSING
    if is_stuck and not contacts():
        # Nobody is named whom the customer could ask.
        return [(_("Ask for access again"), sign_up_link(tenant.ids))]
    return []


def _stands_for(tenant: Tenant, follow_up: FollowUp, follow_up_url: str) -> bool:
    """Whether the customer goes on with the newer request, and asks no more with this one. An
    access that ends can be renewed, although an earlier request led to another one."""
    if follow_up.tenant.status is Status.PENDING:
        return True
    return follow_up.is_approved and not tenant.is_active and bool(follow_up_url)


def _follow_up_sentence(follow_up: FollowUp) -> str:
    day = dates.day_in_zone(follow_up.asked_at, settings().time_zone)
    if follow_up.is_approved:
        return _("You asked again on %(day)s. That request was approved.", day=day)
    texts = {
        Status.PENDING: _(
            "You asked again on %(day)s. That request waits for a decision.", day=day
        ),
        Status.REJECTED: _("You asked again on %(day)s. That request was not approved.", day=day),
        Status.WITHDRAWN: _("You asked again on %(day)s, and withdrew that request.", day=day),
    }
    return texts.get(follow_up.tenant.status, "")


def _follow_up_url(link: OpenedLink, follow_up: FollowUp) -> str:
    """Where the newer request is shown; empty if it came by the link of somebody else."""
    reference = follow_up.sign_up_id.removeprefix(records.pending_id(""))
    try:
        # What it became has another link, if it existed before.
        of_sign_up = records.status_link_of(store().get(follow_up.sign_up_id))
    except ItemNotFoundError:
        return ""
    token = services().links.follow_up_token(link.hashed, reference, of_sign_up.hashed)
    return url_for("status.show", token=token) if token else ""


def _sent(link: OpenedLink) -> list[tuple[str, str]]:
    """What the customer sent with the sign-up of this link: masked, since anybody who has the link
    can open the page, and whole for whoever has just proved the address. Nothing if the link leads
    to a tenant that existed before: its contact may be somebody else."""
    if not link.is_own:
        return []
    contact = link.tenant.contact
    facts = contact_facts(contact) if sees_whole(link) else masked_facts(contact)
    return [*(fact for fact in facts if fact[1]), *claim_facts(link.tenant.ids)]


def _steps(
    tenant: Tenant, access: AccessStatus, signed_up_at: datetime | None
) -> list[tuple[str, bool, str]]:
    """What was done and what is still to come. After a refusal or a withdrawal nothing is."""
    zone = settings().time_zone
    signed_up = (_("You asked for access"), True, dates.moment(signed_up_at, zone))
    checked = (_("We check your details"), tenant.status is not Status.PENDING, "")
    valid_from = tenant.validity.valid_from
    match tenant.status:
        case Status.WITHDRAWN:
            return [signed_up]
        case Status.REJECTED:
            return [signed_up, checked]
        case Status.SUSPENDED:
            return [signed_up, checked, *_begun(tenant), (_("Your access is suspended"), True, "")]
        case _ if access is AccessStatus.EXPIRED:
            ended = (
                _("Your access has ended"),
                True,
                dates.day_in_zone(tenant.validity.valid_to, zone),
            )
            return [signed_up, checked, *_begun(tenant), ended]
        case _:
            is_ready = access in (AccessStatus.VALID, AccessStatus.EXPIRING)
            ready = (_("Your access is ready"), is_ready, dates.day_in_zone(valid_from, zone))
            return [signed_up, checked, ready]


def _begun(tenant: Tenant) -> list[tuple[str, bool, str]]:
    """The step of an access that is over. None if it never began."""
    start = tenant.validity.valid_from
    if start is None or start > now():
        return []
    return [(_("Your access began"), True, dates.day_in_zone(start, settings().time_zone))]


def _badge(tenant: Tenant, access: AccessStatus) -> str:
    if tenant.status is not Status.ACTIVE:
        return _(labels.STATUS[tenant.status])
    shown = AccessStatus.VALID if access is AccessStatus.EXPIRING else access
    return _(labels.ACCESS_STATUS[shown])


def _state(tenant: Tenant, access: AccessStatus) -> str:
    if tenant.status is not Status.ACTIVE:
        return tenant.status.value
    states = {AccessStatus.NOT_YET_VALID: "scheduled", AccessStatus.EXPIRED: "expired"}
    return states.get(access, "active")


def _answered_sentence(tenant: Tenant) -> list[str]:
    question = tenant.question
    if question is None or question.answered_at is None:
        return []
    day = dates.moment(question.answered_at, settings().time_zone)
    return [_("You answered our question on %(day)s.", day=day)]


def _waiting_sentences(tenant: Tenant) -> list[str]:
    usual = usual_wait()
    if not waits_longer_than_usual(tenant.created_at):
        return [usual]
    late = _("Your request waits longer than that. We are sorry; it is not forgotten.")
    return [usual, late]


def _headline_and_sentences(tenant: Tenant, access: AccessStatus) -> list[str]:
    """The state in a few words, then what it means for the customer."""
    zone = settings().time_zone
    validity = tenant.validity
    first_day = dates.day_in_zone(validity.valid_from, zone)
    last_day = dates.day_in_zone(validity.valid_to, zone)
    match tenant.status, access:
        case Status.PENDING, _any if tenant.waits_for_address:
            return [
                _("Please confirm your email address"),
                _(
                    "We sent you a mail. Open the link in it and press the button: then your"
                    " request gets to the people who decide on it."
                ),
            ]
        case Status.PENDING, _any if open_question(tenant):
            return [
                _("We have a question about your request"),
                _("Please answer it. Your request keeps its place meanwhile."),
            ]
        case Status.PENDING, _any:
            return [
                _("Your request is waiting for approval"),
                *_answered_sentence(tenant),
                _(
                    "We check your details and then switch on your access."
                    " You do not need to do anything."
                ),
                *_waiting_sentences(tenant),
            ]
        case Status.REJECTED, _any:
            return [_("Your request was not approved")]
        case Status.WITHDRAWN, _any:
            return [
                _("You withdrew your request"),
                _("If you change your mind, ask for access again."),
            ]
        case Status.SUSPENDED, _any:
            return [
                _("Your access is suspended"),
                _("Please ask the person who looks after your account."),
            ]
        case _any, AccessStatus.EXPIRED:
            return [
                _("Your access has ended"),
                _("It ended on %(day)s. You can ask to renew it.", day=last_day),
            ]
        case _any, AccessStatus.NOT_YET_VALID:
            return [
                _("Your access is approved"),
                _("You can use the Appointment Manager from %(day)s.", day=first_day),
            ]
        case _any, AccessStatus.WINDOW_MISSING:
            return [
                _("Your access is not ready yet"),
                _("Please ask the person who looks after your account."),
            ]
        case _:
            ready = _("Open the Appointment Manager in Field Service Management to use it.")
            if not last_day:
                return [_("Your access is ready"), ready]
            return [
                _("Your access is ready"),
                _("It is valid through %(day)s.", day=last_day),
                ready,
                *(
                    [_("It ends soon. You can ask to renew it now.")]
                    if onboarding.may_ask_to_renew(tenant, now())
                    else []
                ),
            ]
