"""What is known of the company that the shell names, as a part of its page.

Nobody proves that the ids are theirs, so it says what `GET /api/validate` answers to everybody, and
whoever counts through ids is slowed in the same way.
"""

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as AnyResponse

from portal.tenants import AccessStatus
from portal.web.customer import contacts, refusal_view
from portal.web.forms import claimed_ids
from portal.web.http import client_network, htmx, now, services
from portal.web.shell.page import bp

_HAVE_ACCESS = frozenset[AccessStatus | None]({AccessStatus.VALID, AccessStatus.EXPIRING})

_TONES: dict[AccessStatus | None, str] = {
    AccessStatus.VALID: "positive",
    AccessStatus.EXPIRING: "positive",
    AccessStatus.EXPIRED: "warning",
    AccessStatus.SUSPENDED: "warning",
}
_STUCK = frozenset[AccessStatus | None](
    {AccessStatus.SUSPENDED, AccessStatus.WINDOW_MISSING, AccessStatus.CLOSED}
)


@bp.get("/shell/state")
def state() -> AnyResponse:
    if not htmx.wants_fragment():
        return redirect(url_for("shell.page"), 303)
    ids = claimed_ids(request.args)
    if ids is None:
        # Nothing can be known of them.
        return make_response(render_template("shell/_state.html", view=None, offer="open"))
    view = refusal_view(ids)
    if view.access is None:
        wait = services().limits.not_found.seconds_to_wait(client_network(), now())
        if wait:
            raise TooManyRequests(retry_after=wait)
    return make_response(
        render_template(
            "shell/_state.html",
            view=view,
            offer=_offer(view.access),
            tone=_TONES.get(view.access, "information"),
            contacts=contacts() if view.access in _STUCK else (),
            reference="",
        )
    )


def _offer(access: AccessStatus | None) -> str:
    """Whether the page shows its form at once, folded, or not. Whoever has access needs none. Who
    waits or was stopped may still send one: anybody could have named the ids of this company."""
    if access in _HAVE_ACCESS:
        return "none"
    return "open" if access is None else "folded"
