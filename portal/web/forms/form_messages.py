"""What to do about a field that cannot be taken: the words, beside it and in the summary."""

from portal.contacts import Problem
from portal.web.i18n import _


def company(problem: Problem) -> str:
    match problem:
        case Problem.MISSING:
            return _("Enter the company name.")
        case Problem.TOO_LONG:
            return _("Company name must be 200 characters or fewer.")
        case _:
            return _("Company name contains characters that cannot be used.")


def name(problem: Problem) -> str:
    match problem:
        case Problem.MISSING:
            return _("Enter your name.")
        case Problem.TOO_LONG:
            return _("Name must be 200 characters or fewer.")
        case _:
            return _("Name contains characters that cannot be used.")


def contact_name(problem: Problem) -> str:
    """As staff read it."""
    return _("Enter the contact's name.") if problem is Problem.MISSING else name(problem)


def contact_email(problem: Problem) -> str:
    """As staff read it."""
    if problem is Problem.MISSING:
        return _("Enter the contact's email address.")
    return email(problem)


def email(problem: Problem) -> str:
    match problem:
        case Problem.MISSING:
            return _("Enter your email address.")
        case Problem.TOO_LONG:
            return _("Email address is too long.")
        case _:
            return _("Enter an email address like name@example.com.")


def phone(problem: Problem) -> str:
    match problem:
        case Problem.PHONE_TOO_SHORT:
            return _("This phone number is too short. Enter all of its digits.")
        case Problem.PHONE_TOO_LONG:
            return _("This phone number is too long. Enter one number only.")
        case Problem.PHONE_COUNTRY:
            return _("This is not a phone number in this country. Check its country code.")
        case _:
            return _("Enter a phone number with country code, like +49 30 901820.")


def account_id(problem: Problem) -> str:
    if problem is Problem.MISSING:
        return _("Enter the account id.")
    return _("Enter the account id in letters and digits only, at most 40.")


def company_id(problem: Problem) -> str:
    if problem is Problem.MISSING:
        return _("Enter the company id.")
    return _("Enter the company id in letters and digits only, at most 40.")


def text(problem: Problem) -> str:
    match problem:
        case Problem.MISSING:
            return _("Enter a text.")
        case Problem.TOO_LONG:
            return _("This text is too long.")
        case _:
            return _("This text contains characters that cannot be used.")


def date(problem: Problem) -> str:
    del problem
    return _("Enter a date as YYYY-MM-DD between 2000 and 2199.")


def choice(problem: Problem) -> str:
    del problem
    return _("Choose one of the reasons.")
