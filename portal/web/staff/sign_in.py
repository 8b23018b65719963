"""Sign in with a link, sign out, and who is signed in."""

from flask import make_response, redirect, render_template, request, session, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.auth import (
    NotSignedInError,
    Role,
    check_sign_in_link,
    end_session,
    start_session,
)
from portal.web.http import SESSION_TOKEN, now, person, safe_next, store
from portal.web.i18n import _, labels


def sign_in_page() -> AnyResponse:
    """Says where sign-in links come from, and remembers which page the person wanted."""
    session["next"] = safe_next(request.args.get("next", ""), "")
    sentence = _(
        "Open the sign-in link that an operator made for you. It works once, within 15 minutes."
        " If it does not work any more, ask for a new one."
    )
    return make_response(render_template("staff/sign_in.html", sentence=sentence))


def use_link(token: str) -> AnyResponse:
    """GET shows a button; POST signs in.

    Programs that check the links in mail open them, and must not use them up.
    """
    try:
        if request.method != "POST":
            check_sign_in_link(store(), token, now())
            next_path = request.args.get("next", "") or session.get("next", "")
            return make_response(
                render_template(
                    "staff/sign_in_link.html",
                    action=url_for("staff.use_link", token=token),
                    next=safe_next(next_path, ""),
                )
            )
        session_token = start_session(store(), token, now())
    except NotSignedInError as error:
        raise NotFound from error
    session.clear()
    session[SESSION_TOKEN] = session_token
    target = safe_next(request.form.get("next", ""), url_for("staff.home"))
    return redirect(target, 303)


def sign_out() -> AnyResponse:
    token = session.get(SESSION_TOKEN)
    if isinstance(token, str):
        end_session(store(), token)
    session.clear()
    return redirect(url_for("staff.sign_in"), 303)


def signed_in_user() -> dict[str, object] | None:
    """What the layout shows of the person who is signed in; `None` if nobody is."""
    user = person()
    if user is None:
        return None
    return {
        "name": user.name,
        "email": user.email,
        "role": _(labels.ROLE[user.role]),
        "may_change": user.role >= Role.APPROVER,
        "is_admin": user.role >= Role.ADMIN,
    }
