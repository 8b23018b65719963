"""What the status page says: headline, sentences, steps, and what the customer sent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import url_for

from portal import onboarding, records
from portal.onboarding import FollowUp
from portal.stores import ItemNotFoundError
from portal.tenants import AccessStatus, Status, Tenant, standing
from portal.web.customer.address import AddressView, address_view, sees_whole
from portal.web.customer.claims import claim_facts, sign_up_link
from portal.web.customer.help import contacts, usual_wait, waits_longer_than_usual
from portal.web.customer.opened_link import OpenedLink
from portal.web.customer.progress import Step, steps_of
from portal.web.customer.question import open_question
from portal.web.forms import contact_facts, masked_facts
from portal.web.http import now, services, settings, store
from portal.web.i18n import _, dates, labels


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusView:
    """Ready strings. `state` picks the colour. `follow_up`: that the customer has asked again, with
    the address of that request's page. `question`: it waits for an answer. `links`: (label,
    address) of what can be done next."""

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
    steps: Sequence[Step]
    links: Sequence[tuple[str, str]]


def status_view(link: OpenedLink) -> StatusView:
    tenant = link.tenant
    access = standing(tenant, now())
    address = _address(link)
    is_to_confirm = address is not None and not tenant.email_confirmed_at
    headline, *sentences = _headline_and_sentences(tenant, access, is_to_confirm=is_to_confirm)
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
        address=address,
        sent=_sent(link),
        steps=steps_of(tenant, access, tenant.created_at if link.is_own else None),
        links=_links(link, access, asks=asks),
    )


def _address(link: OpenedLink) -> AddressView | None:
    """Who waits for the proof reads what to do at the top of the page, and here what else helps."""
    view = address_view(link)
    # That mail did not arrive is more urgent.
    if view is None or view.change_url or not _seems_to_wait(link.tenant):
        return view
    no_mail = _(
        "No mail came? Look into the folder for unwanted mail, and check the address above. An"
        " address gets one such mail a day: if none came for this request, send the link again"
        " tomorrow."
    )
    return replace(view, sentence=no_mail)


def _links(link: OpenedLink, access: AccessStatus, *, asks: bool) -> list[tuple[str, str]]:
    tenant, token = link.tenant, link.token
    if tenant.status is Status.PENDING:
        return [
            (_("Change your details"), url_for("status.change", token=token)),
            (_("Withdraw"), url_for("status.withdraw", token=token)),
        ]
    if asks:
        renews = tenant.is_active or tenant.renews
        label = _("Ask to renew") if renews else _("Ask for access again")
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


def _what_we_do(tenant: Tenant, *, is_to_confirm: bool) -> str:
    """Whoever is asked to confirm the address has something to do."""
    if tenant.renews:
        if is_to_confirm:
            return _(
                "We check your request and then set a new end. Until then your access stays as it"
                " is."
            )
        return _(
            "We check your request and then set a new end. Until then your access stays as it is."
            " You do not need to do anything."
        )
    if is_to_confirm:
        return _("We check your details and then switch on your access.")
    return _(
        "We check your details and then switch on your access. You do not need to do anything."
    )


def _seems_to_wait(tenant: Tenant) -> bool:
    """Whether it waits for the proof of its address. Whoever filled the trap for robots reads the
    same as everybody else: a robot must not learn that it was seen."""
    return tenant.waits_for_address or (tenant.is_doubtful and settings().confirm_address)


def _of_pending(tenant: Tenant, *, is_to_confirm: bool) -> list[str]:
    if _seems_to_wait(tenant):
        return [
            _("Please confirm your email address"),
            _(
                "We sent you a mail. Open the link in it and press the button: then your"
                " request gets to the people who decide on it."
            ),
        ]
    if open_question(tenant):
        return [
            _("We have a question about your request"),
            _("Please answer it. Your request keeps its place meanwhile."),
        ]
    return [
        _("Your request to renew is waiting for approval")
        if tenant.renews
        else _("Your request is waiting for approval"),
        *_answered_sentence(tenant),
        _what_we_do(tenant, is_to_confirm=is_to_confirm),
        *_waiting_sentences(tenant),
    ]


def _headline_and_sentences(
    tenant: Tenant, access: AccessStatus, *, is_to_confirm: bool
) -> list[str]:
    """The state in a few words, then what it means for the customer."""
    zone = settings().time_zone
    validity = tenant.validity
    first_day = dates.day_in_zone(validity.valid_from, zone)
    last_day = dates.day_in_zone(validity.valid_to, zone)
    match tenant.status, access:
        case Status.PENDING, _any:
            return _of_pending(tenant, is_to_confirm=is_to_confirm)
        case Status.REJECTED, _any if tenant.renews:
            return [
                _("Your request to renew was not approved"),
                _("Your present access stays as it is."),
            ]
        case Status.REJECTED, _any:
            return [_("Your request was not approved")]
        case Status.WITHDRAWN, _any if tenant.renews:
            return [
                _("You withdrew your request"),
                _("Your present access stays as it is. If you change your mind, ask to renew it."),
            ]
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
