"""The page of API tokens, for admins: make, list, revoke. A new token is shown once."""

import re
from dataclasses import dataclass

from flask import Response, make_response, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.auth import (
    TOKEN_ID,
    Token,
    api_token_page,
    create_api_token,
    find_api_token,
    new_token_id,
    revoke_api_token,
)
from portal.queries import PageCursor
from portal.stores import ItemExistsError, ItemNotFoundError
from portal.web.http import (
    note_saved,
    now,
    services,
    settings,
    source,
    store,
    strip_unprintable,
    url_for,
)
from portal.web.i18n import _, dates, format_number
from portal.web.staff.accounts.token_form import TokenForm

_LIST_NAME = "tokens"


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRow:
    """A token as the list shows it. `revoke_url`: empty if there is nothing to revoke."""

    name: str
    kid: str
    scopes: str
    calls: str
    state: str
    tone: str
    end: str
    last_used: str
    revoke_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewToken:
    """A token that was made just now. `text`: what nobody sees again."""

    name: str
    text: str


def tokens_page() -> AnyResponse:
    """GET shows the list and the form; POST makes a token and shows it."""
    if request.method != "POST":
        return _page(TokenForm(formdata=None, data=TokenForm.initial_data()))
    form = TokenForm()
    if not form.validate():
        return _page(form, code=422)
    # The form has brought the first half of its token. So a form that is sent twice makes one.
    sent_id = request.form.get("kid", "")
    kid = sent_id if re.fullmatch(TOKEN_ID, sent_id, re.ASCII) else new_token_id()
    try:
        text = create_api_token(
            store(),
            name=form.name.value,
            scopes=form.scopes(),
            life=form.life(),
            now=now(),
            per_hour=form.per_hour.value,
            source=source(),
            kid=kid,
        )
    except ItemExistsError:
        return _page(form, code=409)
    note_saved()
    # No redirect: the token is in this answer and nowhere else.
    blank = TokenForm(formdata=None, data=TokenForm.initial_data())
    return _page(blank, new=NewToken(name=strip_unprintable(form.name.value), text=text))


def revoke_token(kid: str) -> AnyResponse:
    """Sending it again changes nothing."""
    try:
        revoke_api_token(store(), kid, now(), source())
    except ItemNotFoundError as error:
        raise NotFound from error
    note_saved()
    return redirect(url_for("staff.tokens", revoked=kid), 303)


def _page(form: TokenForm, *, code: int = 200, new: NewToken | None = None) -> Response:
    cursor = services().links.read_cursor(request.args.get("after", ""), _LIST_NAME)
    page = api_token_page(store(), after=cursor.position if cursor else None)
    url, next_url = url_for("staff.tokens"), ""
    if page.after is not None:
        next_cursor = services().links.cursor(PageCursor(0, page.after), _LIST_NAME)
        next_url = f"{url}?after={next_cursor}"
    problems = form.problems()
    if code == 409:
        problems = [("", _(
            "This form was sent before, and its token was shown then. If you did not copy it,"
            " revoke it below and make another one."
        ))]  # fmt: skip
    text = render_template(
        "staff/api_tokens.html",
        action=url,
        errors=problems,
        fields={
            "name": form.view(form.name),
            "scopes": form.scope_views(),
            "days": form.view(form.days),
            "per_hour": form.per_hour_view(),
        },
        kid=new_token_id(),
        new=new,
        revoked=_revoked_name(),
        rows=[_row(token) for token in page.tokens],
        first_url=url if cursor else "",
        next_url=next_url,
    )
    return make_response(text, code)


def _revoked_name() -> str:
    """The name of the token that this person has just revoked; empty if none was."""
    kid = request.args.get("revoked", "")
    if not re.fullmatch(TOKEN_ID, kid, re.ASCII):
        return ""
    try:
        token = find_api_token(store(), kid)
    except ItemNotFoundError:
        return ""
    return strip_unprintable(token.name) if token.revoked_at else ""


def _row(token: Token) -> TokenRow:
    zone = settings().time_zone
    state, tone, end = _("In use"), "positive", token.until
    if token.revoked_at:
        state, tone, end = _("Revoked"), "", token.revoked_at
    elif not token.is_good(now()):
        state, tone = _("Expired"), "negative"
    elif not token.last_used:
        state, tone = _("Not used yet"), "information"
    return TokenRow(
        name=strip_unprintable(token.name),
        kid=token.kid,
        scopes=strip_unprintable(", ".join(sorted(token.scopes))),
        calls=format_number(token.per_hour),
        state=state,
        tone=tone,
        end=dates.moment(end, zone),
        last_used=dates.moment(token.last_used, zone) if token.last_used else "",
        revoke_url="" if token.revoked_at else url_for("staff.revoke_token", kid=token.kid),
    )
