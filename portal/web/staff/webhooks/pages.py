"""The pages of webhooks, and what admins do there. Each act is a form that works without scripts,
and names the receiver's version as the page showed it."""

import re
import secrets
import time
from collections.abc import Callable

from flask import Response, make_response, redirect, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from portal.auth import SecurityAct
from portal.records import OutboxEntry
from portal.web.forms import form_version
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
from portal.web.i18n import N_, _, dates, format_number
from portal.web.staff.webhooks.views import TYPE_LABEL, delivery_row, receiver_row
from portal.web.staff.webhooks.webhook_form import WebhookForm
from portal.webhooks import (
    MOST_SUBSCRIPTIONS,
    SUBSCRIPTION_ID,
    AddedBeforeError,
    Seen,
    StaleSubscriptionError,
    State,
    Subscription,
    TooManySubscriptionsError,
    UnknownDeliveryError,
    UnknownSubscriptionError,
    add_subscription,
    counts,
    end_earlier_secret,
    end_pause,
    new_subscription_id,
    newest,
    note_act,
    read_book,
    read_pause,
    remove_subscription,
    replay,
    replay_given_up,
    rotate,
    send_test,
    switch,
)

_CAP = 1000
_NEWEST = 15
#: One press sends again for so long. The page says what is left.
_SECONDS = 5.0
_DONE = {
    "on": N_("The receiver is switched on."),
    "off": N_("The receiver is switched off."),
    "rotated": N_("There is a new secret. The earlier one signs as well for 24 hours."),
    "secret-ended": N_("The earlier secret does not sign any more."),
    "test": N_("A test is on its way. Reload this page to see whether it arrived."),
    "replayed": N_("It is on its way once more. Reload this page to see whether it arrived."),
}
_KEY = re.compile(r"[a-f0-9]{32}", re.ASCII)


def list_page() -> AnyResponse:
    """GET shows the list and the form; POST adds a receiver and shows its secret."""
    if request.method != "POST":
        return _list(WebhookForm(formdata=None))
    form = WebhookForm()
    if not form.validate():
        return _list(form, status=422)
    # The form has brought the id of its receiver. So a form that is sent twice adds one.
    sent_id = request.form.get("subscription", "")
    is_id = re.fullmatch(SUBSCRIPTION_ID, sent_id, re.ASCII)
    try:
        added = add_subscription(
            store(),
            services().webhook_secrets,
            subscription_id=sent_id if is_id else new_subscription_id(),
            address=form.address.value,
            types=form.types(),
            personal=bool(form.personal.data),
            source=source(),
            now=now(),
        )
    except AddedBeforeError:
        return _list(form, status=409, problem=_(
            "This form was sent before. The receiver is in the list."
        ))  # fmt: skip
    except TooManySubscriptionsError:
        return _list(form, status=409, problem=_(
            "There are %(most)s receivers already. Remove one first.",
            most=format_number(MOST_SUBSCRIPTIONS),
        ))  # fmt: skip
    note_saved()
    # No redirect: the secret is in this answer, and in no page that is loaded by itself.
    return _one(added, shows_secret=True, done=_("The receiver is added."))


def one_page(subscription_id: str) -> AnyResponse:
    done = _DONE.get(request.args.get("done", ""))
    return _one(_found(subscription_id), done=_(done) if done else "")


def switch_on(subscription_id: str) -> AnyResponse:
    """What failed before is tried at once."""

    def act(seen: Seen) -> None:
        switch(store(), seen, State.ON, source(), now())
        end_pause(store(), subscription_id, read_pause(store(), subscription_id))

    return _act(subscription_id, act, "on")


def switch_off(subscription_id: str) -> AnyResponse:
    return _act(
        subscription_id, lambda seen: switch(store(), seen, State.OFF, source(), now()), "off"
    )


def rotate_secret(subscription_id: str) -> AnyResponse:
    sealing = services().webhook_secrets
    return _act(
        subscription_id, lambda seen: rotate(store(), sealing, seen, source(), now()), "rotated"
    )


def end_secret(subscription_id: str) -> AnyResponse:
    return _act(
        subscription_id,
        lambda seen: end_earlier_secret(store(), seen, source(), now()),
        "secret-ended",
    )


def remove(subscription_id: str) -> AnyResponse:
    return _act(subscription_id, lambda seen: remove_subscription(store(), seen, source(), now()))


def show_secret(subscription_id: str) -> AnyResponse:
    """The secrets, in this answer alone. The security log says who saw them."""
    found = _found(subscription_id)
    note_act(store(), found, SecurityAct.WEBHOOK_SECRET_SEEN, source(), now())
    note_saved()
    return _one(found, shows_secret=True)


def test(subscription_id: str) -> AnyResponse:
    found = _found(subscription_id)
    sent_key = request.form.get("key", "")
    key = sent_key if _KEY.fullmatch(sent_key) else secrets.token_hex(16)
    send_test(store(), found, key, source(), now())
    return _done(subscription_id, "test")


