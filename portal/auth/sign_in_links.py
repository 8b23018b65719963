"""Links that sign one person in, once, within 15 minutes."""

import string
from datetime import datetime, timedelta

from portal.auth.credentials import check_credential, new_credential
from portal.auth.people import Person, Role, active_person, id_of_address, person_upsert
from portal.auth.security_log import OPERATOR, SecurityAct, Source, log_act, security_event
from portal.auth.until_done import until_done
from portal.random_texts import random_text
from portal.stores import Add, Change, Store

LINK_LIFE = timedelta(minutes=15)
#: Who made a link that somebody asked for on the sign-in page: nobody knows who that was.
BY_MAIL = Source(by="Sign-in page", who="sign-in-page")
_LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def new_link_secret() -> str:
    """32 letters and digits (190 bits): mail programs cut a link that ends with "-" or "_"."""
    return random_text(_LETTERS_AND_DIGITS, 32)


def make_sign_in_link(store: Store, *, email: str, name: str, role: str, now: datetime) -> str:
    """The token of a link that signs this person in once within 15 minutes, in this role.

    The person is added, or gets this name and role. Another role than before ends the
    person's sessions and earlier links.

    Raises:
        KeyError: There is no such role.
        BusyError: The store stayed busy.
    """
    given, token = Role.named(role), new_link_secret()

    def write() -> tuple[str, bool]:
        id_ = id_of_address(store, email)
        person = Person(id=id_, email=email.strip(), name=name, role=given)
        return id_, _write_link(store, person, token, now)

    id_, has_other_role = until_done(write)
    if has_other_role:
        log_act(SecurityAct.ROLE_CHANGED, OPERATOR, about=id_, role=role)
    log_act(SecurityAct.LINK_MADE, OPERATOR, about=id_, role=role)
    return token


def make_link_by_mail(store: Store, id_: str, now: datetime) -> tuple[Person, str] | None:
    """The token of another link for somebody who is on the list, and who that is; nothing of them
    changes. `None`: nobody has this id, or their access has ended.

    Raises:
        BusyError: The store stayed busy.
    """
    token = new_link_secret()

    def write() -> Person | None:
        person = active_person(store, id_)
        if person is None:
            return None
        item = store.get(id_)
        link = new_credential("link", token, item, now, until=now + LINK_LIFE)
        role = {"role": person.role.name.lower()}
        event = security_event(
            SecurityAct.LINK_MADE, BY_MAIL, now, about=person.label, details=role
        )
        store.write([Add(link), event])
        return person

    person = until_done(write)
    if person is None:
        return None
    log_act(SecurityAct.LINK_MADE, BY_MAIL, about=id_)
    return person, token


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
