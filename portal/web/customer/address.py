"""The proof of an email address: the page that a mail links to, and a new link by mail.

Programs that check mail open every link. So opening it proves nothing: it takes one press. The
press needs no cookie, since the mail may be read on another device than the form was sent from.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal import onboarding, records
from portal.address_proofs import AddressProof
from portal.onboarding import UnknownTenantError
from portal.stores import ItemNotFoundError, StoreError
from portal.tenants import Contact, NotAllowedError, Status, Tenant
from portal.timestamps import format_timestamp, parse_timestamp
from portal.web.customer.opened_link import OpenedLink, opened_link
from portal.web.customer.pages import private
from portal.web.forms import masked_email
from portal.web.http import (
    audit_of_customer,
    client_network,
    new_status_hash,
    note_saved,
    now,
    services,
    settings,
    store,
)
from portal.web.i18n import _, dates

bp = Blueprint("address", __name__)

#: In a session: [reference, what stands for the address, when it was proved], the latest last.
_PROVED = "proved"
_MAX_PROVED = 3
#: So long after the press the same browser shows the details whole.
_WHOLE_FOR = timedelta(minutes=30)


@bp.route("/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> AnyResponse:
    """The page with the one button; after the press, the status page. If the customer had ended the
    link to that, the press makes a new one: only whoever has proved the address gets such a mail.
    """
    links = services().links
    proof = links.read_proof(token)
    if proof is None:
        raise NotFound
    tenant = _tenant_of(records.pending_id(proof.reference))
    if not _is_about(proof, tenant):
        # The address or the link to the status page was replaced since, or erased.
        raise NotFound
    if proof.is_over(now()):
        return _page(token, tenant, over=True, status=410)
    if request.method != "POST":
        return _page(token, tenant)
    if not links.is_press_token(request.form.get("press", ""), token, now()):
        return _page(token, tenant, problem=_("Please press the button once more."), status=400)
    try:
        tenant = onboarding.confirm_email(
            store(), tenant.id, email=tenant.contact.email, audit=audit_of_customer()
        )
        note_saved()
    except NotAllowedError:
        # It was closed before. The page of the request says so.
        tenant = _tenant_of(tenant.id)
    if not _is_about(proof, tenant):
        # It was replaced just now: another address is not proved, and not to be seen whole.
        raise NotFound
    done = "confirmed" if tenant.email_confirmed_at else None
    if tenant.may_get_new_link:
        done = "new-link"
        tenant = onboarding.new_status_link(
            store(),
            records.pending_id(proof.reference),
            new_status_hash(),
            audit_of_customer(),
        )
    _remember(proof.reference, tenant)
    status_token = links.mailed_status_token(proof.reference, tenant.status_link)
    return redirect(url_for("status.show", token=status_token, done=done), 303)


@bp.post("/status/<token>/confirm")
def send_link(token: str) -> AnyResponse:
    """Sends the link, unless one was sent to this address today, or the network has sent too much.
    The answer is the same."""
    link = opened_link(token)
    if link.is_own:
        _send_link(link.tenant)
    return redirect(url_for("status.show", token=token, done="link"), 303)


def ask_to_confirm(before: Contact, after: Tenant, *, is_counted: bool = False) -> None:
    """Send the link to the address that the customer has just changed to. The change is saved,
    whatever comes of this: the status page offers the link as well.

    Args:
        is_counted: The form that changed it was counted as a sign-up already.
    """
    if not after.contact.has_email(before.email):
        with suppress(StoreError):
            _send_link(after, is_counted=is_counted)


def _send_link(tenant: Tenant, *, is_counted: bool = False) -> None:
    """Each such mail counts as a sign-up of its network: with one link to a status page, anybody
    could have mails sent to any number of strangers, by naming one after the other."""
    limits = services().limits
    counts = []
    if limits.sign_ups and not is_counted:
        counts.append(limits.sign_ups.counter_of_network(client_network(), now()))
    limits.proof_mails.send(store(), tenant, now(), counts)


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressView:
    """What the status page says about the address, and its button.

    Attributes:
        change_url: Where the customer corrects an address that mail did not reach.
    """

    sentence: str
    button: str
    action: str
    change_url: str = ""


def address_view(link: OpenedLink) -> AddressView | None:
    """`None` if there is nothing to prove: this browser has just done so, the request is closed, or
    it belongs to somebody else's tenant."""
    tenant = link.tenant
    if not link.is_own or not tenant.contact.email or tenant.is_closed or sees_whole(link):
        return None
    if tenant.email_confirmed_at:
        sentence = _(
            "Your email address is confirmed. Email and phone are shown in part, since anyone who"
            " has the address of this page can open it. A link by mail shows them whole."
        )
        button = _("Send me that link")
    else:
        sentence = _(
            "Your email address is not confirmed yet. Open the link in the mail that we sent you."
            " An address gets one such mail a day: if none came for this request, send the link"
            " again tomorrow."
        )
        button = _("Send the link again")
    change_url = ""
    if tenant.status is Status.PENDING and onboarding.is_unreached(store(), tenant):
        change_url = url_for("status.change", token=link.token)
        sentence = _("Our mail to your address did not arrive. Please check the address.")
    action = url_for("address.send_link", token=link.token)
    return AddressView(sentence=sentence, button=button, action=action, change_url=change_url)


