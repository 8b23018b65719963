"""The mail with a sign-in link, which somebody asked for on the sign-in page.

Its entry of the outbox names the person by the id and holds no link: that is made when the mail
leaves, so the store never has it, and its 15 minutes begin then.
"""

import re
import secrets
from datetime import datetime, timedelta

from portal import records
from portal.mail.messages import Letter, Words
from portal.mail.staff.digest import STAFF
from portal.records import OutboxEntry

#: The kind of its outbox entries. Its name is stored, so it stays as it is for ever.
SIGN_IN = "sign_in"
#: A mail that leaves later surprises whoever gets it.
MAX_DELAY = timedelta(hours=1)
_PERSON = re.compile(r"-sign-in-(staff-[0-9a-f]{32})-")


def sign_in_entry(person_id: str, locale: str, now: datetime) -> OutboxEntry:
    """The entry of a mail to this person. Nobody sends it again, so no list shows it as failed."""
    suffix = f"sign-in-{person_id}-{secrets.token_hex(4)}"
    return records.new_outbox_entry(STAFF, SIGN_IN, locale, now, suffix=suffix, since=now)


def person_of_entry(entry: OutboxEntry) -> str:
    """The id of the person; empty if the entry is none of these."""
    found = _PERSON.search(entry.id)
    return found[1] if found else ""


def sign_in_letter(url: str, _: Words) -> Letter:
    return Letter(
        subject=_("Your sign-in link"),
        greeting=_("Hello,"),
        paragraphs=(
            _(
                "Somebody asked on the sign-in page of the onboarding portal for a link for this"
                " email address. It signs you in once, within 15 minutes, after you press a button."
            ),
            _("If that was not you, ignore this mail, and give the link to nobody."),
        ),
        link=(_("Sign in"), url),
    )
