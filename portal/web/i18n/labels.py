"""The labels of statuses, reasons, tabs, roles, imports and attributes.

They are English here; the catalogues translate them. The words of a verb stand in
`portal.web.staff.tenant.verbs`, those of a contact field in `portal.contact_fields`.
"""

from collections.abc import Iterable

from portal.auth import Role, Scope, SecurityAct
from portal.contact_fields import CONTACT_FIELDS
from portal.imports import AllowedChange, FileFormat, JobState, Message, Policy, RowKind
from portal.queries import DuplicateReason, Tab
from portal.records import ENDED_FOR
from portal.tenants import AccessStatus, Gap, Reason, Status
from portal.web.i18n.numbers import format_number
from portal.web.i18n.translation import N_, _, ngettext

STATUS = {
    Status.PENDING: N_("Pending"),
    Status.ACTIVE: N_("Active"),
    Status.SUSPENDED: N_("Suspended"),
    Status.REJECTED: N_("Rejected"),
    Status.WITHDRAWN: N_("Withdrawn"),
}

#: The label of an active tenant, by its access status.
ACCESS_STATUS = {
    AccessStatus.VALID: N_("Active"),
    AccessStatus.EXPIRING: N_("Expiring"),
    AccessStatus.EXPIRED: N_("Expired"),
    AccessStatus.NOT_YET_VALID: N_("Scheduled"),
    AccessStatus.WINDOW_MISSING: N_("No validity"),
    AccessStatus.SUSPENDED: N_("Suspended"),
    AccessStatus.PENDING: N_("Pending"),
}

#: What an incomplete tenant lacks.
GAP = {
    Gap.END: N_("no end"),
    Gap.CONTACT: N_("no contact"),
    Gap.IDS: N_("no ids"),
    Gap.TENANT_ID: N_("tenant id of another form"),
    Gap.CLUSTER: N_("not a cluster"),
    Gap.ATTRIBUTES: N_("unreadable values"),
}

TONE = {
    AccessStatus.VALID: "positive",
    AccessStatus.EXPIRING: "warning",
    AccessStatus.EXPIRED: "negative",
    AccessStatus.NOT_YET_VALID: "information",
    AccessStatus.WINDOW_MISSING: "negative",
    AccessStatus.SUSPENDED: "negative",
    AccessStatus.PENDING: "information",
    AccessStatus.CLOSED: "",
}

TAB = {
    Tab.PENDING: N_("Pending"),
    Tab.ACTIVE: N_("Active"),
    Tab.EXPIRING: N_("Expiring"),
    Tab.EXPIRED: N_("Expired"),
    Tab.SUSPENDED: N_("Suspended"),
    Tab.REJECTED: N_("Rejected"),
    Tab.ASIDE: N_("Doubtful"),
    Tab.ALL: N_("All"),
}

EMPTY_TAB = {
    Tab.ACTIVE: N_("No tenant is active."),
    Tab.EXPIRING: N_("No tenant expires in the next %(days)s days."),
    Tab.EXPIRED: N_("No tenant has expired."),
    Tab.SUSPENDED: N_("No tenant is suspended."),
    Tab.REJECTED: N_("No sign-up was rejected or withdrawn."),
    Tab.ASIDE: N_("No sign-up is doubtful."),
    Tab.ALL: N_("There are no tenants yet."),
}

REASON = {
    Reason.NOT_A_CUSTOMER: N_("Not a customer"),
    Reason.DUPLICATE: N_("Duplicate request"),
    Reason.DETAILS_MISSING: N_("Details are missing"),
    Reason.CONTRACT_ENDED: N_("The contract has ended"),
    Reason.UNPAID: N_("Not paid"),
    Reason.MISUSE: N_("Misuse"),
    Reason.OTHER: N_("Another reason"),
    Reason.API: N_("By a program"),
}

DUPLICATE_REASON = {
    DuplicateReason.EMAIL: N_("Same email address"),
    DuplicateReason.COMPANY: N_("Same company name"),
    DuplicateReason.ACCOUNT: N_("Same account"),
}

ROLE = {
    Role.VIEWER: N_("Viewer"),
    Role.APPROVER: N_("Approver"),
    Role.ADMIN: N_("Administrator"),
}

#: What a token of a program may do, and the word for it in the API.
SCOPE = {
    Scope.TENANTS_READ: N_("Read tenants, with their contacts (tenants:read)"),
    Scope.TENANTS_WRITE: N_("Make and change tenants (tenants:write)"),
    Scope.IMPORTS_WRITE: N_("Import files (imports:write)"),
}