def replay_one(subscription_id: str) -> AnyResponse:
    found = _found(subscription_id)
    try:
        replay(store(), found, request.form.get("delivery", ""), source(), now())
    except UnknownDeliveryError as error:
        raise NotFound from error
    return _done(subscription_id, "replayed")


def replay_all(subscription_id: str) -> AnyResponse:
    found, ends = _found(subscription_id), time.monotonic() + _SECONDS
    replay_given_up(store(), found, source(), now(), enough=lambda: time.monotonic() >= ends)
    return _done(subscription_id, "replayed")


def _found(subscription_id: str) -> Subscription:
    try:
        return read_book(store()).find(subscription_id)
    except UnknownSubscriptionError as error:
        raise NotFound from error


def _act(subscription_id: str, act: Callable[[Seen], object], done: str = "") -> AnyResponse:
    seen = Seen(id=subscription_id, version=form_version() or 0)
    try:
        act(seen)
    except StaleSubscriptionError:
        return _one(_found(subscription_id), status=409, problem=_(
            "Somebody else has changed this receiver. Look at it as it is now, and decide again."
        ))  # fmt: skip
    except UnknownSubscriptionError as error:
        raise NotFound from error
    return _done(subscription_id, done)


def _done(subscription_id: str, done: str) -> AnyResponse:
    note_saved()
    if not done:
        return redirect(url_for("staff.webhooks", done="removed"), 303)
    return redirect(url_for("staff.webhook", subscription_id=subscription_id, done=done), 303)


def _list(form: WebhookForm, *, status: int = 200, problem: str = "") -> Response:
    problems = form.problems()
    text = render_template(
        "staff/webhooks.html",
        action=url_for("staff.webhooks"),
        errors=[("", problem)] if problem else problems,
        address=form.view(form.address),
        types=form.type_views(),
        personal=form.view(form.personal),
        new_id=new_subscription_id(),
        rows=[receiver_row(each) for each in read_book(store()).subscriptions],
        is_removed=request.args.get("done") == "removed",
    )
    return make_response(text, status)


def _one(
    found: Subscription,
    *,
    status: int = 200,
    problem: str = "",
    done: str = "",
    shows_secret: bool = False,
) -> Response:
    zone, left = settings().time_zone, counts(store(), found.id, _CAP)
    pause = read_pause(store(), found.id)
    has_earlier = len(found.secrets_at(now())) > 1
    text = render_template(
        "staff/webhook.html",
        errors=[("", problem)] if problem else [],
        outcome=done,
        receiver=receiver_row(found),
        is_on=found.state is State.ON,
        is_gone=found.state is State.GONE,
        facts=[
            (_("Address"), strip_unprintable(found.address)),
            (_("Hears of"), ", ".join(_(TYPE_LABEL[each]) for each in found.types)),
            (_("Details of the contact"), _("are sent") if found.personal else _("are not sent")),
            (_("Added"), _added(found)),
            (_("Waits"), _counted(left.waiting)),
            (_("Given up"), _counted(left.given_up)),
        ],
        paused=(
            dates.moment(pause.until, zone) if pause.until and not pause.is_over(now()) else ""
        ),
        earlier_until=dates.moment(found.earlier_until, zone) if has_earlier else "",
        secrets=_secrets(found) if shows_secret else [],
        version=found.version,
        key=secrets.token_hex(16),
        has_given_up=bool(left.given_up),
        deliveries=[delivery_row(entry) for entry in _newest(found)],
        list_url=url_for("staff.webhooks"),
        urls={name: url_for(f"staff.webhook_{name}", subscription_id=found.id) for name in _ACTS},
    )
    return make_response(text, status)


def _newest(found: Subscription) -> list[OutboxEntry]:
    return newest(store(), found.id, _NEWEST)


def _added(found: Subscription) -> str:
    when = dates.moment(found.created_at, settings().time_zone)
    return _("on %(when)s by %(name)s", when=when, name=strip_unprintable(found.created_by))


def _secrets(found: Subscription) -> list[tuple[str, str]]:
    labels = (_("The secret"), _("The earlier secret"))
    sealing = services().webhook_secrets
    return [
        (label, sealing.shown(sealed, found.id) or _("It cannot be opened. Make a new one."))
        for label, sealed in zip(labels, found.secrets_at(now()), strict=False)
    ]


def _counted(number: int) -> str:
    return f"{format_number(number)}+" if number >= _CAP else format_number(number)


#: Behind the address of a receiver, and the view.
_ACTS: dict[str, tuple[str, Callable[[str], AnyResponse]]] = {
    "on": ("on", switch_on),
    "off": ("off", switch_off),
    "rotate": ("rotate", rotate_secret),
    "end_secret": ("end-secret", end_secret),
    "secret": ("secret", show_secret),
    "test": ("test", test),
    "replay": ("replay", replay_one),
    "replay_all": ("replay-all", replay_all),
    "remove": ("remove", remove),
}
ROUTES = [(path, f"webhook_{name}", view) for name, (path, view) in _ACTS.items()]
