"""Sign in with a link, sign out, and who is signed in."""

from datetime import timedelta
from math import ceil

from flask import g, make_response, redirect, render_template, request, session
from werkzeug.exceptions import NotFound, TooManyRequests
from werkzeug.wrappers import Response as AnyResponse

from portal.auth import (
    NotSignedInError,
    Role,
    SecurityAct,
    check_sign_in_link,
    end_session,
    start_session,
)
from portal.onboarding import LinkLimitError
from portal.web.forms import AddressForm
from portal.web.http import (
    SESSION_TOKEN,
    client_network,
    next_page,
    now,
    person,
    services,
    settings,
    source,
    store,
    strip_unprintable,
    too_many_requests_text,
    url_for,
)
from portal.web.i18n import _, labels, locale_name
from portal.web.staff.accounts.devices import device_of


def sign_in_page() -> AnyResponse:
    """Says how to sign in, and remembers which page the person wanted. POST sends a link by mail,
    if this portal does so: whoever asks learns nothing of who has which address."""
    form = AddressForm()
    if request.method != "POST":
        if "next" in request.args:
            session["next"] = next_page(request.args["next"])
        return _sign_in_page(form, sent=request.args.get("done") == "sent")
    if not settings().sign_in_mail:
        raise NotFound
    if g.form_expired:
        expired = _("This page has expired. Your entries are still here: send them again.")
        return _sign_in_page(form, status=400, problem=expired)
    if not form.validate():
        return _sign_in_page(form, status=422)
    try:
        services().limits.sign_in_mails.send(
            store(), form.email.value, network=client_network(), locale=locale_name(), now=now()
        )
    except LinkLimitError as error:
        seconds = ceil((error.retry_at - now()).total_seconds())
        response = _sign_in_page(form, status=429, problem=too_many_requests_text(seconds))
        response.headers["Retry-After"] = str(seconds)
        return response
    return redirect(url_for("staff.sign_in", done="sent"), 303)


def _sign_in_page(
    form: AddressForm, *, sent: bool = False, status: int = 200, problem: str = ""
) -> AnyResponse:
    """`sent`: a mail may be on its way, and the page says no more than that."""
    by_mail = settings().sign_in_mail
    provider_url, sentences = "", list[str]()
    if services().provider:
        # A link, not a form: a browser lets no form of ours lead to another site.
        provider_url = url_for("staff.begin_at_provider")
        sentences = [_("Sign in with the account that your organization has given you.")]
    elif not by_mail:
        sentences = [
            _(
                "Open the sign-in link that an operator made for you. It works once, within 15"
                " minutes."
            ),
            _new_link_sentence(),
        ]
    return make_response(
        render_template(
            "staff/sign_in.html",
            heading=_("Check your mail") if sent else _("Sign in"),
            sentences=[] if sent else sentences,
            link=("", "") if sent else (provider_url, _("Sign in")),
            sent=sent,
            fields=form.views() if by_mail and not sent else [],
            errors=[*([("", problem)] if problem else []), *form.problems()],
            action=url_for("staff.sign_in"),
        ),
        status,
    )


def _new_link_sentence() -> str:
    if settings().sign_in_mail:
        return _("You get a new link on the sign-in page, or from whoever runs this portal.")
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
        render_template(
            "staff/sign_in.html",
            heading=heading,
            sentences=sentences,
            link=(url_for("staff.sign_in"), _("Sign in")),
        ),
        404,
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
                    next=next_page(next_path),
                    name=strip_unprintable(someone.name),
                    email=someone.email,
                )
            )
        kept = timedelta(days=settings().security_log_days)
        session_token = start_session(
            store(),
            token,
            now(),
            source(),
            events_kept=kept,
            device=device_of(request.user_agent.string),
        )
    except NotSignedInError as error:
        # Only what does not work is counted: nobody can keep others in the same network out.
        wait = services().limits.sign_in.seconds_to_wait(client_network(), now())
        if wait:
            raise TooManyRequests(retry_after=wait) from error
        return dead_link()
    session.clear()
    session[SESSION_TOKEN] = session_token
    target = next_page(request.form.get("next", ""), url_for("staff.home"))
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
