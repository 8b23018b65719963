"""`POST /api/mail/ses`: Amazon SES reports by SNS that a mail came back.

SNS tries again after any answer but 200, so what will never count is answered with 200 or a 4xx,
and what may count a moment later with 503.
"""

import logging
from datetime import timedelta
from typing import cast

from flask import Flask, Response, current_app, jsonify, request

from portal.mail import ForgedMessageError, SnsMessages, SnsUnreachableError, read_ses_report
from portal.outbox import Noted, note_return
from portal.settings import Settings
from portal.timestamps import parse_timestamp
from portal.web.api.validate import bp
from portal.web.http import RETRY_AFTER, json_error, now, store

__all__ = ["bp"]  # The blueprint of the API, with this route as well.

logger = logging.getLogger(__name__)

#: Under this name the application keeps what reads messages of SNS.
EXTENSION = "portal.sns"
#: SNS tries again for about a minute.
_FRESH = timedelta(minutes=2)


@bp.post("/mail/ses")
def ses_report() -> Response:
    messages = cast(SnsMessages, current_app.extensions[EXTENSION])
    if not messages.is_expected:
        return json_error(404, "not_found", "No topic is set up: PORTAL_MAIL_SNS_TOPICS.")
    try:
        message = messages.read(request.get_data(), now())
        if message.kind == "SubscriptionConfirmation":
            messages.confirm(message)
            logger.info("A topic of Amazon SNS may report on mail from now on.")
            return jsonify(outcome="confirmed")
    except ForgedMessageError:
        return json_error(403, "forbidden", "This is no message of a topic that is set up.")
    except SnsUnreachableError:
        logger.warning("Amazon SNS could not be asked, so a report on mail could not be checked.")
        return _later()
    if message.kind != "Notification":
        logger.warning("A topic of Amazon SNS does not report on mail any more.")
        return jsonify(outcome="ignored")
    notice = read_ses_report(message.text, message.id)
    if notice is None:
        return jsonify(outcome="ignored")
    noted = note_return(store(), notice, now())
    if noted is Noted.UNKNOWN and _is_fresh(message.timestamp):
        # Some addresses are refused before the portal has written down that the mail was sent.
        return _later()
    return jsonify(outcome=noted.value)


def init_app(app: Flask, settings: Settings) -> None:
    app.extensions[EXTENSION] = SnsMessages(settings.mail_sns_topics)


def _is_fresh(timestamp: str) -> bool:
    sent_at = parse_timestamp(timestamp)
    return sent_at is not None and now() - sent_at < _FRESH


def _later() -> Response:
    answer = json_error(503, "unavailable", "This could not be checked. Send it again later.")
    answer.headers["Retry-After"] = RETRY_AFTER
    return answer
