"""The verbs of staff, each described once: its role, form, route and texts.

`portal.tenants.life_cycle` says from which status a verb leads to which. The forms of a tenant's
page, the routes, the access table, the history, the conflicts and the confirmations are made
from this table. CONTRIBUTING.md says how to add a verb.
"""

from portal.onboarding import activation, licences, questions, sign_ups, wrong_ids
from portal.tenants import Status, Tenant, Verb, can, can_be_renewed
from portal.web.http import now, settings
from portal.web.i18n import N_, _
from portal.web.staff.tenant.forms import (
    ActivateForm,
    ClientForm,
    EditContactForm,
    IdsForm,
    NamesForm,
    QuestionForm,
    RejectForm,
    SuspendForm,
)
from portal.web.staff.tenant.validity_form import RenewForm, ValidityForm
from portal.web.staff.tenant.verb_entry import VerbEntry, always


def validity_has_ended(tenant: Tenant) -> bool:
    """Whether the validity has ended. If so, reinstating alone gives no access."""
    return tenant.validity.valid_to is not None and tenant.validity.valid_to < now()


def tells_customer(tenant: Tenant) -> bool:
    """Whether the customer of a sign-up is told by mail when it is reopened. Nobody writes to
    whoever filled the trap for robots."""
    is_doubtful = tenant.set_aside and not tenant.waits_for_address
    return bool(tenant.contact.email) and not is_doubtful


def _explain_days(_tenant: Tenant) -> str:
    zone = settings().time_zone.key
    return _("Both days count. The last day ends at 24:00 %(zone)s.", zone=zone)


def _explain_renewing(_tenant: Tenant) -> str:
    return _("Counts from the end of the licence, or from today if that has passed.")


def _explain_moving(tenant: Tenant) -> str:
    told = _(
        "The application finds the tenant under the new ids at once, and no longer under %(id)s.",
        id=tenant.id,
    )
    if not tenant.client.sealed_secret:
        return told
    secret = _("The client secret belongs to the old ids: enter it again afterwards.")
    return f"{told} {secret}"


def _explain_reinstating(tenant: Tenant) -> str:
    if validity_has_ended(tenant):
        return _("The validity has ended. Access stays refused until you set a new one.")
    return _("The validity does not change.")


def _explain_asking(tenant: Tenant) -> str:
    question = tenant.question
    if question and question.is_open:
        return _("An earlier question waits for its answer. The new one takes its place.")
    return _("The sign-up keeps its place in the queue.")


def _explain_reopening(tenant: Tenant) -> str:
    goes_back = _("The sign-up goes back into the queue unchanged.")
    if tells_customer(tenant):
        told = _("The customer gets a mail that you look at it again.")
        return f"{goes_back} {told}"
    return goes_back


def _tone_of_validity(tenant: Tenant) -> str:
    """Whether it is the first form of an active tenant. A suspended one is reinstated first."""
    return "emphasised" if tenant.status is Status.ACTIVE else "plain"


