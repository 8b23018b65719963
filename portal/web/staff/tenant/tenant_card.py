"""What staff read about a tenant: the facts, a sentence on its status, and warnings."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.mail import ascii_domain
from portal.mixed_scripts import mixed_words, scripts_of
from portal.queries import Tab
from portal.tenants import (
    AccessStatus,
    Gap,
    ShellProof,
    ShellVerdict,
    Status,
    Tenant,
    cluster_of,
    standing,
)
from portal.web.forms import contact_facts, language_of_contact
from portal.web.http import now, settings
from portal.web.i18n import N_, _, dates, labels, locale_name, script_name
from portal.web.staff.tenant.verbs import validity_has_ended

_VERDICTS = {
    ShellVerdict.COMPANY: N_("account and company"),
    ShellVerdict.ACCOUNT: N_("account; company not known"),
    ShellVerdict.OTHER_COMPANIES: N_("account; the token lists other companies"),
    ShellVerdict.UNCHECKED: N_("not known: the token could not be checked"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantCard:
    id: str
    company: str
    status: str
    tone: str
    status_sentence: str
    incomplete: str
    facts: Sequence[tuple[str, str]]
    warnings: Sequence[str]
    secret: str


def tenant_card(tenant: Tenant, gaps: Collection[Gap] = ()) -> TenantCard:
    """What staff read about the tenant.

    Args:
        gaps: What its row lacks, and nobody has answered for.
    """
    used, at = settings(), now()
    is_pending = tenant.status is Status.PENDING
    moment = _Moment(
        access=standing(tenant, at, used.expiring),
        has_ended=validity_has_ended(tenant),
        waited=dates.span(at - (tenant.created_at or at)) if is_pending else "",
    )
    of_settings = (used.time_zone, used.fsm_proof, used.sign_up_min_seconds)
    return _card(tenant, tuple(gaps), moment, of_settings, locale_name())


class _Moment(NamedTuple):
    """What the time of the request decides.

    Attributes:
        access: The access status.
        has_ended: Whether the validity has ended.
        waited: How long a sign-up has waited, in words.
    """

    access: AccessStatus
    has_ended: bool
    waited: str


# As many as a few people work on, since they are personal.
@lru_cache(256)
def _card(
    tenant: Tenant,
    gaps: tuple[Gap, ...],
    moment: _Moment,
    of_settings: tuple[ZoneInfo, bool, int],
    language: str,
) -> TenantCard:
    """The card, which is kept for these arguments. Nothing here may ask for the time, and for
    settings only those that are named.

    Args:
        of_settings: The time zone, whether the shell proves ids, and the seconds that a sign-up
            takes at least.
        language: That of the request.
    """
    del of_settings, language
    zone, access = settings().time_zone, moment.access
    status = labels.ACCESS_STATUS[access] if tenant.is_active else labels.STATUS[tenant.status]
    tone = labels.TONE[access]
    if tenant.set_aside and tenant.status is Status.PENDING:
        # The same word as in the lists.
        status, tone = labels.TAB[Tab.ASIDE], "warning"
    contact, ids, client = tenant.contact, tenant.ids, tenant.client
    facts = [
        # Without the company, which is the heading of the page.
        *contact_facts(contact)[1:],
        (_("Personal details"), _erased(tenant)),
        (_("Domain in ASCII"), _other_domain(contact.email)),
        (_("Email confirmed"), _confirmed(tenant)),
        (_("Language of the customer"), language_of_contact(tenant.locale)),
        *(
            [
                (_("Account"), labels.named_id(ids.account_name, ids.account_id)),
                (_("Company in FSM"), labels.named_id(ids.company_name, ids.company_id)),
                (_("Cluster"), _cluster(ids.cluster)),
                (_("Proved by the shell"), _proved(tenant)),
            ]
            if ids
            else []
        ),
        (_("Requested"), dates.moment(tenant.created_at, zone)),
        (_("Valid from"), _valid_from(tenant)),
        (_("Valid through"), _valid_through(tenant)),
        (_("Client id"), client.id),
        (_("Reason"), labels.reason_label(tenant.reason)),
        (_("Message to the customer"), tenant.message),
    ]
    if not client.sealed_secret:
        secret = _("No client secret is set.") if tenant.is_final else ""
    elif client.secret_set_at:
        secret = _("Client secret: set on %(day)s.", day=dates.day(client.secret_set_at, zone))
    else:
        secret = _("Client secret: set.")
    return TenantCard(
        id=tenant.id,
        company=contact.company or (tenant.id if Gap.CONTACT in gaps else _("(erased)")),
        status=_(status),
        tone=tone,
        status_sentence=_status_sentence(tenant, moment),
        facts=[(label, value) for label, value in facts if value],
        incomplete=_("Incomplete") if gaps else "",
        warnings=[*(_(_TO_COMPLETE[gap]) for gap in gaps), *_warnings(tenant, gaps, moment)],
        secret=secret,
    )


def _erased(tenant: Tenant) -> str:
    """When retention has erased them; of a closed sign-up, its history says so."""
    if not tenant.erased_at:
        return ""
    return _("erased on %(day)s", day=dates.day(tenant.erased_at, settings().time_zone))


def _confirmed(tenant: Tenant) -> str:
    """When the customer proved the address. Records of the old application have nobody to ask."""
    if tenant.email_confirmed_at:
        return dates.moment(tenant.email_confirmed_at, settings().time_zone)
    return _("not yet") if tenant.status_link and tenant.contact.email else ""


def _proved(tenant: Tenant) -> str:
    """What the shell has proved of the ids, and when. A sign-up without a proof only claims them;
    that is said where others may have one."""
    if tenant.shell_proof:
        when = dates.moment(tenant.shell_proof.at, settings().time_zone)
        return f"{proved_words(tenant.shell_proof)}, {when}"
    is_claim = tenant.status is Status.PENDING and settings().fsm_proof
    return _("nothing, the ids are a claim") if is_claim else ""


def proved_words(proof: ShellProof) -> str:
    """What the shell has proved, and what not."""
    return _(_VERDICTS[proof.verdict])


def _proof_warnings(tenant: Tenant) -> list[str]:
    """For whoever decides: where a token contradicts the sign-up, or could not be checked."""
    if tenant.status is not Status.PENDING or tenant.shell_proof is None:
        return []
    if tenant.shell_proof.verdict is ShellVerdict.OTHER_COMPANIES:
        return [
            _(
                "The token of the shell lists other companies of this account, and not the one of"
                " this sign-up. Ask the customer which company is meant before you decide."
            )
        ]
    if tenant.shell_proof.verdict is ShellVerdict.UNCHECKED:
        return [
            _(
                "The shell gave a token, but the keys of the cluster could not be read, so nobody"
                " knows what it proves. Check the ids as those of any sign-up without a token."
            )
        ]
    return []


def _other_domain(email: str) -> str:
    """The domain as the network knows it, if that is not what people read."""
    domain = email.rpartition("@")[2]
    return "" if domain.isascii() else ascii_domain(email)


def _cluster(stored: str) -> str:
    """The cluster as it is stored. An old record may have a text that is never answered."""
    if not stored or cluster_of(stored) is not None:
        return stored
    return _("%(text)s (not a cluster: programs do not get it)", text=stored)


def _valid_from(tenant: Tenant) -> str:
    """`1 January 2026, 00:00 Europe/Berlin`, or the exact instant of an imported start."""
    zone, start = settings().time_zone, tenant.validity.valid_from
    if start is None:
        return ""
    if dates.starts_with_a_day(start, zone):
        day = dates.long_day(start.astimezone(zone).date())
        return _("%(day)s, 00:00 %(zone)s", day=day, zone=zone.key)
    return dates.moment(start, zone)


def _valid_through(tenant: Tenant) -> str:
    """`31 December 2026, 24:00 Europe/Berlin`, or the exact instant of an imported end."""
    zone, validity = settings().time_zone, tenant.validity
    if validity.valid_to is None:
        return _("no end") if validity.open_ended else ""
    if dates.ends_with_a_day(validity.valid_to, zone):
        day = dates.long_day(validity.valid_to.astimezone(zone).date())
        return _("%(day)s, 24:00 %(zone)s", day=day, zone=zone.key)
    return dates.moment(validity.valid_to, zone)


def _status_sentence(tenant: Tenant, moment: _Moment) -> str:
    zone, validity = settings().time_zone, tenant.validity
    match tenant.status, moment.access:
        case Status.PENDING, _:
            return _("Waiting for %(span)s.", span=moment.waited)
        case Status.ACTIVE, (AccessStatus.VALID | AccessStatus.EXPIRING):
            return _("Valid through %(through)s.", through=_valid_through(tenant))
        case Status.ACTIVE, AccessStatus.NOT_YET_VALID:
            start = validity.valid_from
            return _(
                "Valid from %(day)s through %(through)s.",
                day=dates.long_day(start.astimezone(zone).date()) if start else "",
                through=_valid_through(tenant),
            )
        case Status.ACTIVE, AccessStatus.EXPIRED:
            return _("Ended on %(day)s.", day=dates.day(validity.valid_to, zone))
        case _:
            return ""


#: What an incomplete tenant lacks, why that matters, and what to do next.
_TO_COMPLETE = {
    Gap.END: N_(
        "Incomplete: the old application saved no end of the validity, so access is refused. Set"
        " the validity. If it is to have no end, an operator says so with adopt --keep."
    ),
    Gap.CONTACT: N_(
        "Incomplete: the company, the name or the email address of the contact is missing. Change"
        " the contact."
    ),
    Gap.IDS: N_(
        "Incomplete: the account id or the company id is missing. If the tenant id holds both, save"
        " the contact anew: that adds them. Otherwise import this tenant with its ids."
    ),
    Gap.TENANT_ID: N_(
        "Incomplete: the tenant id is not made of the account id and the company id, so the"
        " application does not find this tenant. Import it under its ids, then suspend it here."
    ),
    Gap.CLUSTER: N_(
        "Incomplete: the cluster is not the name of one, so the application does not get it. Import"
        " this tenant with its cluster."
    ),
    Gap.ATTRIBUTES: N_(
        "Incomplete: some values cannot be read, and are not shown here. Enter the contact and the"
        " validity anew. An operator sees with adopt which values these are."
    ),
}


def _warnings(tenant: Tenant, gaps: Collection[Gap], moment: _Moment) -> list[str]:
    warnings = []
    if tenant.erased and not tenant.is_closed:
        warnings.append(
            _(
                "The personal details were erased, since the licence ended long ago. To give this"
                " tenant access again, enter a contact first."
            )
        )
    if tenant.waits_for_address and tenant.status is Status.PENDING:
        warnings.append(
            _(
                "This sign-up waits until the customer confirms the email address: then it gets"
                " into the queue by itself. If you know the customer, move it into the queue."
            )
        )
    elif tenant.is_doubtful:
        warnings.append(
            _(
                "A robot may have sent this sign-up, or too many came at once, so it is not in the"
                " queue. If a person sent it, move it into the queue."
            )
        )
    if tenant.too_fast and tenant.status is Status.PENDING:
        warnings.append(
            _(
                "The form was sent within %(seconds)s seconds, faster than most people type. If the"
                " details look like those of a person, decide as usual.",
                seconds=settings().sign_up_min_seconds,
            )
        )
    warnings += _proof_warnings(tenant)
    if tenant.status is Status.PENDING:
        contact = tenant.contact
        # Each once, in the order of the page.
        words = dict.fromkeys(mixed_words(f"{contact.company} {contact.name} {contact.email}"))
        warnings += [
            _(
                "“%(word)s” mixes letters of several scripts (%(scripts)s), so it may imitate"
                " another word. Check it before you decide.",
                word=word,
                scripts=", ".join(script_name(each) for each in scripts_of(word)),
            )
            for word in words
        ]
    window_missing = moment.access is AccessStatus.WINDOW_MISSING
    if tenant.is_active and window_missing and Gap.END not in gaps:
        warnings.append(
            _("The validity is missing or cannot be read, so access is refused. Set the validity.")
        )
    if tenant.status is Status.SUSPENDED and moment.has_ended:
        warnings.append(
            _(
                "The validity has ended. To give access again, reinstate the tenant and set a new"
                " validity."
            )
        )
    if tenant.is_active and tenant.client.id and not tenant.client.sealed_secret:
        warnings.append(
            _("A client id is set, but no client secret. Set the client secret as well.")
        )
    return warnings
