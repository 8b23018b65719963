"""Links that sign one person in, once, within 15 minutes."""

import secrets
from datetime import datetime, timedelta

from portal.auth.credentials import check_credential, new_credential
from portal.auth.people import Person, Role, person_id, person_upsert
from portal.stores import Add, Store

LINK_LIFE = timedelta(minutes=15)


def make_sign_in_link(store: Store, *, email: str, name: str, role: str, now: datetime) -> str:
    """The token of a link that signs this person in once within 15 minutes, in this role.

    The person is added, or gets this name and role. Another role than before ends the
    person's sessions and earlier links.

    Raises:
        KeyError: There is no such role.
    """
    person = Person(id=person_id(email), email=email.strip(), name=name, role=Role.named(role))
    token = secrets.token_urlsafe(24)
    change = person_upsert(store, person)
    link = new_credential("link", token, change.item, now, until=now + LINK_LIFE)
    store.write([change, Add(link)])
    return token


def check_sign_in_link(store: Store, token: str, now: datetime) -> Person:
    """The person whom the link would sign in. The link stays unused.

    Raises:
        NotSignedInError: The link does not work.
    """
    return check_credential(store, "link", token, now)[1]