def sees_whole(link: OpenedLink) -> bool:
    """Whether this browser has just proved the address of the link's request."""
    proved = session.get(_PROVED)
    if not link.is_own or not isinstance(proved, list):
        return False
    mark = _mark(link.reference, link.tenant)
    return any(
        each[:2] == [link.reference, mark]
        and (at := parse_timestamp(str(each[2]))) is not None
        and at <= now() <= at + _WHOLE_FOR
        for each in proved
        if isinstance(each, list) and len(each) == 3
    )


def _remember(reference: str, tenant: Tenant) -> None:
    proved = session.get(_PROVED)
    others = [each for each in proved if each[0] != reference] if isinstance(proved, list) else []
    mine = [reference, _mark(reference, tenant), format_timestamp(now())]
    session[_PROVED] = [*others, mine][-_MAX_PROVED:]


def _mark(reference: str, tenant: Tenant) -> str:
    """A session is signed and not encrypted, so it holds no address."""
    return services().links.address_mark(reference, tenant.contact.email, tenant.status_link)


def _is_about(proof: AddressProof, tenant: Tenant) -> bool:
    """Whether it proves the address that the tenant has now, to the customer who has the link."""
    email = tenant.contact.email
    is_proved = tenant.email_confirmed_at is not None
    was_ended = is_proved and proof.is_of_ended(email, tenant.ended_link)
    return was_ended or proof.is_of(email, tenant.status_link)


def _tenant_of(tenant_id: str) -> Tenant:
    """The tenant that the sign-up became.

    Raises:
        NotFound: There is none, or the sign-up was closed towards a tenant that existed before.
    """
    try:
        tenant = onboarding.find(store(), tenant_id)
    except (UnknownTenantError, ItemNotFoundError) as error:
        raise NotFound from error
    if tenant_id not in (tenant.id, tenant.pending_id):
        raise NotFound
    return tenant


def _page(
    token: str, tenant: Tenant, *, over: bool = False, problem: str = "", status: int = 200
) -> Response:
    confirmed = dates.moment(tenant.email_confirmed_at, settings().time_zone)
    page = render_template(
        "customer/confirm.html",
        email=masked_email(tenant.contact.email),
        confirmed=confirmed,
        waits=tenant.waits_for_address and tenant.status is Status.PENDING,
        over=over,
        ended=tenant.may_get_new_link,
        lost_url=url_for("lost_link.ask"),
        valid_for=dates.span(services().links.proof_life),
        errors=[("", problem)] if problem else [],
        action=url_for("address.confirm", token=token),
        hidden=[("press", services().links.new_press_token(token, now()))],
    )
    return private(page, status)
