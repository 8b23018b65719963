"""CSRF protection: only a form that this browser got from a page of ours is taken.

Flask-WTF makes the token and checks it. It is signed with a key of its own, which is derived
from the key of the session cookie, so that one cannot be used as the other.

A form on a page of staff also says whom it was shown to. If the session ends while somebody types,
only that person gets the form back, and nobody else sends it in their own name.
"""

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, g
from flask_wtf.csrf import generate_csrf, validate_csrf
from itsdangerous import BadSignature, Signer, URLSafeTimedSerializer
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest, Forbidden, Unauthorized
from wtforms import ValidationError

from portal.web.http.context import person, request_context, this_request

#: If the token has expired, these routes show their form again with everything that was typed
#: except secrets. All others raise `ExpiredPageError`.
_HANDLES_OWN_CSRF = frozenset({
    "customer.sign_up", "lost_link.ask", "status.change", "question.answer",
    "follow_up.ask_again", "imports.index", "staff.sign_in",
})  # fmt: skip
#: So do these, but only for the person whom the form was shown to.
_HANDLES_FOR_OWNER: set[str] = set()
#: Their link came by mail, and is opened on any device, without a cookie: a token in their form, or
#: the link itself, is what another site cannot know. In the frame of the shell there is no cookie
#: either: the form has a signed token, and only our own page may send it.
_HAS_OWN_TOKEN = frozenset({"address.confirm", "reminders.end", "shell.sign_up"})
#: The setting with all keys; Flask-WTF itself knows only the one that signs.
_KEYS = "PORTAL_CSRF_KEYS"
#: The hidden field with the person whom a form of staff was shown to.
OWNER_FIELD = "form_owner"
#: Where Flask-WTF keeps the value that its tokens sign.
_SESSION_FIELD = "csrf_token"


class ExpiredPageError(BadRequest):
    """The form's token belongs to another browser or session, or its key was changed."""


class SignedOutError(Unauthorized):
    """The session of a member of staff ended while they filled in the form that they sent."""


def init_app(app: Flask, keys: tuple[str, ...]) -> None:
    """`keys`: the first one signs; tokens that were signed with the others stay valid."""
    csrf_keys = [hmac.digest(key.encode(), b"csrf", "sha256").hex() for key in keys]
    # Without a time limit: a page may stay open for as long as the session lasts.
    app.config.update(
        {_KEYS: csrf_keys, "WTF_CSRF_SECRET_KEY": csrf_keys[0], "WTF_CSRF_TIME_LIMIT": None}
    )
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.jinja_env.globals["form_owner"] = new_form_owner


def handle_expired(endpoint: str) -> None:
    """The route checks `g.form_expired` itself, and shows the form again to its owner."""
    _HANDLES_FOR_OWNER.add(endpoint)


def check_site() -> None:
    """Look at the headers alone, before the body is read.

    Raises:
        Forbidden: Another site sent the form.
    """
    asked = request_context()
    if is_cross_site(asked.request.headers, asked.app.config["TRUSTED_HOSTS"]):
        raise Forbidden("cross-site")


def check_form() -> None:
    """Set `g.form_expired`: whether the form's token is not valid for this browser.

    Raises:
        Forbidden: The form was shown to another person.
        ExpiredPageError: The token is not valid, and the route does not handle that itself.
    """
    user, owner = person(), form_owner()
    if user and owner and owner != user.id:
        raise Forbidden("another person")
    endpoint = this_request().endpoint
    if endpoint in _HAS_OWN_TOKEN:
        return
    is_expired = g.form_expired = not _is_token_valid()
    if not is_expired or endpoint in _HANDLES_OWN_CSRF:
        return
    # Without an owner, nobody knows whose words the form holds.
    if not owner or endpoint not in _HANDLES_FOR_OWNER:
        raise ExpiredPageError


def refuse_signed_out() -> None:
    """Call this if nobody is signed in.

    Raises:
        SignedOutError: The form was shown to a member of staff, who gets it back.
        Forbidden: Another site sent the form.
    """
    if form_owner():
        check_site()
        raise SignedOutError


def form_owner() -> str:
    """The id of the person whom the sent form was shown to; empty if it does not say so."""
    text = this_request().form.get(OWNER_FIELD, "")
    if not text:
        return ""
    try:
        return _signer(request_context().app.config[_KEYS]).unsign(text).decode()
    except BadSignature:
        return ""


def new_form_owner() -> str:
    """The value of `OWNER_FIELD` on this page; empty if nobody is signed in."""
    user = person()
    return _signed_owner(user.id, request_context().app.config[_KEYS][0]) if user else ""


@lru_cache(1024)
def _signed_owner(person_id: str, key: str) -> str:
    """`person_id`: of somebody who is signed in, so there are few."""
    return _signer([key]).sign(person_id).decode()


def _signer(keys: list[str]) -> Signer:
    return Signer(list(reversed(keys)), salt="form owner", digest_method=hashlib.sha256)


def is_cross_site(headers: Headers, trusted_hosts: Sequence[str]) -> bool:
    """Whether the browser says that another site sent the form."""
    if headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return True
    # "null" says nothing: some browsers send it for the sake of privacy. The token follows.
    origin = headers.get("Origin", "null")
    return origin != "null" and _host_of(origin) not in trusted_hosts


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None


def _is_token_valid() -> bool:
    # A part of a page that htmx replaced may be newer than the header, which is the whole page's.
    sent = this_request()
    return any(
        _is_valid(token)
        for token in (sent.headers.get("X-CSRFToken"), sent.form.get("csrf_token"))
        if token
    )


def _is_valid(token: str) -> bool:
    asked = request_context()
    keys = asked.app.config[_KEYS]
    value = asked.session.get(_SESSION_FIELD)
    # Most often it is the token that this process put on the browser's last page.
    if isinstance(value, str) and hmac.compare_digest(
        token.encode(errors="replace"), _signed(value, keys[0]).encode()
    ):
        return True
    for key in keys:
        try:
            validate_csrf(token, secret_key=key)
        except ValidationError:
            continue
        return True
    return False


def csrf_token() -> str:
    """The token for a form of this browser: Flask-WTF's, signed once and not for every page."""
    asked = request_context()
    key = asked.app.config[_KEYS][0]
    value = asked.session.get(_SESSION_FIELD)
    if not isinstance(value, str):
        generate_csrf(secret_key=key)
        value = asked.session[_SESSION_FIELD]
    return _signed(value, key)


@lru_cache(4096)
def _signed(value: str, key: str) -> str:
    """As `generate_csrf` signs it; a test compares the two. `value` comes from a signed session,
    never from a stranger's text. Saves 6.5 % of the sign-up form, 4 % of other pages."""
    return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(value))
