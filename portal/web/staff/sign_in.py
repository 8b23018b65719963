"""Sign in with a link, sign out, and who is signed in."""

from datetime import timedelta

from flask import make_response, redirect, render_template, request, session, url_for
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as AnyResponse

from portal.auth import (
    NotSignedInError,
    Role,
    SecurityAct,
    check_sign_in_link,
    end_session,
    start_session,
)
from portal.web.http import (
    SESSION_TOKEN,
    client_network,
    now,
    person,
    safe_next,
    services,
    settings,
    source,
    store,
    strip_unprintable,
)
from portal.web.i18n import _, labels


def sign_in_page() -> AnyResponse:
    """Says where sign-in links come from, and remembers which page the person wanted."""
    if "next" in request.args:
        session["next"] = safe_next(request.args["next"], "")
    provider_url = ""
    sentences: tuple[str, ...] = (
        _("Open the sign-in link that an operator made for you. It works once, within 15 minutes."),
        _new_link_sentence(),
    )
    if services().provider:
        # A link, not a form: a browser lets no form of ours lead to another site.
        provider_url = url_for("staff.begin_at_provider")
        sentences = (_("Sign in with the account that your organization has given you."),)
    return make_response(
        render_template(
            "staff/sign_in.html",
            heading=_("Sign in"),
            sentences=sentences,
            link=(provider_url, _("Sign in")),
        )
    )


def _new_link_sentence() -> str:
    return _(
        "To get a new link, ask whoever runs this portal. They make it with the command"
        " “portal staff-link”, and send it to you."
    )


def dead_link() -> AnyResponse:
    """One page for every link that does not work. A stranger learns nothing from it."""
    services().refusals.of_stranger(SecurityAct.LINK_REFUSED, source())
    heading = _("This link was used, has expired or was cut.")
    sentences = (_("Each link works once, within 15 minutes."), _new_link_sentence())
    return make_response(
        render_template("staff/sign_in.html", heading=heading, sentences=sentences), 404
    )


def use_link(token: str) -> AnyResponse:
    """GET shows a button; POST signs in.

    Programs that check the links in mail open them, and must not use them up.
    """
    try:
        if request.method != "POST":
            someone = check_sign_in_link(store(), token, now())
            next_path = request.args.get("next", "") or session.get("next", "")
            return make_response(
                render_template(
                    "staff/sign_in_link.html",
                    action=url_for("staff.use_link", token=token),
                    next=safe_next(next_path, ""),
                    name=strip_unprintable(someone.name),
                    email=someone.email,
                )
            )
        kept = timedelta(days=settings().security_log_days)
        session_token = start_session(store(), token, now(), source(), events_kept=kept)
    except NotSignedInError as error:
        # Only what does not work is counted: nobody can keep others in the same network out.
        wait = services().limits.sign_in.seconds_to_wait(client_network(), now())
        if wait:
            raise TooManyRequests(retry_after=wait) from error
        return dead_link()
    session.clear()
    session[SESSION_TOKEN] = session_token
    target = safe_next(request.form.get("next", ""), url_for("staff.home"))
    return redirect(target, 303)


def sign_out() -> AnyResponse:
    """Also at the provider, if the session was started there."""
    token, id_token = session.get(SESSION_TOKEN), None
    if isinstance(token, str):
        id_token = end_session(store(), token, now(), source())
    session.clear()
    provider = services().provider
    if provider and id_token is not None and (url := provider.sign_out_url(id_token)):
        # No redirect: this was a form, and a browser lets no form of ours lead to another site.
        return make_response(render_template("staff/signed_out.html", url=url))
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
