"""The verbs of staff, each described once: its role, form, route and texts.

`portal.tenants.life_cycle` says from which status a verb leads to which. The forms of a tenant's
page, the routes, the access table, the history, the conflicts and the confirmations are made
from this table. CONTRIBUTING.md says how to add a verb.
"""

from collections.abc import Callable
from dataclasses import dataclass

from portal.auth import Role
from portal.onboarding import activation, licences, sign_ups
from portal.tenants import Status, Tenant, Verb, can
from portal.web.forms import form_version
from portal.web.http import audit_info, now, services, settings, store
from portal.web.i18n import N_, _
from portal.web.staff.forms import (
    ActivateForm,
    ClientForm,
    EditContactForm,
    RejectForm,
    SuspendForm,
    ValidityForm,
    VerbForm,
)


def _always(text: str) -> Callable[[Tenant], str]:
    return lambda _tenant: text


_PLAIN, _NO_TEXT = _always("plain"), _always("")


@dataclass(frozen=True, kw_only=True, slots=True)
class VerbEntry:
    """One verb.

    history: its name in the history.
    change: its function in `portal.onboarding`. `None` for verbs that staff do not decide on;
        these have texts only.
    seals: whether `change` takes the sealer.
    route: the last part of its address; also its endpoint, and the prefix of its fields' ids.
    role: the lowest role that may do it.
    offered: whether a tenant's page offers it where the life cycle allows it.
    legend, button, tone: the heading of its form, and its button.
    key: the shortcut key that opens its form.
    explanation: a sentence in front of its fields.
    done: confirms it to the person who did it.
    conflict: tells another person, whose decision came second, that this one came first.
    refused: says why the tenant's status does not allow it.
    undo: the verb that undoes it.
    shows_next: whether its confirmation leads to the next pending tenant.
    """

    verb: Verb
    history: str
    change: Callable[..., Tenant] | None = None
    seals: bool = False
    route: str = ""
    role: Role = Role.APPROVER
    form: type[VerbForm] = VerbForm
    offered: Callable[[Tenant], bool] = lambda _tenant: True
    legend: str = ""
    button: str = ""
    key: str = ""
    tone: Callable[[Tenant], str] = _PLAIN
    explanation: Callable[[Tenant], str] = _NO_TEXT
    done: str = N_("Saved.")
    conflict: str = N_("%(who)s changed this %(ago)s.")
    refused: str = ""
    undo: Verb | None = None
    shows_next: bool = False

    def is_offered(self, tenant: Tenant) -> bool:
        return self.change is not None and can(tenant.status, self.verb) and self.offered(tenant)

    def perform(self, tenant_id: str, form: VerbForm) -> Tenant:
        """Makes the change in the name of the person who is signed in.

        Raises:
            TypeError: staff cannot decide on this verb.
            Exception: what the verb's function in `portal.onboarding` raises.
        """
        if self.change is None:
            raise TypeError(f"{self.verb} is not a decision of staff")
        sealer = (services().sealer,) if self.seals else ()
        return self.change(
            store(),
            *sealer,
            tenant_id,
            expected_version=form_version(),
            audit=audit_info(),
            **form.arguments(),
        )


def validity_has_ended(tenant: Tenant) -> bool:
    """Whether the validity has ended. If so, reinstating alone gives no access."""
    return tenant.validity.valid_to is not None and tenant.validity.valid_to < now()


def _explain_days(_tenant: Tenant) -> str:
    zone = settings().time_zone.key
    return _("Both days count. The last day ends at 24:00 %(zone)s.", zone=zone)


def _explain_reinstating(tenant: Tenant) -> str:
    if validity_has_ended(tenant):
        return _("The validity has ended. Access stays refused until you set a new one.")
    return _("The validity does not change.")


def _tone_of_validity(tenant: Tenant) -> str:
    return "emphasised" if tenant.status is Status.ACTIVE else "plain"


