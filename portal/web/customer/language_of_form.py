"""The choice of a language in the middle of a form: the page comes back with what was typed.

The buttons belong to the form, so they send it. Nothing is checked then, and nothing done.
"""

from flask import Blueprint, Response, g, request

from portal.tenants import Tenant
from portal.web.http import remember_language
from portal.web.i18n import LANGUAGES, set_language

#: Each shows its form again, with everything that was typed, if `g.form_expired`.
_SHOW_AGAIN = frozenset(
    {"status.change", "question.answer", "follow_up.ask_again", "lost_link.ask"}
)


def keep_typed(*blueprints: Blueprint) -> None:
    """Let these forms come back in the language that is chosen."""
    for each in blueprints:
        each.before_request(_choose)
        each.after_request(_answer)


def is_chosen() -> bool:
    """Whether this request only chooses a language."""
    return "language_chosen" in g


def shown_version(tenant: Tenant) -> str:
    """The version that the customer has seen. Another language is no look at a later one."""
    return request.form.get("version", "") if is_chosen() else str(tenant.version or 0)


def _choose() -> None:
    language = request.form.get("language") if request.method == "POST" else None
    if language in LANGUAGES and request.endpoint in _SHOW_AGAIN:
        set_language(language)
        g.language_chosen = language
        g.form_expired = True


def _answer(response: Response) -> Response:
    if is_chosen():
        if response.status_code == 400:
            response.status_code = 200
        remember_language(response, g.language_chosen)
    return response
