"""What to do about a text that a field refuses: the sentence beside it and in the summary."""

from portal.contact_fields import ContactField
from portal.contact_readers import Problem
from portal.web.i18n import _


def contact_field(field: ContactField, missing: str, problem: Problem) -> str:
    """About a field of the contact form.

    missing: the sentence if it is empty, which differs for customers and staff.
    """
    match problem:
        case Problem.MISSING:
            return _(missing) if missing else text(problem)
        case Problem.TOO_LONG:
            return _(field.too_long) if field.too_long else text(problem)
        case Problem.PHONE_TOO_SHORT:
            return _("This phone number is too short. Enter all of its digits.")
        case Problem.PHONE_TOO_LONG:
            return _("This phone number is too long. Enter one number only.")
        case Problem.PHONE_COUNTRY:
            return _("This is not a phone number in this country. Check its country code.")
        case Problem.PHONE_NO_COUNTRY:
            return _("Write this phone number with + and its country code, like +49 30 901820.")
        case Problem.PHONE_REMARK:
            return _(
                "Enter the phone number only, without a remark. Write an extension like ext. 12."
            )
        case _:
            sentence = _(field.invalid) if field.invalid else text(Problem.CHARACTERS)
            return f"{sentence} {named}" if (named := _named_character(problem)) else sentence


def _named_character(problem: Problem) -> str:
    """The sentence that names what must not be in a text; empty for other problems."""
    match problem:
        case Problem.LINE_BREAK:
            return _("What you typed contains a line break.")
        case Problem.TAB:
            return _("What you typed contains a tab.")
        case Problem.DIRECTION:
            return _("What you typed contains an invisible character that turns the text around.")
        case _:
            return ""


def account_id(problem: Problem) -> str:
    if problem is Problem.MISSING:
        return _("Enter the account id.")
    return _("Enter the account id in letters and digits only, at most 40.")


def company_id(problem: Problem) -> str:
    if problem is Problem.MISSING:
        return _("Enter the company id.")
    return _("Enter the company id in letters and digits only, at most 40.")


def cluster(problem: Problem) -> str:
    if problem is Problem.MISSING:
        return _("Enter the cluster, like eu.")
    return _(
        "Enter the cluster as at most 20 letters, digits and hyphens, like eu, or paste its host,"
        " like eu.fsm.cloud.sap."
    )


def text(problem: Problem) -> str:
    match problem:
        case Problem.MISSING:
            return _("Enter a text.")
        case Problem.TOO_LONG:
            return _("This text is too long.")
        case _:
            sentence = _("This text contains characters that cannot be used.")
            return f"{sentence} {named}" if (named := _named_character(problem)) else sentence


def date(problem: Problem) -> str:
    del problem
    return _("Enter a date as YYYY-MM-DD between 2000 and 2199.")


def term(problem: Problem) -> str:
    del problem
    return _("Choose one of the terms.")


def choice(problem: Problem) -> str:
    del problem
    return _("Choose one of the reasons.")
