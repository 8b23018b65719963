"""The words for statuses, verbs, reasons and problems. English here; catalogues translate."""

from portal.contacts import Problem
from portal.listings import Alike, Tab
from portal.staff import Role
from portal.tenants import Reason, Standing, Status, Verb
from portal.web.translate import _, _l

STATUS = {
    Status.PENDING: _l("Pending"),
    Status.ACTIVE: _l("Active"),
    Status.SUSPENDED: _l("Suspended"),
    Status.REJECTED: _l("Rejected"),
    Status.WITHDRAWN: _l("Withdrawn"),
}

#: What an active tenant is called, by its standing.
STANDING = {
    Standing.VALID: _l("Active"),
    Standing.EXPIRING: _l("Expiring"),
    Standing.EXPIRED: _l("Expired"),
    Standing.NOT_YET_VALID: _l("Scheduled"),
    Standing.WINDOW_MISSING: _l("No validity"),
    Standing.SUSPENDED: _l("Suspended"),
    Standing.PENDING: _l("Pending"),
}

TONE = {
    Standing.VALID: "positive",
    Standing.EXPIRING: "warning",
    Standing.EXPIRED: "negative",
    Standing.NOT_YET_VALID: "information",
    Standing.WINDOW_MISSING: "negative",
    Standing.SUSPENDED: "negative",
    Standing.PENDING: "information",
    Standing.CLOSED: "",
}

TAB = {
    Tab.PENDING: _l("Pending"),
    Tab.ACTIVE: _l("Active"),
    Tab.EXPIRING: _l("Expiring"),
    Tab.EXPIRED: _l("Expired"),
    Tab.SUSPENDED: _l("Suspended"),
    Tab.REJECTED: _l("Rejected"),
    Tab.ASIDE: _l("Set aside"),
    Tab.ALL: _l("All"),
}

EMPTY = {
    Tab.PENDING: _l("Nobody is waiting."),
    Tab.ACTIVE: _l("No tenant is active."),
    Tab.EXPIRING: _l("No licence ends in the next 30 days."),
    Tab.EXPIRED: _l("No licence has ended."),
    Tab.SUSPENDED: _l("No tenant is suspended."),
    Tab.REJECTED: _l("No sign-up was rejected or withdrawn."),
    Tab.ASIDE: _l("No sign-up was set aside."),
    Tab.ALL: _l("There are no tenants yet."),
}

REASON = {
    Reason.NOT_A_CUSTOMER: _l("Not a customer"),
    Reason.DUPLICATE: _l("Asked twice"),
    Reason.DETAILS_MISSING: _l("Details are missing"),
    Reason.CONTRACT_ENDED: _l("The contract has ended"),
    Reason.UNPAID: _l("Not paid"),
    Reason.MISUSE: _l("Misuse"),
    Reason.OTHER: _l("Another reason"),
}

ALIKE = {
    Alike.EMAIL: _l("Same e-mail address"),
    Alike.COMPANY: _l("Same company name"),
    Alike.ACCOUNT: _l("Same account"),
}

#: In a history, behind a name: "Anna Smith: activated".
DID = {
    Verb.SUBMIT: _l("Asked for access"),
    Verb.ACTIVATE: _l("Activated"),
    Verb.REJECT: _l("Rejected"),
    Verb.WITHDRAW: _l("Withdrawn"),
    Verb.REOPEN: _l("Reopened"),
    Verb.SUSPEND: _l("Suspended"),
    Verb.REINSTATE: _l("Reinstated"),
    Verb.SET_VALIDITY: _l("Validity set"),
    Verb.SET_CLIENT: _l("OAuth client set"),
    Verb.EDIT_CONTACT: _l("Contact changed"),
    Verb.RELEASE: _l("Moved into the queue"),
    Verb.ERASE: _l("Personal details erased"),
}

REFUSED = {
    Verb.ACTIVATE: _l("Only a pending tenant can be activated."),
    Verb.REJECT: _l("Only a pending tenant can be rejected."),
    Verb.WITHDRAW: _l("Only a pending sign-up can be withdrawn."),
    Verb.REOPEN: _l("Only a rejected or withdrawn sign-up can be reopened."),
    Verb.SUSPEND: _l("Only an active tenant can be suspended."),
    Verb.REINSTATE: _l("Only a suspended tenant can be reinstated."),
    Verb.SET_VALIDITY: _l("Only an active or suspended tenant has a validity to set."),
    Verb.SET_CLIENT: _l("Only an active or suspended tenant has an OAuth client to set."),
    Verb.EDIT_CONTACT: _l("The contact of a closed sign-up cannot be changed."),
    Verb.RELEASE: _l("Only a pending sign-up can be moved into the queue."),
}


ROLE = {
    Role.VIEWER: _l("Viewer"),
    Role.APPROVER: _l("Approver"),
    Role.ADMIN: _l("Administrator"),
}

