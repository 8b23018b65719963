"""The form for a validity: two days or a term, and the question before access is taken away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from flask import request

from portal.contact_readers import Problem, ProblemError
from portal.tenants import (
    RENEWAL_TERMS,
    ShorterWindowError,
    Tenant,
    Term,
    Validity,
    ValidityChange,
    can_be_renewed,
    renewed,
)
from portal.timestamps import format_timestamp, parse_timestamp
from portal.web.forms import TextField, form_messages, read_day
from portal.web.http import now, settings
from portal.web.i18n import N_, _, dates, locale_name
from portal.web.staff.tenant.verb_form import VerbForm


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Asked before access is taken away. `agreed` is the hidden field that says yes."""

    sentences: Sequence[str]
    button: str
    agreed: str


#: How long a licence lasts, or is prolonged.
TERM = {
    Term.DAYS_30: N_("30 days"),
    Term.YEAR: N_("One year"),
    Term.TWO_YEARS: N_("Two years"),
    Term.END_OF_YEAR: N_("Through 31 December"),
}


def _read_term(text: str) -> Term | None:
    if not text:
        return None
    try:
        return Term(text)
    except ValueError as error:
        raise ProblemError(Problem.CHOICE) from error


def _read_optional_day(text: str) -> date | None:
    return read_day(text) if text.strip() else None


def term_field(hint: str) -> TextField:
    return TextField(
        N_("Term"),
        _read_term,
        form_messages.term,
        type="select",
        required=False,
        hint=hint,
        choices=[
            ("", N_("No term: use the two days")),
            *((term.value, TERM[term]) for term in Term),
        ],
    )


def _read_renewal_term(text: str) -> Term:
    term = _read_term(text)
    if term not in RENEWAL_TERMS:
        raise ProblemError(Problem.CHOICE)
    return term


class RenewForm(VerbForm):
    """One year more, or two; each choice says which day that is."""

    term = TextField(
        N_("Renew by"),
        _read_renewal_term,
        form_messages.term,
        type="radios",
        choices=[(term.value, TERM[term]) for term in RENEWAL_TERMS],
    )

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        del tenant
        return {"term": RENEWAL_TERMS[0].value}

    @staticmethod
    def option_labels(tenant: Tenant) -> Mapping[str, str]:
        if not can_be_renewed(tenant.validity):
            return {}
        zone = settings().time_zone
        today, language = dates.today(now(), zone), locale_name()
        return {
            term.value: _renewal_choice(term, tenant.validity, zone, today, language)
            for term in RENEWAL_TERMS
        }

    def arguments(self) -> Mapping[str, object]:
        return {"term": self.term.value, "zone": settings().time_zone}


@lru_cache(1024)
def _renewal_choice(
    term: Term, present: Validity, zone: ZoneInfo, today: date, language: str
) -> str:
    """`One year: 5 December 2026 → 5 December 2027`, for a validity that has an end.

    Args:
        today, language: Those of the request.
    """
    del language
    # Which day it is decides; the time of day does not.
    new = renewed(present, term, zone, datetime.combine(today, time(12), zone))
    return _(
        "%(term)s: %(old)s → %(new)s",
        term=_(TERM[term]),
        old=end_day(present),
        new=end_day(new),
    )


def end_day(validity: Validity) -> str:
    """`5 December 2027`, or the exact instant of an imported end; empty without an end."""
    zone, end = settings().time_zone, validity.valid_to
    if end is None:
        return ""
    if dates.ends_with_a_day(end, zone):
        return dates.long_day(end.astimezone(zone).date())
    return dates.moment(end, zone)


class ValidityForm(VerbForm):
    """The days and the term of a tenant that has its licence already."""

    valid_from = TextField(N_("Valid from"), _read_optional_day, form_messages.date, type="date")
    valid_to = TextField(N_("Valid through"), _read_optional_day, form_messages.date, type="date")
    term = term_field(
        N_("Prolongs the licence: counts from its end, or from today if that has passed.")
    )

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        valid = bool(super().validate(*args, **kwargs))
        for field, is_needed in (
            (self.valid_from, self._needs("valid_from")),
            (self.valid_to, self._needs("valid_to") and not self.term.value),
        ):
            if is_needed and not field.errors and field.value is None:
                field.errors = [form_messages.date(Problem.DATE)]
                valid = False
        first, last = self.valid_from.value, self.valid_to.value
        if valid and first and last and not self.term.value and last < first:
            self.valid_to.errors = [_("The end must not be before the start.")]
            return False
        return valid

    def _needs(self, name: str) -> bool:
        """Whether the day must be there. An old licence may have no start or no end: it stays so
        until somebody enters one."""
        present = self.tenant.validity if self.tenant else Validity()
        return not (present.open_ended and getattr(present, name) is None)

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        zone, validity = settings().time_zone, tenant.validity
        first, last = dates.days_of(validity.valid_from, validity.valid_to, zone)
        return {"valid_from": first, "valid_to": last}

    def arguments(self) -> Mapping[str, object]:
        return {"validity": self.to_change(), "may_shorten": agreed_window()}

    def to_change(self) -> ValidityChange:
        return ValidityChange(
            zone=settings().time_zone,
            first=self.valid_from.value,
            last=self.valid_to.value,
            term=self.term.value,
            suggested_last=suggested_last(),
        )


#: A hidden field: the last day that the form was shown with.
SUGGESTED_LAST = "suggested_to"
#: A hidden field: the validity that the person was asked about, and sent again.
AGREED = "agreed"


def suggested_last() -> date | None:
    try:
        return _read_optional_day(request.form.get(SUGGESTED_LAST, ""))
    except ProblemError:
        return None


def agreed_window() -> Validity | Literal[False]:
    """The validity that takes access away, to which the person has agreed; `False` if none."""
    first, slash, last = request.form.get(AGREED, "").partition("/")
    if not slash:
        return False
    return Validity(valid_from=parse_timestamp(first), valid_to=parse_timestamp(last))


def agreement(window: Validity) -> str:
    """The text of the hidden field for this validity."""
    ends = (window.valid_from, window.valid_to)
    return "/".join(format_timestamp(end) if end else "" for end in ends)


def question_before(shorter: ShorterWindowError) -> Question:
    """Asks before access is taken away."""
    old, new = shorter.old, shorter.new
    if new.valid_to is not None and new.valid_to < now():
        first, button = _("This ends access at once."), _("End access")
    else:
        first, button = _("This takes days of access away."), _("Shorten the validity")
    return Question(
        sentences=[first, *validity_changes(old, new)], button=button, agreed=agreement(new)
    )


def validity_changes(old: Validity, new: Validity) -> list[str]:
    """`Valid through: 7 Dec 2026, 24:00 UTC → 1 May 2027, 24:00 UTC`, for each end that differs."""
    zone = settings().time_zone
    ends = (
        (_("Valid from"), old.valid_from, new.valid_from),
        (_("Valid through"), old.valid_to, new.valid_to),
    )
    return [
        f"{label}: {dates.edge(before, zone) or '–'} → {dates.edge(after, zone) or '–'}"
        for label, before, after in ends
        if before != after
    ]


def validity_text(validity: Validity) -> str:
    """`valid through 7 Dec 2026, 24:00 UTC`."""
    end = dates.edge(validity.valid_to, settings().time_zone)
    return _("valid through %(end)s", end=end) if end else _("without an end")
