"""`/api/appointments…`: where customers of our customers book. Another service answers that.

The old application has one base address for that service and for the portal. A proxy has to tell
the two apart by the path, and operators who forgot this read it in the log.
"""

import logging

from flask import Response

from portal.web.api.validate import bp
from portal.web.http import json_error, now, services

logger = logging.getLogger(__name__)


@bp.route("/appointments", methods=["GET", "POST"])
def appointments() -> Response:
    return _answered_elsewhere()


@bp.route("/appointments/token/<token>", methods=["GET", "PUT"])
def appointment(token: str) -> Response:
    # Whoever has the token may change an appointment, so the log does not get the path.
    del token
    return _answered_elsewhere()


def _answered_elsewhere() -> Response:
    # Thousands of people may be booking, and each worker writes one line.
    if not services().limits.appointments_log.seconds_to_wait("everybody", now()):
        logger.warning(
            "Somebody asked the portal for appointments. Another service has them: let the proxy"
            " send all paths that begin with /api/appointments to it, as docs/operating.md says"
            ' under "Appointments". This line comes once an hour at most.'
        )
    message = (
        "The portal has no appointments. Its operator has to send this path to where they are."
    )
    return json_error(404, "not_found", message)