#: What a history calls the attributes that an event names.
ATTRIBUTE = {
    "accountId": _l("Account id"),
    "companyId": _l("Company id"),
    "cluster": _l("Cluster"),
    "validFrom": _l("Valid from"),
    "validTo": _l("Valid through"),
    "clientId": _l("Client id"),
    "clientSecret": _l("Client secret"),
    "contactCompanyName": _l("Company name"),
    "contactFullName": _l("Contact's name"),
    "contactPhone": _l("Phone number"),
    "contactEmailAddress": _l("E-mail address"),
    "accountName": _l("Account name"),
    "companyName": _l("Company name in FSM"),
}


def did(verb: str) -> str:
    """What a history says was done; a verb of a later portal stays as it is."""
    try:
        return str(DID[Verb(verb)])
    except ValueError:
        return verb


def who_did(verb: Verb, who: str, ago: str) -> str:
    """`Anna activated this 2 minutes ago.`"""
    values = {"who": who, "ago": ago}
    match verb:
        case Verb.ACTIVATE:
            return _("%(who)s activated this %(ago)s.", **values)
        case Verb.REJECT:
            return _("%(who)s rejected this %(ago)s.", **values)
        case Verb.WITHDRAW:
            return _("%(who)s withdrew this %(ago)s.", **values)
        case Verb.REOPEN:
            return _("%(who)s reopened this %(ago)s.", **values)
        case Verb.SUSPEND:
            return _("%(who)s suspended this %(ago)s.", **values)
        case Verb.REINSTATE:
            return _("%(who)s reinstated this %(ago)s.", **values)
        case Verb.SET_VALIDITY:
            return _("%(who)s set the validity %(ago)s.", **values)
        case Verb.SET_CLIENT:
            return _("%(who)s set the OAuth client %(ago)s.", **values)
        case Verb.EDIT_CONTACT:
            return _("%(who)s changed the contact %(ago)s.", **values)
        case _:
            return _("%(who)s changed this %(ago)s.", **values)


def done(verb: Verb, company: str) -> str:
    """What has just been done, to who did it."""
    match verb:
        case Verb.ACTIVATE:
            return _("%(company)s is active.", company=company)
        case Verb.REJECT:
            return _("The sign-up of %(company)s is rejected.", company=company)
        case Verb.REOPEN:
            return _("The sign-up of %(company)s is back in the queue.", company=company)
        case Verb.RELEASE:
            return _("The sign-up of %(company)s is now in the queue.", company=company)
        case Verb.SUSPEND:
            return _("%(company)s is suspended.", company=company)
        case Verb.REINSTATE:
            return _("%(company)s is active again.", company=company)
        case Verb.SET_VALIDITY:
            return _("The validity of %(company)s is set.", company=company)
        case Verb.SET_CLIENT:
            return _("The OAuth client of %(company)s is set.", company=company)
        case Verb.EDIT_CONTACT:
            return _("The contact of %(company)s is changed.", company=company)
        case _:
            return _("Saved.")


def by_whom(by: str) -> str:
    return _("The customer") if by == "customer" else by


def company_problem(problem: Problem) -> str:
    match problem:
        case Problem.MISSING:
            return _("Enter the company name.")
        case Problem.TOO_LONG:
            return _("Company name must be 200 characters or fewer.")
        case _:
            return _("Company name contains characters that cannot be used.")


def name_problem(problem: Problem) -> str:
    match problem:
        case Problem.MISSING:
            return _("Enter your name.")
        case Problem.TOO_LONG:
            return _("Name must be 200 characters or fewer.")
        case _:
            return _("Name contains characters that cannot be used.")


def email_problem(problem: Problem) -> str:
    match problem:
        case Problem.MISSING:
            return _("Enter your email address.")
        case Problem.TOO_LONG:
            return _("Email address is too long.")
        case _:
            return _("Enter an email address like name@example.com.")


def phone_problem(problem: Problem) -> str:
    match problem:
        case Problem.PHONE_TOO_SHORT:
            return _("This phone number is too short. Enter all of its digits.")
        case Problem.PHONE_TOO_LONG:
            return _("This phone number is too long. Enter one number only.")
        case Problem.PHONE_COUNTRY:
            return _("This is not a phone number in this country. Check its country code.")
        case _:
            return _("Enter a phone number with country code, like +49 30 901820.")


def id_problem(problem: Problem) -> str:
    if problem is Problem.MISSING:
        return _("Enter the id.")
    return _("Enter the id in letters and digits only, at most 40.")


def text_problem(problem: Problem) -> str:
    match problem:
        case Problem.MISSING:
            return _("Enter a text.")
        case Problem.TOO_LONG:
            return _("This text is too long.")
        case _:
            return _("This text contains characters that cannot be used.")


def date_problem(problem: Problem) -> str:
    del problem
    return _("Enter a date as YYYY-MM-DD between 2000 and 2199.")


def choice_problem(problem: Problem) -> str:
    del problem
    return _("Choose one of the reasons.")
