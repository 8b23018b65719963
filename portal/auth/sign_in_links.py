"""Links that sign one person in, once, within 15 minutes."""

import secrets
import string
from datetime import datetime, timedelta

from portal.auth.credentials import check_credential, new_credential
from portal.auth.people import Person, Role, person_id, person_upsert
from portal.auth.security_log import OPERATOR, SecurityAct, log_act, security_event
from portal.auth.until_done import until_done
from portal.stores import Add, Change, Store

LINK_LIFE = timedelta(minutes=15)
_LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def new_link_secret() -> str:
    """32 letters and digits (190 bits): mail programs cut a link that ends with "-" or "_"."""
    return "".join(secrets.choice(_LETTERS_AND_DIGITS) for _ in range(32))


def make_sign_in_link(store: Store, *, email: str, name: str, role: str, now: datetime) -> str:
    """The token of a link that signs this person in once within 15 minutes, in this role.

    The person is added, or gets this name and role. Another role than before ends the
    person's sessions and earlier links.

    Raises:
        KeyError: There is no such role.
        BusyError: The store stayed busy.
    """
    person = Person(id=person_id(email), email=email.strip(), name=name, role=Role.named(role))
    token = new_link_secret()
    has_other_role = until_done(lambda: _write_link(store, person, token, now))
    if has_other_role:
        log_act(SecurityAct.ROLE_CHANGED, OPERATOR, about=person.id, role=role)
    log_act(SecurityAct.LINK_MADE, OPERATOR, about=person.id, role=role)
    return token


def _write_link(store: Store, person: Person, token: str, now: datetime) -> bool:
    """Stores the person and the link. Whether the person had another role before."""
    change, earlier = person_upsert(store, person)
    link = new_credential("link", token, change.item, now, until=now + LINK_LIFE)
    role = person.role.name.lower()
    changes: list[Change] = [change, Add(link)]
    if earlier not in ("", role):
        roles = {"role": role, "earlierRole": earlier}
        changes.append(
            security_event(
                SecurityAct.ROLE_CHANGED, OPERATOR, now, about=person.label, details=roles
            )
        )
    changes.append(
        security_event(
            SecurityAct.LINK_MADE, OPERATOR, now, about=person.label, details={"role": role}
        )
    )
    store.write(changes)
    return earlier not in ("", role)


def check_sign_in_link(store: Store, token: str, now: datetime) -> Person:
    """The person whom the link would sign in. The link stays unused.

    Raises:
        NotSignedInError: The link does not work.
    """
    return check_credential(store, "link", token, now)[1]