SECURITY_ACT = {
    SecurityAct.SIGNED_IN: N_("Signed in"),
    SecurityAct.SIGNED_OUT: N_("Signed out"),
    SecurityAct.LINK_MADE: N_("Sign-in link made"),
    SecurityAct.ROLE_CHANGED: N_("Role changed"),
    SecurityAct.INVITED: N_("Invited"),
    SecurityAct.ACCESS_ENDED: N_("Access ended"),
    SecurityAct.ACCESS_GIVEN: N_("Access given back"),
    SecurityAct.SESSION_ENDED: N_("Session ended"),
    SecurityAct.TOKEN_CREATED: N_("API token created"),
    SecurityAct.TOKEN_REVOKED: N_("API token revoked"),
    SecurityAct.WEBHOOK_ADDED: N_("Webhook added"),
    SecurityAct.WEBHOOK_ON: N_("Webhook switched on"),
    SecurityAct.WEBHOOK_OFF: N_("Webhook switched off"),
    SecurityAct.WEBHOOK_REMOVED: N_("Webhook removed"),
    SecurityAct.WEBHOOK_ROTATED: N_("New secret of a webhook"),
    SecurityAct.WEBHOOK_SECRET_ENDED: N_("Earlier secret of a webhook ended"),
    SecurityAct.WEBHOOK_SECRET_SEEN: N_("Secret of a webhook shown"),
    SecurityAct.WEBHOOK_TESTED: N_("Webhook tested"),
    SecurityAct.WEBHOOK_REPLAYED: N_("Webhooks sent again"),
    SecurityAct.WEBHOOK_GONE: N_("Receiver of a webhook is gone"),
    SecurityAct.DOUBTFUL_CLEARED: N_("Doubtful sign-ups cleared"),
    SecurityAct.LIST_EXPORTED: N_("List exported"),
    SecurityAct.REPORT_EXPORTED: N_("Report exported"),
    SecurityAct.ROLE_REFUSED: N_("Refused: role"),
    SecurityAct.SCOPE_REFUSED: N_("Refused: scope"),
    # These are never events, see portal.auth.security_log.
    SecurityAct.LINK_REFUSED: N_("Refused: sign-in link"),
    SecurityAct.PROVIDER_REFUSED: N_("Refused: sign-in at the provider"),
    SecurityAct.TOKEN_REFUSED: N_("Refused: API token"),
}

KIND = {
    RowKind.NEW: N_("New"),
    RowKind.SAME: N_("Same"),
    RowKind.UPDATE: N_("Update"),
    RowKind.CONFLICT: N_("Conflict"),
    RowKind.DUPLICATE: N_("Duplicate"),
    RowKind.INVALID: N_("Invalid"),
}

#: How many rows of each kind, in the list of imports.
KIND_COUNT = {
    RowKind.NEW: N_("%(n)s new"),
    RowKind.SAME: N_("%(n)s same"),
    RowKind.UPDATE: N_("%(n)s update"),
    RowKind.CONFLICT: N_("%(n)s conflict"),
    RowKind.DUPLICATE: N_("%(n)s duplicate"),
    RowKind.INVALID: N_("%(n)s invalid"),
}

#: What a plan says about the rows of each kind.
KIND_MEANING = {
    RowKind.NEW: N_("Not in the portal yet. This import would add these rows."),
    RowKind.SAME: N_("Already in the portal. There is nothing to change."),
    RowKind.UPDATE: N_(
        "Already in the portal, with other values. Each row lists what this import would change."
    ),
    RowKind.CONFLICT: N_("This import would not write these rows. Each row says why."),
    RowKind.DUPLICATE: N_("The file has the same tenant in another row. Only that row counts."),
    RowKind.INVALID: N_(
        "These rows cannot be imported. Correct them in the report, then import the report."
    ),
}

#: What an import that is done says about them.
KIND_OUTCOME = {
    RowKind.NEW: N_("Added by this import."),
    RowKind.SAME: N_("Already in the portal. There is nothing to change."),
    RowKind.UPDATE: N_("Changed by this import. Each row lists what changed."),
    RowKind.CONFLICT: N_("This import did not write these rows. Each row says why."),
    RowKind.DUPLICATE: N_("The file has the same tenant in another row. Only that row counted."),
    RowKind.INVALID: N_(
        "These rows could not be imported. Correct them in the report, then import the report."
    ),
}