#: In the order in which a page offers them.
VERBS = (
    VerbEntry(
        verb=Verb.RELEASE,
        history=N_("Moved into the queue"),
        change=sign_ups.release,
        route="release",
        offered=lambda tenant: tenant.set_aside,
        legend=N_("Move into the queue"),
        button=N_("Move into the queue"),
        done=N_("The sign-up of %(company)s is now in the queue."),
        refused=N_("Only a pending sign-up can be moved into the queue."),
    ),
    VerbEntry(
        verb=Verb.ACTIVATE,
        history=N_("Activated"),
        change=activation.activate,
        seals=True,
        route="activate",
        form=ActivateForm,
        legend=N_("Activate"),
        button=N_("Activate"),
        key="a",
        tone=_always("emphasised"),
        explanation=_explain_days,
        done=N_("%(company)s is active."),
        conflict=N_("%(who)s activated this %(ago)s."),
        refused=N_("Only a pending tenant can be activated."),
        shows_next=True,
    ),
    VerbEntry(
        verb=Verb.REJECT,
        history=N_("Rejected"),
        change=sign_ups.reject,
        route="reject",
        form=RejectForm,
        legend=N_("Reject"),
        button=N_("Reject"),
        key="r",
        tone=_always("negative"),
        done=N_("The sign-up of %(company)s is rejected."),
        conflict=N_("%(who)s rejected this %(ago)s."),
        refused=N_("Only a pending tenant can be rejected."),
        undo=Verb.REOPEN,
        shows_next=True,
    ),
    VerbEntry(
        verb=Verb.REINSTATE,
        history=N_("Reinstated"),
        change=licences.reinstate,
        route="reinstate",
        legend=N_("Reinstate"),
        button=N_("Reinstate"),
        tone=_always("positive"),
        explanation=_explain_reinstating,
        done=N_("%(company)s is active again."),
        conflict=N_("%(who)s reinstated this %(ago)s."),
        refused=N_("Only a suspended tenant can be reinstated."),
    ),
    VerbEntry(
        verb=Verb.SET_VALIDITY,
        history=N_("Validity set"),
        change=licences.set_validity,
        route="validity",
        form=ValidityForm,
        legend=N_("Set the validity"),
        button=N_("Set validity"),
        tone=_tone_of_validity,
        explanation=_explain_days,
        done=N_("The validity of %(company)s is set."),
        conflict=N_("%(who)s set the validity %(ago)s."),
        refused=N_("Only an active or suspended tenant has a validity to set."),
    ),
    VerbEntry(
        verb=Verb.SUSPEND,
        history=N_("Suspended"),
        change=licences.suspend,
        route="suspend",
        form=SuspendForm,
        legend=N_("Suspend"),
        button=N_("Suspend"),
        tone=_always("negative"),
        explanation=lambda _tenant: _("Access stops at once. The validity keeps running."),
        done=N_("%(company)s is suspended."),
        conflict=N_("%(who)s suspended this %(ago)s."),
        refused=N_("Only an active tenant can be suspended."),
        undo=Verb.REINSTATE,
    ),
    VerbEntry(
        verb=Verb.SET_CLIENT,
        history=N_("OAuth client set"),
        change=licences.set_client,
        seals=True,
        route="client",
        form=ClientForm,
        legend=N_("Replace the OAuth client"),
        button=N_("Set client"),
        done=N_("The OAuth client of %(company)s is set."),
        conflict=N_("%(who)s set the OAuth client %(ago)s."),
        refused=N_("Only an active or suspended tenant has an OAuth client to set."),
    ),
    VerbEntry(
        verb=Verb.REOPEN,
        history=N_("Reopened"),
        change=sign_ups.reopen,
        route="reopen",
        offered=lambda tenant: not tenant.erased,
        legend=N_("Reopen"),
        button=N_("Reopen"),
        tone=_always("emphasised"),
        explanation=lambda _tenant: _("The sign-up goes back into the queue unchanged."),
        done=N_("The sign-up of %(company)s is back in the queue."),
        conflict=N_("%(who)s reopened this %(ago)s."),
        refused=N_("Only a rejected or withdrawn sign-up can be reopened."),
    ),
    VerbEntry(
        verb=Verb.EDIT_CONTACT,
        history=N_("Contact changed"),
        change=sign_ups.edit_contact,
        route="contact",
        form=EditContactForm,
        legend=N_("Change the contact"),
        button=N_("Change contact"),
        done=N_("The contact of %(company)s is changed."),
        conflict=N_("%(who)s changed the contact %(ago)s."),
        refused=N_("The contact of a closed sign-up cannot be changed."),
    ),
    # Verbs of customers, imports and retention: staff only see them in the history.
    VerbEntry(verb=Verb.SUBMIT, history=N_("Asked for access")),
    VerbEntry(
        verb=Verb.WITHDRAW,
        history=N_("Withdrawn"),
        conflict=N_("%(who)s withdrew this %(ago)s."),
        refused=N_("Only a pending sign-up can be withdrawn."),
    ),
    VerbEntry(verb=Verb.ERASE, history=N_("Personal details erased")),
    VerbEntry(
        verb=Verb.IMPORT, history=N_("Imported"), conflict=N_("%(who)s imported this %(ago)s.")
    ),
)

BY_VERB = {entry.verb: entry for entry in VERBS}
#: The verbs that staff decide on. Each has a route.
DECISIONS = tuple(entry for entry in VERBS if entry.change is not None)


def history_label(verb: str) -> str:
    """The verb's name in the history. A verb of a later version of the portal stays as it is."""
    try:
        return _(BY_VERB[Verb(verb)].history)
    except ValueError:
        return verb


def conflict_headline(verb: Verb, who: str, ago: str) -> str:
    """`Anna activated this 2 minutes ago.`"""
    return _(BY_VERB[verb].conflict, who=who, ago=ago)


def confirmation_sentence(verb: Verb, company: str) -> str:
    """Confirms the decision to the person who made it."""
    return _(BY_VERB[verb].done, company=company)
