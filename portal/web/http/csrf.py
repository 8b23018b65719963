"""CSRF protection: only a form that this browser got from a page of ours is taken.

Flask-WTF makes the token and checks it. It is signed with a key of its own, which is derived
from the key of the session cookie, so that one cannot be used as the other.
"""

import hmac

from flask import Flask, current_app, g, request
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import BadRequest, Forbidden
from wtforms import ValidationError

#: If the token has expired, these routes show their form again with everything that was typed
#: except secrets. All others raise `ExpiredPageError`.
_HANDLES_OWN_CSRF = frozenset({"customer.sign_up", "status.change", "imports.index"})
#: The setting with all keys; Flask-WTF itself knows only the one that signs.
_KEYS = "PORTAL_CSRF_KEYS"


class ExpiredPageError(BadRequest):
    """The form's token belongs to another browser, or its key was changed."""


def init_app(app: Flask, keys: tuple[str, ...]) -> None:
    """`keys`: the first one signs; tokens that were signed with the others stay valid."""
    csrf_keys = [hmac.digest(key.encode(), b"csrf", "sha256").hex() for key in keys]
    # Without a time limit: a page may stay open for as long as the session lasts.
    app.config.update(
        {_KEYS: csrf_keys, "WTF_CSRF_SECRET_KEY": csrf_keys[0], "WTF_CSRF_TIME_LIMIT": None}
    )
    app.jinja_env.globals["csrf_token"] = generate_csrf


def check_form() -> None:
    """Set `g.form_expired`: whether the form's token is not valid for this browser.

    Raises:
        Forbidden: Another site sent the form.
        ExpiredPageError: The token is not valid, and the route does not handle that itself.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise Forbidden("cross-site")
    g.form_expired = not _is_token_valid()
    if g.form_expired and request.endpoint not in _HANDLES_OWN_CSRF:
        raise ExpiredPageError


def _is_token_valid() -> bool:
    token = request.headers.get("X-CSRFToken") or request.form.get("csrf_token", "")
    for key in current_app.config[_KEYS]:
        try:
            validate_csrf(token, secret_key=key)
        except ValidationError:
            continue
        return True
    return False
