"""Undoing an import in words: what would go back, what did, and why a tenant stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import url_for

from portal.answer_diff import diff_sentence
from portal.imports import (
    AccessChange,
    FormerState,
    ImportJob,
    UndoOutcome,
    UndoProgress,
    UndoTally,
    printable_excerpt,
    undo_refusal,
)
from portal.web.http import settings
from portal.web.i18n import N_, _, dates, format_number, labels, translate_message
from portal.web.imports.answers_view import PAGE_WORDS

_WOULD = {UndoOutcome.BACK: N_("Goes back"), UndoOutcome.REMOVED: N_("Goes away")}
_DID = {UndoOutcome.BACK: N_("Is back"), UndoOutcome.REMOVED: N_("Is gone")}
_STAYS = N_("Stays")
_REASON = {
    UndoOutcome.BACK: N_("The tenant is as it was before the import."),
    UndoOutcome.REMOVED: N_("The import had added the tenant."),
    UndoOutcome.CHANGED: N_("The old application or another program has changed the tenant since."),
    UndoOutcome.GONE: N_("The tenant is not there any more, or has another id."),
    UndoOutcome.NOTED: N_(
        "Staff have written a note about the tenant, or somebody looks after it."
    ),
    UndoOutcome.ASKED: N_("A customer asks for access with the ids of the tenant."),
    UndoOutcome.NOT_KEPT: N_("What the tenant was before was too large to be kept."),
}
_REASON_BEFORE = {
    **_REASON,
    UndoOutcome.BACK: N_("The tenant becomes what it was before the import."),
    UndoOutcome.REMOVED: N_("The import added the tenant, and nobody has done anything with it."),
}
_ACCESS = {
    AccessChange.LOST: (N_("Loses access now"), "negative"),
    AccessChange.GAINED: (N_("Gets access now"), "positive"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoRow:
    """One row that the import wrote: ready strings. `badges`: (label, tone)."""

    number: str
    name: str
    url: str
    badges: Sequence[tuple[str, str]]
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UndoLink:
    """The link from the page of an import to undoing it."""

    url: str
    label: str


def undo_link(job: ImportJob) -> UndoLink | None:
    """`None` if the import can be undone neither now nor later."""
    url = url_for("imports.undo", import_id=job.id)
    if job.undo is None:
        return None if undo_refusal(job) else UndoLink(url=url, label=_("Undo…"))
    if job.undo.is_over:
        label = _("What became of its rows")
        return UndoLink(url=url, label=label) if job.rows_kept else None
    return UndoLink(url=url, label=_("Continue to undo"))


def undo_row(row: FormerState, *, was_done: bool) -> UndoRow:
    """`was_done`: whether the row says what became of it, and not what would."""
    names: Mapping[UndoOutcome, str] = _DID if was_done else _WOULD
    outcome = row.outcome or UndoOutcome.CHANGED
    tone = "information" if outcome in names else "warning"
    badges = [(_(names.get(outcome, _STAYS)), tone)]
    if row.access:
        label, access_tone = _ACCESS[row.access]
        badges.append((_(label), access_tone))
    is_there = outcome is not UndoOutcome.GONE and not (was_done and outcome is UndoOutcome.REMOVED)
    return UndoRow(
        number=format_number(row.number),
        name=printable_excerpt(row.tenant_id),
        url=url_for("staff.tenant", tenant_id=row.tenant_id) if is_there else "",
        badges=badges,
        reason=_reason(row, outcome, was_done=was_done),
    )


def _reason(row: FormerState, outcome: UndoOutcome, *, was_done: bool) -> str:
    text = _((_REASON if was_done else _REASON_BEFORE)[outcome])
    if not row.by or row.at is None:
        return text
    who = printable_excerpt(labels.actor_label(row.by))
    at = dates.moment(row.at, settings().time_zone)
    if outcome is UndoOutcome.CHANGED:
        return _("%(who)s changed the tenant on %(at)s.", who=who, at=at)
    latest = _("The latest change is by %(who)s, on %(at)s.", who=who, at=at)
    return f"{text} {latest}"


def refusal_sentence(job: ImportJob) -> str:
    refusal = undo_refusal(job)
    return translate_message(refusal) if refusal else ""


def tally_sentences(tally: UndoTally) -> list[str]:
    """What undoing all rows would do, and whose answers it changes."""
    numbers = {
        "back": format_number(tally.counts[UndoOutcome.BACK]),
        "removed": format_number(tally.counts[UndoOutcome.REMOVED]),
        "stays": format_number(tally.stays),
    }
    return [
        _(
            "Rows that go back to what they were: %(back)s; that go away, since they were new:"
            " %(removed)s; that stay: %(stays)s.",
            **numbers,
        ),
        diff_sentence(tally.answers, PAGE_WORDS),
    ]


def too_many_sentence(written: int, looked_at: int) -> str:
    """Before the sentences about the rows that were looked at."""
    return _(
        "This import wrote %(n)s rows. Only the first %(looked)s of them are counted here; the"
        " command undo-import with --dry-run counts all of them.",
        n=format_number(written), looked=format_number(looked_at),
    )  # fmt: skip


def progress_sentence(undo: UndoProgress | None, written: int) -> str:
    done = undo.processed if undo else 0
    return _(
        "%(done)s of %(all)s rows are undone.", done=format_number(done), all=format_number(written)
    )


def ended_sentence(undo: UndoProgress, written: int) -> str:
    """Who undid the import, when, and how many rows stayed."""
    at = dates.moment(undo.moved_at or undo.at, settings().time_zone)
    if undo.ended_by:
        return _(
            "%(who)s began to undo this import. %(done)s of %(all)s rows were undone; then what was"
            " there before was removed, since its retention time had ended.",
            who=undo.by, done=format_number(undo.processed), all=format_number(written),
        )  # fmt: skip
    return _(
        "%(who)s undid this import on %(at)s. Rows that went back: %(undone)s; that stayed:"
        " %(stayed)s.",
        who=undo.by, at=at, undone=format_number(undo.undone),
        stayed=format_number(undo.processed - undo.undone),
    )  # fmt: skip


def undo_announcement(undo: UndoProgress | None, written: int, previous: int | None) -> str:
    """What is announced to screen readers after a step: the beginning, then each quarter."""
    done = undo.processed if undo else 0
    if previous is not None and (done >= written or 4 * previous // written == 4 * done // written):
        return ""
    return progress_sentence(undo, written)