#: In the order in which a page offers them.
VERBS = (
    VerbEntry(
        verb=Verb.RELEASE,
        history=N_("Moved into the queue"),
        change=sign_ups.release,
        route="release",
        offered=lambda tenant: not tenant.is_queued,
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
        tone=always("emphasised"),
        explanation=_explain_days,
        done=N_("%(company)s is active."),
        conflict=N_("%(who)s activated this %(ago)s."),
        refused=N_("Only a pending tenant can be activated."),
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
        tone=always("negative"),
        done=N_("The sign-up of %(company)s is rejected."),
        conflict=N_("%(who)s rejected this %(ago)s."),
        refused=N_("Only a pending tenant can be rejected."),
        previewed=sign_ups.rejected,
    ),
    VerbEntry(
        verb=Verb.QUESTION,
        history=N_("Question asked"),
        change=questions.ask,
        route="question",
        form=QuestionForm,
        offered=lambda tenant: not tenant.is_doubtful,
        legend=N_("Ask the customer"),
        button=N_("Ask the customer"),
        explanation=_explain_asking,
        done=N_("The customer of %(company)s is asked."),
        conflict=N_("%(who)s asked the customer %(ago)s."),
        refused=N_("Only the customer of a pending sign-up that is not doubtful can be asked."),
        previewed=questions.asked,
    ),
    VerbEntry(
        verb=Verb.REINSTATE,
        history=N_("Reinstated"),
        change=licences.reinstate,
        route="reinstate",
        legend=N_("Reinstate"),
        button=N_("Reinstate"),
        tone=always("positive"),
        explanation=_explain_reinstating,
        done=N_("%(company)s is active again."),
        conflict=N_("%(who)s reinstated this %(ago)s."),
        refused=N_("Only a suspended tenant can be reinstated."),
    ),
    VerbEntry(
        verb=Verb.RENEW,
        history=N_("Renewed"),
        change=licences.renew,
        route="renew",
        form=RenewForm,
        offered=lambda tenant: can_be_renewed(tenant.validity),
        legend=N_("Renew"),
        button=N_("Renew"),
        tone=_tone_of_validity,
        explanation=_explain_renewing,
        done=N_("The licence of %(company)s is renewed."),
        conflict=N_("%(who)s renewed this %(ago)s."),
        refused=N_("Only an active or suspended tenant whose licence has an end can be renewed."),
    ),
    VerbEntry(
        verb=Verb.SET_VALIDITY,
        history=N_("Validity set"),
        change=licences.set_validity,
        route="validity",
        form=ValidityForm,
        keeps_untouched=True,
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
        tone=always("negative"),
        explanation=lambda _tenant: _("Access stops at once. The validity keeps running."),
        done=N_("%(company)s is suspended."),
        conflict=N_("%(who)s suspended this %(ago)s."),
        refused=N_("Only an active tenant can be suspended."),
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
        tone=always("emphasised"),
        explanation=_explain_reopening,
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
        keeps_untouched=True,
        legend=N_("Change the contact"),
        button=N_("Change contact"),
        done=N_("The contact of %(company)s is changed."),
        conflict=N_("%(who)s changed the contact %(ago)s."),
        refused=N_("The contact of a closed sign-up cannot be changed."),
    ),
    VerbEntry(
        verb=Verb.EDIT_NAMES,
        history=N_("Names and cluster changed"),
        change=licences.edit_names,
        route="names",
        form=NamesForm,
        offered=lambda tenant: tenant.ids is not None,
        legend=N_("Change the names and the cluster"),
        button=N_("Change names"),
        done=N_("The names and the cluster of %(company)s are changed."),
        conflict=N_("%(who)s changed the names or the cluster %(ago)s."),
        refused=N_("Only an active or suspended tenant has names and a cluster to change."),
    ),
    VerbEntry(
        verb=Verb.SET_IDS,
        history=N_("Moved to other ids"),
        change=wrong_ids.set_ids,
        route="ids",
        form=IdsForm,
        offered=lambda tenant: tenant.ids is not None,
        legend=N_("Wrong ids"),
        button=N_("Move to these ids"),
        tone=always("negative"),
        explanation=_explain_moving,
        done=N_("%(company)s has other ids now."),
        conflict=N_("%(who)s moved this to other ids %(ago)s."),
        refused=N_("Only an active or suspended tenant can get other ids."),
    ),
    VerbEntry(
        verb=Verb.UNDO,
        history=N_("Undone"),
        done=N_("The decision on %(company)s is undone."),
        conflict=N_("%(who)s undid a decision %(ago)s."),
    ),
    # Verbs of customers, imports, retention and operators: staff only see them in the history.
    VerbEntry(verb=Verb.SUBMIT, history=N_("Asked for access")),
    VerbEntry(
        verb=Verb.WITHDRAW,
        history=N_("Withdrawn"),
        conflict=N_("%(who)s withdrew this %(ago)s."),
        refused=N_("Only a pending sign-up can be withdrawn."),
    ),
    VerbEntry(verb=Verb.END_LINK, history=N_("Link to the status page ended")),
    VerbEntry(verb=Verb.NEW_LINK, history=N_("New link to the status page")),
    VerbEntry(
        verb=Verb.ANSWER,
        history=N_("Question answered"),
        conflict=N_("%(who)s answered your question %(ago)s."),
        refused=N_("No question waits for an answer."),
    ),
    VerbEntry(
        verb=Verb.CONFIRM_EMAIL,
        history=N_("Email address confirmed"),
        conflict=N_("%(who)s confirmed the email address %(ago)s."),
    ),
    VerbEntry(verb=Verb.ERASE, history=N_("Personal details erased")),
    VerbEntry(
        verb=Verb.IMPORT, history=N_("Imported"), conflict=N_("%(who)s imported this %(ago)s.")
    ),
    VerbEntry(verb=Verb.KEEP, history=N_("Kept, although it is incomplete")),
)

BY_VERB = {entry.verb: entry for entry in VERBS}
#: The verbs that staff decide on. Each has a route.
DECISIONS = tuple(entry for entry in VERBS if entry.change is not None)
_BY_STATUS = {
    status: tuple(entry for entry in DECISIONS if can(status, entry.verb)) for status in Status
}


def offered(tenant: Tenant) -> list[VerbEntry]:
    """What the tenant's page offers. The first one stands open. Where the details were erased,
    nothing that gives access is possible without a contact, so that comes first."""
    entries = [entry for entry in _BY_STATUS[tenant.status] if entry.offered(tenant)]
    if tenant.erased:
        entries.sort(key=lambda entry: entry.verb is not Verb.EDIT_CONTACT)
    return entries


def has_credentials(entry: VerbEntry) -> bool:
    """Whether its form has a client id and a secret, which can be tried."""
    return issubclass(entry.form, ClientForm)


def history_label(verb: str, undone: str = "") -> str:
    """The verb's name in the history. A verb of a later version of the portal stays as it is.

    Args:
        undone: The verb that an `UNDO` undid.
    """
    if verb == Verb.UNDO and undone:
        return _("Undone: %(what)s", what=history_label(undone))
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
