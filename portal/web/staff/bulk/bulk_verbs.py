"""The verbs that make sense for many tenants at once, and the words that have a number.

All other words of a verb, and its form, are those of one decision: `portal.web.staff.tenant`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from portal.queries import Tab
from portal.tenants import Status, Tenant, Verb, status_after
from portal.web.i18n import _, labels, ngettext
from portal.web.staff.tenant import BY_VERB, VerbEntry


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
)

_BY_NAME = {each.verb.value: each for each in BULK_VERBS}


def bulk_verb(name: str) -> BulkVerb | None:
    """`None`: no verb for many has this name."""
    return _BY_NAME.get(name)


def offered_in(tab: Tab) -> list[BulkVerb]:
    return [each for each in BULK_VERBS if tab in each.tabs]


def effect(verb: Verb, tenant: Tenant) -> str:
    """`Pending → Rejected`: what the verb makes of this tenant."""
    before = _(labels.STATUS[tenant.status])
    if tenant.status is Status.PENDING and not tenant.is_queued:
        before = _(labels.TAB[Tab.ASIDE])
    return f"{before} → {_(labels.STATUS[status_after(tenant.status, verb)])}"
