"""Sessions of people who sign in at a provider of OpenID Connect.

The provider says who somebody is and which role they have. Issuer and subject make the person: an
address may belong to somebody else next year. What an admin ends here, the provider does not give
back; what the provider takes away ends here.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.auth.credentials import NotSignedInError
from portal.auth.people import (
    Person,
    Role,
    disabled_by_provider,
    ended_access,
    person_of_item,
    person_upsert,
)
from portal.auth.security_log import OPERATOR, SecurityAct, Source, log_act, security_event
from portal.auth.sessions import EVENTS_KEPT, AccessToken, NewSession, new_session
from portal.auth.staff_list import set_role
from portal.auth.until_done import until_done
from portal.stores import KEY, Change, Item, ItemNotFoundError, Replace, Store

#: Who it was, when the provider gives another role or none.
_PROVIDER = "OpenID Connect"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Somebody for whom the provider vouches.

    Attributes:
        role: `None`: the provider gives none.
        id_token: For the sign-out at the provider.
        access: With which the provider is asked again.
    """

    issuer: str
    subject: str
    email: str
    name: str
    role: Role | None
    id_token: str = field(default="", repr=False)
    access: AccessToken | None = None

    @property
    def person_id(self) -> str:
        """Of issuer and subject, which no provider gives to anybody else."""
        text = f"account\0{self.issuer}\0{self.subject}"
        return f"staff-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


class NoAccessError(NotSignedInError):
    """The provider vouches for them, but they have no role, or an admin has ended their access."""


def start_account_session(
    store: Store,
    account: Account,
    now: datetime,
    source: Source = OPERATOR,
    *,
    events_kept: timedelta = EVENTS_KEPT,
    device: str = "",
) -> str:
    """The token of a new session (192 bits). The person is added, or gets this address, name and
    role. Another role than before ends the earlier sessions; no role ends all.

    Raises:
        NoAccessError: They may not come in.
        BusyError: The store stayed busy.
    """
    role = account.role
    if role is None:
        until_done(lambda: _end_access(store, account, now))
        raise NoAccessError
    person = Person(id=account.person_id, email=account.email, name=account.name, role=role)

    def start() -> NewSession:
        return _start(
            store, person, account, now, source=source, events_kept=events_kept, device=device
        )

    started = until_done(start)
    log_act(SecurityAct.SIGNED_IN, started.source)
    return started.token


def keep_to_account(store: Store, account: Account, now: datetime) -> None:
    """The provider has said once more who somebody is. Another role than before ends all sessions:
    the next sign-in has the new one.

    Raises:
        NoAccessError: The session must not go on.
        BusyError: The store stayed busy.
    """
    if account.role is None:
        until_done(lambda: _end_access(store, account, now))
        raise NoAccessError
    stored = _stored(store, account.person_id)
    if stored.get("role") != account.role.name.lower():
        role = account.role
        by = Source(by=_PROVIDER, who="provider")
        set_role(store, account.person_id, role, now, by)
        raise NoAccessError


def _start(
    store: Store,
    person: Person,
    account: Account,
    now: datetime,
    *,
    source: Source,
    events_kept: timedelta,
    device: str,
) -> NewSession:
    stored = _stored(store, person.id)
    if stored.get("disabled") and not disabled_by_provider(stored):
        raise NoAccessError
    change, earlier = person_upsert(store, person, issuer=account.issuer)
    changes: list[Change] = []
    opener: Item = stored
    if not stored or stored.get("disabled") or person_of_item(stored) != person:
        opener = change.item
        changes.append(change)
    if earlier not in ("", person.role.name.lower()):
        roles = {"role": person.role.name.lower(), "earlierRole": earlier}
        by = Source(by=_PROVIDER, who="provider", request_id=source.request_id)
        changes.append(
            security_event(SecurityAct.ROLE_CHANGED, by, now, about=person.label, details=roles)
        )
    started = new_session(
        store,
        person,
        opener,
        now,
        source,
        events_kept=events_kept,
        id_token=account.id_token,
        access=account.access,
        device=device,
    )
    store.write([*changes, *started.changes, *started.clean_up])
    return started


def _end_access(store: Store, account: Account, now: datetime) -> None:
    stored = _stored(store, account.person_id)
    if not stored or stored.get("disabled"):
        return
    ended, version = ended_access(stored, by_provider=True), int(stored["version"])
    by = Source(by=_PROVIDER, who="provider")
    about = person_of_item(stored).label
    event = security_event(SecurityAct.ACCESS_ENDED, by, now, about=about)
    store.write([Replace(ended, version), event])
    log_act(SecurityAct.ACCESS_ENDED, by, about=str(stored[KEY]))


def _stored(store: Store, person_id: str) -> Item:
    """Empty if this person was never here."""
    try:
        return store.get(person_id)
    except ItemNotFoundError:
        return {}
