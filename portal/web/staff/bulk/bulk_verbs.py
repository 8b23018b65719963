"""The verbs that make sense for many tenants at once, and the words that have a number.

All other words of a verb, and its form, are those of one decision: `portal.web.staff.tenant`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from portal.queries import Tab
from portal.tenants import RENEWAL_TERMS, Status, Tenant, Verb, renewed, status_after
from portal.web.http import now, settings
from portal.web.i18n import _, labels, ngettext
from portal.web.staff.tenant import BY_VERB, TERM, VerbEntry, confirmation_sentence, end_day


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkVerb:
    """One of them.

    title: what is about to be done; also the text of the button that does it.
    done: what was done.
    tabs: the lists that offer it.
    tone: of the button.
    """

    verb: Verb
    title: Callable[[int], str]
    done: Callable[[int], str]
    tabs: frozenset[Tab]
    tone: str = ""

    @property
    def entry(self) -> VerbEntry:
        return BY_VERB[self.verb]


#: In the order in which a list offers them.
BULK_VERBS = (
    BulkVerb(
        verb=Verb.RENEW,
        title=lambda n: ngettext("Renew %(num)d licence", "Renew %(num)d licences", n),
        done=lambda n: ngettext("%(num)d licence is renewed.", "%(num)d licences are renewed.", n),
        tabs=frozenset({Tab.ACTIVE, Tab.EXPIRING, Tab.EXPIRED, Tab.ALL}),
        tone="emphasised",
    ),
    BulkVerb(
        verb=Verb.RELEASE,
        title=lambda n: ngettext(
            "Move %(num)d sign-up into the queue", "Move %(num)d sign-ups into the queue", n
        ),
        done=lambda n: ngettext(
            "%(num)d sign-up is now in the queue.", "%(num)d sign-ups are now in the queue.", n
        ),
        tabs=frozenset({Tab.ASIDE, Tab.ALL}),
    ),
    BulkVerb(
        verb=Verb.REJECT,
        title=lambda n: ngettext("Reject %(num)d sign-up", "Reject %(num)d sign-ups", n),
        done=lambda n: ngettext(
            "%(num)d sign-up is rejected.", "%(num)d sign-ups are rejected.", n
        ),
        tabs=frozenset({Tab.PENDING, Tab.ASIDE, Tab.ALL}),
        tone="negative",
    ),
    BulkVerb(
        verb=Verb.REINSTATE,
        title=lambda n: ngettext("Reinstate %(num)d tenant", "Reinstate %(num)d tenants", n),
        done=lambda n: ngettext(
            "%(num)d tenant is active again.", "%(num)d tenants are active again.", n
        ),
        tabs=frozenset({Tab.SUSPENDED, Tab.ALL}),
        tone="positive",
    ),
    BulkVerb(
        verb=Verb.SUSPEND,
        title=lambda n: ngettext("Suspend %(num)d tenant", "Suspend %(num)d tenants", n),
        done=lambda n: ngettext(
            "%(num)d tenant is suspended.", "%(num)d tenants are suspended.", n
        ),
        tabs=frozenset({Tab.ACTIVE, Tab.EXPIRING, Tab.EXPIRED, Tab.ALL}),
        tone="negative",
    ),
    BulkVerb(
        verb=Verb.REOPEN,
        title=lambda n: ngettext("Reopen %(num)d sign-up", "Reopen %(num)d sign-ups", n),
        done=lambda n: ngettext(
            "%(num)d sign-up is back in the queue.", "%(num)d sign-ups are back in the queue.", n
        ),
        tabs=frozenset({Tab.REJECTED, Tab.ALL}),
    ),
    # The page with the results offers it.
    BulkVerb(
        verb=Verb.UNDO,
        title=lambda n: ngettext("Undo %(num)d decision", "Undo %(num)d decisions", n),
        done=lambda n: ngettext("%(num)d decision is undone.", "%(num)d decisions are undone.", n),
        tabs=frozenset(),
    ),
)

_BY_NAME = {each.verb.value: each for each in BULK_VERBS}


def bulk_verb(name: str) -> BulkVerb | None:
    """`None`: no verb for many has this name."""
    return _BY_NAME.get(name)


def offered_in(tab: Tab) -> list[BulkVerb]:
    return [each for each in BULK_VERBS if tab in each.tabs]


def effect_labels(verb: Verb) -> list[str]:
    """The headings of what `effects` says."""
    if verb is Verb.RENEW:
        return [_("Ends"), *(_(TERM[term]) for term in RENEWAL_TERMS)]
    return [_("What happens")]


def effects(verb: Verb, tenant: Tenant) -> list[str]:
    """`Pending → Rejected`: what the verb makes of this tenant. Of a licence: its end now, and with
    each of the terms."""
    if verb is Verb.UNDO:
        return [_("Becomes as it was before your decision.")]
    if verb is Verb.RENEW:
        zone, present = settings().time_zone, tenant.validity
        ends = [renewed(present, term, zone, now()) for term in RENEWAL_TERMS]
        return [end_day(each) for each in (present, *ends)]
    before = _(labels.STATUS[tenant.status])
    if tenant.status is Status.PENDING and not tenant.is_queued:
        before = _(labels.TAB[Tab.ASIDE])
    after = _(labels.STATUS[status_after(tenant.status, verb)])
    return [f"{before} → {after}"]


def done_sentence(verb: Verb, tenant: Tenant, company: str, old_end: str) -> str:
    """What a decision says when it is made: the words of a single one.

    old_end: the end of the licence before, as the person saw it.
    """
    if verb is Verb.RENEW and old_end:
        return _(
            "The licence of %(company)s now ends on %(new)s, before: %(old)s.",
            company=company,
            new=end_day(tenant.validity),
            old=old_end,
        )
    return confirmation_sentence(verb, company)
