"""Which tenants were chosen, and which of them the verb suits."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from urllib.parse import parse_qsl

from flask import request

from portal import records
from portal.stores import KEY, Item
from portal.tenants import Tenant, Verb, can
from portal.web.http import now, settings, store
from portal.web.i18n import _
from portal.web.staff.lists import ListView, QueueRow, iter_rows
from portal.web.staff.tenant import VerbEntry, conflict_notice, end_day, find_tenant

#: Tenants in one act. Each takes a decision of its own, and the page lists all of them.
MOST = 500
#: Prefix of the name of each row's box. Its value is the version that the list showed.
BOX = "row-"
#: A text is at most so long: ids of the old application are shorter, and so are sentences.
_MAX_TEXT_LENGTH = 1000
#: So much of a name is shown. Each name travels up to three times with each of 500 rows, and takes
#: up to nine bytes a letter: together at most 800 KB, below the limit of such forms.
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Chosen:
    """A tenant to decide on, and what the person saw of it.

    version: `None`: it has none.
    end: of its licence, as a day in words.
    """

    id: str
    version: int | None
    company: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tenant that was chosen, as it is now. `why_not`: empty if the verb suits it."""

    chosen: Chosen
    tenant: Tenant | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """is_cut: more match than one act takes.
    is_whole: the tenants were read whole. Rows of a list lack some of their details.
    """

    candidates: Sequence[Candidate] = ()
    is_cut: bool = False
    is_whole: bool = True

    @property
    def suited(self) -> list[tuple[Chosen, Tenant]]:
        return [
            (each.chosen, each.tenant)
            for each in self.candidates
            if each.tenant and not each.why_not
        ]

    @property
    def others(self) -> list[Candidate]:
        return [each for each in self.candidates if not each.tenant or each.why_not]


def selection_of_list(entry: VerbEntry) -> Selection:
    """What somebody ticked in a list: single rows, the whole page, or all that match."""
    if request.form.get("all"):
        rows = list(islice(_rows_of_list(), MOST + 1))
        candidates = [_of_row(entry, row) for row in rows[:MOST]]
        return Selection(candidates, is_cut=len(rows) > MOST, is_whole=False)
    if request.form.get("page"):
        return looked_up(entry, read_chosen(request.form.get("listed", "")))
    ticked = [
        Chosen(name.removeprefix(BOX), _version(text))
        for name, text in request.form.items()
        if name.startswith(BOX)
    ]
    return looked_up(entry, ticked)


def looked_up(entry: VerbEntry, chosen: Sequence[Chosen]) -> Selection:
    """These tenants as they are now. Costs one read for each."""
    return Selection([_candidate(entry, each, find_tenant(each.id)) for each in chosen])


def _candidate(entry: VerbEntry, chosen: Chosen, tenant: Tenant | None) -> Candidate:
    company = shown_name(tenant) if tenant else chosen.company or chosen.id
    end = end_day(tenant.validity) if tenant else ""
    return Candidate(
        Chosen(chosen.id, chosen.version, company, end), tenant, _why_not(entry, chosen, tenant)
    )


def _why_not(entry: VerbEntry, chosen: Chosen, tenant: Tenant | None) -> str:
    if tenant is None:
        return gone()
    if tenant.id != chosen.id or tenant.version != chosen.version:
        return conflict_notice(tenant).headline
    if entry.verb is Verb.UNDO or (can(tenant.status, entry.verb) and entry.offered(tenant)):
        return ""
    return erased(tenant) if tenant.erased else _(entry.refused)


def shown_name(tenant: Tenant) -> str:
    name = tenant.contact.company or tenant.id
    return name if len(name) <= _SHOWN else f"{name[: _SHOWN - 1]}…"


def gone() -> str:
    return _("It is not there any more.")


def erased(tenant: Tenant | None) -> str:
    """`None`: a closed sign-up, or whatever was there."""
    if tenant is None or tenant.is_closed:
        return _("The personal details of this sign-up were erased.")
    return _("The personal details of this tenant were erased. Open it to enter a contact first.")


# ---- All that match


def _rows_of_list() -> Iterator[Item]:
    """The rows of the list that the form names, from its first page on. Not of the list to go back
    to: a form that is sent again after a sign-in has lost the query of its address."""
    named = dict(parse_qsl(request.form.get("list", "")[:_MAX_TEXT_LENGTH], max_num_fields=20))
    if not named:
        return iter(())
    promised = timedelta(days=settings().promised_days)
    return iter_rows(store(), ListView.of_query(named), now(), promised, settings().expiring)


def _of_row(entry: VerbEntry, row: Item) -> Candidate:
    """A row of an index has all that the page shows. The decision reads the whole tenant."""
    tenant = replace(records.tenant_of(row), set_aside=records.is_set_aside(row))
    return _candidate(entry, Chosen(str(row[KEY]), tenant.version), tenant)


# ---- As a hidden field: five hundred fields would be more than a form may have


def written(rows: Sequence[Sequence[object]]) -> str:
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False)


def read_rows(text: str, kinds: Sequence[type]) -> list[list[object]]:
    """Rows with values of these kinds; none if the text was tampered with."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(rows, list) or len(rows) > MOST:
        return []
    return rows if all(_has_kinds(row, kinds) for row in rows) else []


def _has_kinds(row: object, kinds: Sequence[type]) -> bool:
    if not isinstance(row, list) or [type(value) for value in row] != list(kinds):
        return False
    return all(len(value) <= _MAX_TEXT_LENGTH for value in row if isinstance(value, str))


def write_chosen(chosen: Sequence[Chosen]) -> str:
    """Version 0 stands for a record without one."""
    rows = [(each.id, each.version or 0, each.company, each.end) for each in chosen]
    return written(rows)


def write_listed(rows: Sequence[QueueRow]) -> str:
    """As `write_chosen`, of the rows that a list shows."""
    return written([(row.id, int(row.version), "", "") for row in rows])


def read_chosen(text: str) -> list[Chosen]:
    """Each tenant once; none if the text was tampered with."""
    rows = read_rows(text, (str, int, str, str))
    chosen = [Chosen(*row) for row in rows]  # type: ignore[arg-type] # `read_rows` has checked it
    found = {each.id: replace(each, version=each.version or None) for each in chosen}
    return list(found.values())


def _version(text: str) -> int | None:
    """-1, which no tenant has, if the form was tampered with."""
    is_number = text.isascii() and text.isdigit() and len(text) <= 15
    return (int(text) or None) if is_number else -1
