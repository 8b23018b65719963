"""Why a form comes back to a customer although its fields are right."""

from flask import request

from portal.web.customer.language_of_form import is_chosen
from portal.web.i18n import _


def expired_text() -> str:
    """The page was open for too long, or the browser takes no cookies. Empty if the form comes
    back only in another language."""
    if is_chosen():
        return ""
    expired = _("This page has expired. Your entries are still here: send them again.")
    if request.cookies:
        return expired
    cookies = _("If you see this again, allow cookies for this site in your browser.")
    return f"{expired} {cookies}"


def changed_meanwhile_text() -> str:
    """Somebody else was faster."""
    return _("Your request was changed in the meantime. Check it, then send the form again.")
