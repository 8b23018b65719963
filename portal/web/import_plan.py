"""An import in words: what it means, what was chosen, and its rows as ready strings."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from flask import url_for

from portal import records
from portal.imports.refusals import shown
from portal.imports.rows import Kind, Row
from portal.imports.runs import Run, State
from portal.instants import to_instant
from portal.web import dates, words
from portal.web.context import settings
from portal.web.translate import _

TONES = {
    State.PLANNED: "information",
    State.APPLYING: "warning",
    State.DONE: "positive",
    State.STOPPED: "warning",
    State.DISCARDED: "",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    label: str
    count: str
    url: str
    current: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One row of the plan: ready strings. `changes`: (field, old, new)."""

    number: str
    name: str
    company: str
    url: str
    place: str
    kind: str
    tone: str
    secret: str
    notes: Sequence[str]
    changes: Sequence[tuple[str, str, str]]


def filters(run: Run, current: Kind, url: str) -> list[Filter]:
    return [
        Filter(
            label=_(words.KIND[kind]),
            count=f"{run.counts[kind]:,}",
            url=f"{url}?kind={kind}",
            current="page" if kind is current else "false",
        )
        for kind in Kind
    ]


def in_words(run: Run) -> list[str]:
    """What the import means: what it writes, who could use the application, what was not read."""
    sentences = []
    if run.state is State.PLANNED:
        sentences.append(
            _("%(number)s of %(rows)s rows would be written. Nothing is written yet.",
              number=f"{run.to_write:,}", rows=f"{run.rows:,}")
        )  # fmt: skip
    if run.to_write:
        sentences.append(_active_in_words(run))
    if run.ignored_keys:
        sentences.append(
            _("Keys of other programs, not read: %(number)s.", number=f"{run.ignored_keys:,}")
        )
    return sentences


def _active_in_words(run: Run) -> str:
    if not run.active:
        return _("By this import nobody could use the application now.")
    first, last = (
        _("without an end") if text >= records.NEVER
        else dates.day(to_instant(text), settings().time_zone)
        for text in run.until
    )  # fmt: skip
    number = f"{run.active:,}"
    if first == last and run.until[0] >= records.NEVER:
        return _(
            "Tenants that could use the application by this import: %(number)s, without an end.",
            number=number,
        )
    if first == last:
        return _(
            "Tenants that could use the application by this import: %(number)s, until %(last)s.",
            number=number, last=last,
        )  # fmt: skip
    return _(
        "Tenants that could use the application by this import: %(number)s. The first licence"
        " ends: %(first)s; the last: %(last)s.",
        number=number, first=first, last=last,
    )  # fmt: skip


def chosen(run: Run) -> list[tuple[str, str]]:
    allowed = [_(words.ALLOWED[each]) for each in sorted(run.choice.allowed)]
    pairs = [
        (_("Started by"), run.by),
        (_("What it is"), ", ".join(run.shapes)),
        (_("When a tenant is here already"), _(words.POLICY[run.choice.policy])),
    ]
    return [*pairs, (_("Also allowed"), "; ".join(allowed))] if allowed else pairs


def row_shown(row: Row, run: Run) -> Shown:
    is_there = row.kind not in (Kind.NEW, Kind.INVALID) or run.state is State.DONE
    said = chain(row.reasons, row.repairs)
    notes = [f"{each.field}: {each.text}" if each.field else each.text for each in said]
    if row.left_out:
        names = ", ".join(shown(name) for name in row.left_out)
        notes.append(_("Left out, because nobody knows it: %(names)s", names=names))
    return Shown(
        number=f"{row.number:,}",
        name=shown(row.tenant_id or row.key) or _("No id"),
        company=shown(row.company),
        url=url_for("staff.tenant", tenant_id=row.tenant_id) if row.tenant_id and is_there else "",
        place=_("line %(line)s, column %(column)s", line=row.line, column=row.column),
        kind=_(words.KIND[row.kind]),
        tone=_KINDTONES[row.kind],
        secret=_(words.SECRET[row.secret]) if row.secret in words.SECRET else "",
        notes=[_printable(note) for note in notes],
        changes=[
            (shown(change.field), shown(change.old), shown(change.new)) for change in row.changes
        ],
    )


_KINDTONES = {
    Kind.NEW: "positive",
    Kind.UPDATE: "information",
    Kind.CONFLICT: "warning",
    Kind.INVALID: "negative",
    Kind.SAME: "",
    Kind.DUPLICATE: "",
}


def _printable(text: str) -> str:
    """A sentence of ours, whose values were cut already."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