#: What an import says that was stopped: some rows are written and some are not.
KIND_STOPPED = {
    **KIND_OUTCOME,
    RowKind.NEW: N_("The import was stopped. It added only the rows that are marked as written."),
    RowKind.UPDATE: N_(
        "The import was stopped. It changed only the rows that are marked as written; each row"
        " lists what changed."
    ),
}

#: The format that a file was found to have.
FILE_FORMAT = {
    FileFormat.DUMP: N_("Storage of a browser (localStorage)"),
    FileFormat.STORAGE_STATE: N_("Storage state of a browser automation"),
    FileFormat.PAIRS: N_("List of keys and values"),
    FileFormat.TENANTS: N_("List of tenants"),
    FileFormat.TENANTS_BY_KEY: N_("Tenants by key"),
    FileFormat.LINES: N_("JSON Lines"),
    FileFormat.REPORT: N_("Report of an import"),
    FileFormat.CHROMIUM: N_("Profile of Chromium, Edge or Brave"),
    FileFormat.FIREFOX: N_("Profile of Firefox"),
    FileFormat.WEBKIT: N_("Storage of WebKit"),
    FileFormat.TABLE: N_("Items of a DynamoDB table"),
}

POLICY = {
    Policy.SKIP: N_("Keep the values in the portal"),
    Policy.NEWER_WINS: N_("Take the values that were changed last"),
    Policy.OVERWRITE: N_("Take the values of the file"),
}

#: Each undoes a decision of staff, so an import has to ask for each by name.
ALLOWED_CHANGE = {
    AllowedChange.STATUS: N_(
        "Also change a status: make a suspended tenant active, or the reverse"
    ),
    AllowedChange.VALIDITY: N_("Also change dates that staff have set"),
}

#: The client secret in a row of an import. Nothing else about a secret is ever shown.
SECRET = {
    "set": N_("Client secret: set"),
    "unchanged": N_("Client secret: unchanged"),
    "missing": N_("Client secret: missing"),
}

IMPORT_STATE = {
    JobState.PLANNED: N_("Planned"),
    JobState.APPLYING: N_("Being written"),
    JobState.DONE: N_("Done"),
    JobState.STOPPED: N_("Stopped half-way"),
    JobState.DISCARDED: N_("Discarded"),
}

#: The attributes that an event names, as the history calls them.
ATTRIBUTE = {
    "accountId": N_("Account id"),
    "companyId": N_("Company id"),
    "cluster": N_("Cluster"),
    "validFrom": N_("Valid from"),
    "validTo": N_("Valid through"),
    "clientId": N_("Client id"),
    "clientSecret": N_("Client secret"),
    **{field.attribute: field.label for field in CONTACT_FIELDS},
    "accountName": N_("Account name"),
    "companyName": N_("Company name in FSM"),
    "shellProof": N_("Proved by the shell"),
}

#: What the shell has proved, as an event has it.
PROVED = {
    "account": N_("account"),
    "account,company": N_("account and company"),
}


def incomplete_label(gaps: Iterable[Gap]) -> str:
    """`Incomplete: no end, no contact.`, and what to do; empty if nothing is missing."""
    what = ", ".join(_(GAP[gap]) for gap in gaps)
    return _("Incomplete: %(what)s. Open it to see what to do.", what=what) if what else ""


def reason_label(reason: str) -> str:
    """Why staff rejected or suspended, or retention erased. A reason of a later version of the
    portal stays as it is."""
    if reason.startswith(ENDED_FOR) and reason.removeprefix(ENDED_FOR).isdecimal():
        return ngettext(
            "The licence had ended more than a day before.",
            "The licence had ended more than %(num)d days before.",
            int(reason.removeprefix(ENDED_FOR)),
        )
    try:
        return _(REASON[Reason(reason)])
    except ValueError:
        return reason


def proved_label(proved: str) -> str:
    """What the shell has proved. A value of a later version of the portal stays as it is."""
    return _(PROVED[proved]) if proved in PROVED else proved


def named_id(name: str, id_: str) -> str:
    """`Meyer Group (86810)`; the id alone if it has no name."""
    return f"{name} ({id_})" if name else id_


def actor_label(by: str) -> str:
    """Who changed something: a name, or the customer."""
    return _("The customer") if by == "customer" else by


def translate_message(message: Message) -> str:
    """A message about a file or a row, in the reader's language."""
    return _(
        message.words, **{name: _format_value(value) for name, value in message.values.items()}
    )


def _format_value(value: str | int) -> str:
    if isinstance(value, Message):
        return translate_message(value)
    return format_number(value) if isinstance(value, int) else value
